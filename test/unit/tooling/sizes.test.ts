import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../../..');
const isRepository = existsSync(path.join(root, '.git'));

/** Bytes of the files that git tracks below a folder, as they lie in the working tree. */
function trackedBytes(folder: string): number {
  const names = execFileSync('git', ['ls-files', '-z', '--', folder], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  }).split('\0');
  return names
    .filter((name) => name !== '')
    .map((name) => statSync(path.join(root, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0);
}

describe.skipIf(!isRepository)('what the repository holds (needs git)', () => {
  it('has models of at most 35 MB together', () => {
    const bytes = trackedBytes('resources/models');
    expect(bytes).toBeGreaterThan(1e6);
    expect(bytes).toBeLessThanOrEqual(35e6);
  });

  it('is at most 45 MB in all', () => {
    expect(trackedBytes('.')).toBeLessThanOrEqual(45e6);
  });
});
