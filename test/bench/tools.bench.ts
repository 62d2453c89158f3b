import { test } from '@playwright/test';

import { segmentToolSchema } from '../../src/contract/segmentTools.js';
import type { Vec3, VolumeGeometry } from '../../src/domain/geometry.js';
import { packBlock } from '../../src/domain/segmentSlices.js';
import type { SegmentSlices } from '../../src/domain/segmentation.js';
import { createToolRunner } from '../../src/engine/tools/toolRunner.js';
import { axialGrid } from '../fixtures/axialGrid.js';
import { record } from './support/results.js';

const CT: VolumeGeometry = axialGrid([512, 512, 300], { spacingMm: [0.8, 0.8, 1.5] });

/** A wobbly ellipsoid with holes and crumbs; half axes in mm. */
function drawOrgan(halfMm: Vec3, seed: number): SegmentSlices {
  const [half0, half1, half2] = halfMm.map((mm, axis) =>
    Math.ceil((1.25 * mm) / (CT.spacingMm[axis] ?? 1)),
  );
  const half: Vec3 = [half0 ?? 1, half1 ?? 1, half2 ?? 1];
  const dimensions: Vec3 = [2 * half[0] + 1, 2 * half[1] + 1, 2 * half[2] + 1];
  const data = new Uint8Array(dimensions[0] * dimensions[1] * dimensions[2]);
  let state = seed;
  for (let k = -half[2], at = 0; k <= half[2]; k++)
    for (let j = -half[1]; j <= half[1]; j++)
      for (let i = -half[0]; i <= half[0]; i++, at++) {
        const [x, y, z] = [
          (i * CT.spacingMm[0]) / halfMm[0],
          (j * CT.spacingMm[1]) / halfMm[1],
          (k * CT.spacingMm[2]) / halfMm[2],
        ];
        const wobble = 1 + 0.1 * Math.sin(4 * Math.atan2(y, x) + 3 * z);
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        const isCrumb = state % 1000 === 0;
        if (Math.hypot(x, y, z) < wobble !== isCrumb) data[at] = 1;
      }
  const offset: Vec3 = [256 - half[0], 256 - half[1], 150 - half[2]];
  return packBlock({ offset, dimensions, data }, CT.dimensions);
}

/** Every eighth slice of it. */
const thin = (slices: SegmentSlices): SegmentSlices =>
  new Map([...slices].filter(([k]) => k % 8 === 0));

/** Of this process with its worker, whatever else the machine does. */
const processorMs = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

test('editing tools on segments of a 512 x 512 x 300 CT, in their worker', async () => {
  test.setTimeout(600_000);
  const runner = createToolRunner();
  const kidney = drawOrgan([30, 28, 55], 1); // 190 mL
  const liver = drawOrgan([100, 75, 50], 2); // 1.6 L

  const measure = async (tool: unknown, slices: SegmentSlices): Promise<number> => {
    const before = process.cpuUsage();
    await runner.run({
      tool: segmentToolSchema.parse(tool),
      segmentNumber: 1,
      geometry: CT,
      segments: new Map([[1, slices]]),
      values: null,
    });
    return processorMs(before);
  };

  const margin = (mm: number) => ({ radiiMm: [mm, mm, mm] });
  const seed = { i: 256, j: 256, k: 150 };
  const whole = { kind: 'volume' };
  await measure({ kind: 'unite', other: 2 }, kidney); // the worker starts
  const tools: readonly (readonly [string, unknown, (slices: SegmentSlices) => SegmentSlices])[] = [
    ['grow by 5 mm', { kind: 'grow', ...margin(5) }, (s) => s],
    ['shrink by 5 mm', { kind: 'shrink', ...margin(5) }, (s) => s],
    ['close by 3 mm', { kind: 'close', radiusMm: 3 }, (s) => s],
    ['median of 3 mm', { kind: 'median', radiusMm: 3 }, (s) => s],
    ['hollow, 3 mm', { kind: 'hollow', thicknessMm: 3, side: 'inside' }, (s) => s],
    ['keep the largest island', { kind: 'keep-largest-island' }, (s) => s],
    ['fill cavities', { kind: 'fill-holes', axis: null }, (s) => s],
    ['fill holes of slices', { kind: 'fill-holes', axis: 'axial' }, (s) => s],
    ['smooth by 2 mm', { kind: 'smooth-jointly', segmentNumbers: [1], deviationMm: 2 }, (s) => s],
    ['interpolate 7 of 8 slices', { kind: 'interpolate-slices', axis: 'axial' }, thin],
  ];
  for (const [name, tool, prepare] of tools) {
    for (const [organ, slices] of [
      ['kidney', kidney],
      ['liver', liver],
    ] as const)
      record({
        name: `${name}, ${organ}, processor time`,
        value: await measure(tool, prepare(slices)),
        unit: 'ms',
        target: 1000,
      });
  }

  // Values of a whole CT: those of the body between two thresholds.
  const values = new Int16Array(512 * 512 * 300);
  for (let at = 0; at < values.length; at++) values[at] = ((at * 7919) % 400) - 100;
  values[(seed.k * 512 + seed.j) * 512 + seed.i] = 0; // where the region is grown from
  const withValues = async (tool: unknown): Promise<number> => {
    const data = values.slice();
    const before = process.cpuUsage();
    await runner.run({
      tool: segmentToolSchema.parse(tool),
      segmentNumber: 1,
      geometry: CT,
      segments: new Map(),
      values: { offset: [0, 0, 0], dimensions: CT.dimensions, data },
    });
    return processorMs(before);
  };
  const range = { lower: -50, upper: 300 };
  const threshold = { kind: 'threshold', range, region: whole, combination: 'replace' };
  const growing = {
    kind: 'grow-region',
    seed,
    criterion: { kind: 'range', range },
    region: whole,
    combination: 'replace',
  };
  record(
    { name: 'threshold, whole CT, processor time', value: await withValues(threshold), unit: 'ms' },
    {
      name: 'grow a region through noise, whole CT, processor time',
      value: await withValues(growing),
      unit: 'ms',
    },
  );
  await runner.close();
});
