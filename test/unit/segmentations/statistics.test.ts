import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { voxelToWorld } from '../../../src/domain/geometry.js';
import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import { unpackBox } from '../../../src/domain/segmentSlices.js';
import type { SegmentSlices } from '../../../src/domain/segmentation.js';
import type { Volume } from '../../../src/domain/study.js';
import { computeSegmentStatistics } from '../../../src/engine/segmentations/statistics.js';
import { axialGrid } from '../../fixtures/axialGrid.js';
import { dimensions, voxelSets, voxelsAt } from './samples.js';

/** Anisotropic, and sheared as a tilted gantry's. */
const tilted = axialGrid(dimensions, {
  spacingMm: [0.7, 0.9, 5],
  direction: [
    [1, 0, 0],
    [0, 1, 0],
    [0, Math.sin(0.3), Math.cos(0.3)],
  ],
});
const volumeOf = (geometry: VolumeGeometry, data: Volume['data']): Volume => ({
  geometry,
  samplesPerPixel: 1,
  data,
  photometric: 'MONOCHROME2',
  window: null,
  paddingRange: null,
});
const measure = (slices: SegmentSlices, volume: Volume | null, isCalibrated = true) =>
  computeSegmentStatistics({
    segmentNumber: 4,
    slices,
    geometry: tilted,
    isCalibrated,
    volume,
    unit: 'HU',
  });

describe('the statistics of a segment', () => {
  it('are those of a plain count over its voxels', async () => {
    const values = fc.array(fc.integer({ min: -1024, max: 3071 }), {
      minLength: 90,
      maxLength: 90,
    });
    await fc.assert(
      fc.asyncProperty(voxelSets, values, async (slices, data) => {
        const inside = [...unpackBox(slices, [0, 0, 0], dimensions).data].flatMap((bit, at) =>
          bit === 1 ? [{ at, value: data[at] ?? 0 }] : [],
        );
        const found = await measure(slices, volumeOf(tilted, Int16Array.from(data)));
        expect(found.voxelCount).toBe(inside.length);
        expect(found.volumeMl).toBeCloseTo(
          (inside.length * 0.7 * 0.9 * 5 * Math.cos(0.3)) / 1000,
          9,
        );
        if (inside.length === 0) {
          expect(found).toMatchObject({ longestAxisMm: null, values: null });
          return;
        }
        const mean = inside.reduce((sum, { value }) => sum + value, 0) / inside.length;
        const variance =
          inside.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / inside.length;
        expect(found.values?.mean).toBeCloseTo(mean, 6);
        expect(found.values?.deviation).toBeCloseTo(Math.sqrt(variance), 6);
        expect(found.values?.minimum).toBe(Math.min(...inside.map(({ value }) => value)));
        expect(found.values?.maximum).toBe(Math.max(...inside.map(({ value }) => value)));
        const points = inside.map(({ at }) =>
          voxelToWorld(tilted, { i: at % 6, j: Math.floor(at / 6) % 5, k: Math.floor(at / 30) }),
        );
        const distances = points.flatMap((p) =>
          points.map((q) => Math.hypot(p.x - q.x, p.y - q.y, p.z - q.z)),
        );
        expect(found.longestAxisMm).toBeCloseTo(
          distances.reduce((most, mm) => Math.max(most, mm), 0),
          9,
        );
        const [second = NaN, third = NaN] = found.acrossAxesMm ?? [];
        expect(second).toBeLessThanOrEqual((found.longestAxisMm ?? NaN) + 1e-9);
        expect(third).toBeLessThanOrEqual(second + 1e-9);
      }),
    );
  });

  it('tell how far a segment reaches across its longest axis', async () => {
    // A rectangle of 5 x 3 voxels on one slice: 2.8 mm by 1.8 mm between centres.
    const rectangle = voxelsAt(0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16);
    const { longestAxisMm, acrossAxesMm } = await measure(rectangle, null);
    const diagonal = Math.hypot(2.8, 1.8);
    expect(longestAxisMm).toBeCloseTo(diagonal, 9);
    expect(acrossAxesMm?.[0]).toBeCloseTo((2 * 2.8 * 1.8) / diagonal, 9);
    expect(acrossAxesMm?.[1]).toBeCloseTo(0, 9);
    expect((await measure(voxelsAt(0, 1, 2), null)).acrossAxesMm).toEqual([0, 0]);
  });

  it('leave out what is no number in a file of floats', async () => {
    const data = new Float32Array(90).fill(NaN);
    data[3] = 10;
    const found = await measure(voxelsAt(2, 3), volumeOf(tilted, data));
    expect(found.voxelCount).toBe(2);
    expect(found.values).toEqual({ mean: 10, deviation: 0, minimum: 10, maximum: 10, unit: 'HU' });
    expect((await measure(voxelsAt(2), volumeOf(tilted, data))).values).toBeNull();
  });

  it('claim no millimetres where the images have none, and no values of colours', async () => {
    expect(await measure(voxelsAt(1, 2), null, false)).toEqual({
      segmentNumber: 4,
      voxelCount: 2,
      volumeMl: null,
      longestAxisMm: null,
      acrossAxesMm: null,
      values: null,
    });
  });
});
