import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { volumeMethods, volumeReportSchema } from '../../../src/contract/volumeReport.js';
import { makeBall } from '../../fixtures/makeBall.js';
import { makeDataDir } from '../engine/helpers.js';
import { runCli } from './runCli.js';

const side = 48;
const radius = 13;
const work = makeDataDir();
const dataset = path.join(work, 'balls');
const targets = path.join(work, 'targets.json');

beforeAll(() => {
  const { image, labels } = makeBall(side, radius);
  for (const [folder, file] of [
    ['images', image],
    ['labels', labels],
  ] as const) {
    mkdirSync(path.join(dataset, folder), { recursive: true });
    writeFileSync(path.join(dataset, folder, 'ball.nii'), file);
    writeFileSync(path.join(dataset, folder, 'cut.nii'), image);
  }
  writeFileSync(path.join(dataset, 'labels', 'cut.nii'), makeBall(side / 2, 5).labels);
  writeFileSync(
    path.join(dataset, 'split.json'),
    JSON.stringify({ test: ['ball.nii'], unequal: ['cut.nii'] }),
  );
  writeFileSync(
    targets,
    JSON.stringify({
      schemaVersion: 1,
      dataset: 'balls',
      modality: 'MR',
      targets: [
        {
          ...{ id: 'ball', name: 'ball', labels: [1], requests: ['Segment the ball.'] },
          ...{ axis: 'coronal', slices: { rule: 'largest-area' }, instances: 'merged' },
          ...{ minPixels: 20, window: { centre: 550, width: 900 } },
        },
      ],
    }),
  );
});
afterAll(() => {
  rmSync(work, { recursive: true, force: true });
});

const evaluate = (out: string, ...more: string[]) =>
  runCli([
    ...['eval-volumes', dataset, '--targets', targets, '--out', out],
    ...['--data-dir', path.join(work, 'data'), '--json', ...more],
  ]);

describe('ibis eval-volumes', () => {
  it('completes each volume by every method and reports quality, clicks and doubts', async () => {
    const out = path.join(work, 'new', 'report.json');
    const { code, lines } = await evaluate(out);
    expect(code).toBe(0);
    expect(lines.at(-1)).toEqual({ file: out, rows: volumeMethods.length });
    const report = volumeReportSchema.parse(JSON.parse(readFileSync(out, 'utf8')));
    expect(report.rows.map(({ method }) => method)).toEqual(volumeMethods.map(({ id }) => id));
    for (const row of report.rows) {
      const { keySlices, clicksEach, kind } = volumeMethods.find(({ id }) => id === row.method) ?? {
        ...{ keySlices: 0, clicksEach: 0, kind: 'none' },
      };
      expect(row.clicks, row.method).toBeGreaterThan(0);
      if (kind !== 'repair')
        expect(row.clicks, row.method).toBeLessThanOrEqual(keySlices * clicksEach);
      expect(row.flaggedBad, row.method).toBeLessThanOrEqual(Math.min(row.flagged, row.bad));
      expect(row.slices > 0, row.method).toBe(!kind.startsWith('interpolate'));
      expect(row.course === undefined, row.method).toBe(kind !== 'repair');
      expect(row.dice, row.method).toBeLessThanOrEqual(1);
    }
    const dice = (method: string): number =>
      report.rows.find((row) => row.method === method)?.dice ?? 0;
    expect(dice('propagate-3x3')).toBeGreaterThan(0.8); // a ball is easy
    expect(dice('interpolate-5x3-at-ends')).toBeGreaterThan(0.7);
  });

  it('writes the signs of every slice, with what the truth says of it, when limits are to be chosen', async () => {
    const out = path.join(work, 'signs.json');
    const { code } = await evaluate(out, '--signs');
    expect(code).toBe(0);
    const [record, ...others] = JSON.parse(readFileSync(out, 'utf8')) as {
      fileName: string;
      slices: { steps: number; dice: number; shared: number; pixels: number }[];
    }[];
    expect(others).toEqual([]);
    expect(record?.fileName).toBe('ball.nii');
    expect(record?.slices.length).toBeGreaterThan(2 * radius); // no limit ends these walks, they leave the ball
    for (const { shared, pixels } of record?.slices ?? [])
      expect(shared).toBeLessThanOrEqual(pixels);
  });

  it('ends with 3 and a sentence where image and labels differ in size', async () => {
    const { code, stderr } = await evaluate(path.join(work, 'x.json'), '--split', 'unequal');
    expect(code).toBe(3);
    expect(stderr).toContain('"cut.nii" and its labels differ in size.');
  });
});
