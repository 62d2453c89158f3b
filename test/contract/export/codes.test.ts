import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { describeSegment } from '../../../src/engine/export/segmentCodes.js';
import { python } from './judges.js';

const exportFolder = path.resolve(import.meta.dirname, '../../../src/engine/export');
const targetsFolder = path.resolve(import.meta.dirname, '../../../resources/targets');

describe.skipIf(python === null)('codes in exported files', () => {
  it('are all in pydicom’s copy of PS3.16, with that very meaning', () => {
    const files = [
      ...readdirSync(exportFolder).map((name) => path.join(exportFolder, name)),
      path.resolve(import.meta.dirname, '../../../src/domain/anatomy.ts'),
    ];
    const written = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\b(sct|dcm)\('(\d+)', '([^']+)'\)/g)].map(
        ([, scheme = '', value = '', meaning = '']) => [scheme.toUpperCase(), value, meaning],
      ),
    );
    expect(written.length).toBeGreaterThan(20);
    const script = `
import json, sys
from pydicom.sr._concepts_dict import concepts
known = {}
for scheme in ("SCT", "DCM"):
    for entries in concepts[scheme].values():
        for code, entry in entries.items():
            known.setdefault((scheme, code), []).append(entry[0].lower())
print(json.dumps([known.get((s, v), []) for s, v, _ in json.loads(sys.argv[1])]))`;
    const meanings = z
      .array(z.array(z.string()))
      .parse(
        JSON.parse(
          execFileSync(python ?? '', ['-c', script, JSON.stringify(written)], { encoding: 'utf8' }),
        ),
      );
    written.forEach(([scheme, value, meaning], n) => {
      expect(meanings[n], `${String(scheme)} ${String(value)}`).toContain(meaning?.toLowerCase());
    });
  });
});

describe('targets that the bundled policy was trained for', () => {
  it('all have a code', () => {
    const fileSchema = z.object({
      targets: z.array(z.object({ name: z.string(), requests: z.array(z.string()) })),
    });
    const targets = readdirSync(targetsFolder).flatMap(
      (name) =>
        fileSchema.parse(JSON.parse(readFileSync(path.join(targetsFolder, name), 'utf8'))).targets,
    );
    expect(targets.length).toBeGreaterThan(5);
    for (const { name, requests } of targets)
      for (const request of requests)
        expect(describeSegment(request).label, `${name}: ${request}`).toBe(
          describeSegment(name).label,
        );
    for (const { name } of targets)
      expect(describeSegment(name).type.meaning, name).not.toBe('Tissue');
  });
});
