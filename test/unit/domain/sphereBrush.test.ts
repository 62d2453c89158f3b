import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Vec3 } from '../../../src/domain/geometry.js';
import { limitToRange } from '../../../src/domain/rangeLimit.js';
import { countVoxels, unpackBox } from '../../../src/domain/segmentSlices.js';
import { paintSphereStroke } from '../../../src/domain/sphereBrush.js';

const voxel = (i: number, j: number, k: number) => ({ i, j, k });
const volume = { dimensions: [24, 20, 12] as const, spacingMm: [0.8, 1, 3] as const };
const data = (slices: ReturnType<typeof paintSphereStroke>) =>
  unpackBox(slices, [0, 0, 0], volume.dimensions).data;
const place = fc.record({
  i: fc.double({ min: -4, max: 28, noNaN: true }),
  j: fc.double({ min: -4, max: 24, noNaN: true }),
  k: fc.double({ min: -3, max: 15, noNaN: true }),
});

describe('The ball of the brush', () => {
  it('paints the voxels within its radius in mm', () => {
    const painted = data(paintSphereStroke(voxel(11, 9, 6), voxel(11, 9, 6), 4, volume));
    for (const at of painted.keys()) {
      const [i, j, k] = [at % 24, Math.floor(at / 24) % 20, Math.floor(at / 480)];
      const mm = Math.hypot((i - 11) * 0.8, j - 9, (k - 6) * 3);
      if (Math.abs(mm - 4) > 1e-6) expect(painted[at]).toBe(mm < 4 ? 1 : 0);
    }
  });

  it('paints on its way what it paints at every place of it', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(place, place, share, (from, to, t) => {
        const between = voxel(
          from.i + t * (to.i - from.i),
          from.j + t * (to.j - from.j),
          from.k + t * (to.k - from.k),
        );
        const stroke = data(paintSphereStroke(from, to, 3.1, volume));
        const dab = data(paintSphereStroke(between, between, 3.09, volume));
        expect(dab.every((value, at) => value <= (stroke[at] ?? 0))).toBe(true);
      }),
    );
  });

  it('paints one voxel at the least, and nothing outside the volume', () => {
    const dab = (i: number, j: number, k: number) =>
      paintSphereStroke(voxel(i, j, k), voxel(i, j, k), 0.1, volume);
    expect(countVoxels(dab(5, 5, 5))).toBe(1);
    expect([...dab(5, 5, 5).keys()]).toEqual([5]);
    expect(dab(-3, 5, 5).size).toBe(0);
    expect(dab(5, 5, 40).size).toBe(0);
  });
});

describe('Painting limited by a threshold', () => {
  it('paints only voxels whose values are in the range, both ends included', () => {
    const dimensions: Vec3 = [4, 3, 2];
    const values = Int16Array.from({ length: 24 }, (_, at) => at);
    const everything = paintSphereStroke(voxel(1, 1, 0), voxel(2, 1, 1), 9, {
      dimensions,
      spacingMm: [1, 1, 1],
    });
    expect(countVoxels(everything)).toBe(24);
    const limited = limitToRange(everything, { dimensions, data: values }, { lower: 5, upper: 9 });
    const painted = unpackBox(limited, [0, 0, 0], dimensions).data;
    expect([...painted.keys()].filter((at) => painted[at] === 1)).toEqual([5, 6, 7, 8, 9]);
    expect([...limited.keys()]).toEqual([0]);
  });
});
