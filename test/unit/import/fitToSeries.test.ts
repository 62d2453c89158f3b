import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { add, cross, normalise, scale, voxelToWorld } from '../../../src/domain/geometry.js';
import type { Vec3, VolumeGeometry } from '../../../src/domain/geometry.js';
import { forEachPixel } from '../../../src/domain/packedBits.js';
import { fitToSeries } from '../../../src/engine/import/fitToSeries.js';
import { layOnGrid } from '../../../src/engine/import/laySegments.js';
import { axialGrid } from '../../fixtures/axialGrid.js';
import { drawSlices } from '../../contract/segmentations/segmentationCase.js';

const column = normalise([0.9, 0.3, -0.2] as Vec3);
const row = normalise(cross([0.1, -0.4, 0.95], column));
const normal = cross(column, row);
const oblique: VolumeGeometry = {
  dimensions: [7, 5, 4],
  spacingMm: [0.625, 1.5, 4.4],
  origin: [12.3456789, -98.7654321, 0.123456789],
  direction: [column, row, normal],
  orientationKnown: true,
};
const sheared: VolumeGeometry = {
  ...oblique,
  direction: [column, row, normalise(add(normal, scale(row, 0.3)))],
};

/** The same grid, its axes in another order, each perhaps turned round, and cut to a part. */
function rearrange(
  grid: VolumeGeometry,
  order: readonly (0 | 1 | 2)[],
  flips: readonly boolean[],
  from: Vec3,
  to: Vec3,
): VolumeGeometry {
  const corner = ([0, 1, 2] as const).map((axis) => (flips[axis] === true ? to[axis] : from[axis]));
  const [i = 0, j = 0, k = 0] = corner;
  const { x, y, z } = voxelToWorld(grid, { i, j, k });
  const [a = 0, b = 1, c = 2] = order;
  const directionOf = (axis: 0 | 1 | 2): Vec3 =>
    scale(grid.direction[axis], flips[axis] === true ? -1 : 1);
  return {
    ...grid,
    dimensions: [to[a] - from[a] + 1, to[b] - from[b] + 1, to[c] - from[c] + 1],
    spacingMm: [grid.spacingMm[a], grid.spacingMm[b], grid.spacingMm[c]],
    origin: [x, y, z],
    direction: [directionOf(a), directionOf(b), directionOf(c)],
  };
}

const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

describe('laying a file on a series by its geometry', () => {
  it.each([
    ['oblique', oblique],
    ['sheared', sheared],
  ])('finds each voxel again in a grid with swapped, turned and cut axes: %s', (_, series) => {
    const range = (size: number) =>
      fc
        .tuple(fc.nat(size - 1), fc.nat(size - 1))
        .map(([p, q]) => [Math.min(p, q), Math.max(p, q)]);
    const [di, dj, dk] = series.dimensions;
    fc.assert(
      fc.property(
        fc.constantFrom(...orders),
        fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
        fc.tuple(range(di), range(dj), range(dk)),
        (order, flips, [[i0 = 0, i1 = 0], [j0 = 0, j1 = 0], [k0 = 0, k1 = 0]]) => {
          const file = rearrange(series, order, flips, [i0, j0, k0], [i1, j1, k1]);
          const fit = fitToSeries(file, series);
          if (!fit.ok) throw new Error(fit.error.message);
          const all = drawSlices(file.dimensions, () => true);
          const laid = layOnGrid(all, fit.value, series.dimensions);
          if (!laid.ok) throw new Error(laid.error.message);
          const found: string[] = [];
          for (const [k, mask] of laid.value)
            forEachPixel(mask, (i, j) => found.push([i, j, k].join()));
          const expected: string[] = [];
          for (let k = k0; k <= k1; k++)
            for (let j = j0; j <= j1; j++)
              for (let i = i0; i <= i1; i++) expected.push([i, j, k].join());
          expect(found.sort()).toEqual(expected.sort());
        },
      ),
    );
  });

  it('knows the very same grid', () => {
    const fit = fitToSeries(oblique, oblique);
    expect(fit.ok && fit.value.isSame).toBe(true);
  });

  it('takes a file whose voxels lie outside the series, but refuses to lay them', () => {
    const beyond = { ...oblique, dimensions: [7, 5, 6] as Vec3 };
    const fit = fitToSeries(beyond, oblique);
    if (!fit.ok) throw new Error(fit.error.message);
    const inside = drawSlices(beyond.dimensions, (_i, _j, k) => k < 4);
    expect(layOnGrid(inside, fit.value, oblique.dimensions).ok).toBe(true);
    const outside = layOnGrid(
      drawSlices(beyond.dimensions, (_i, _j, k) => k === 4),
      fit.value,
      oblique.dimensions,
    );
    expect(outside.ok ? '' : outside.error.message).toContain('outside the images');
  });

  const refusals: readonly (readonly [string, Partial<VolumeGeometry>, string])[] = [
    ['larger voxels', { spacingMm: [0.7, 1.5, 4.4] }, 'voxels of another size'],
    ['every second slice', { spacingMm: [0.625, 1.5, 8.8] }, 'voxels of another size'],
    ['half a voxel off', { origin: add(oblique.origin, scale(column, 0.3)) }, 'between the voxels'],
    ['another tilt', { direction: sheared.direction }, 'turned against'],
    ['axial instead of oblique', { direction: axialGrid([1, 1, 1]).direction }, 'turned against'],
    ['no known sides', { orientationKnown: false }, 'left and right could be mixed up'],
    ['a position that is no number', { origin: [NaN, 0, 0] }, 'does not say where it lies'],
  ];
  it.each(refusals)(
    'refuses what would have to be resampled or guessed, with the reason: %s',
    (_, facts, reason) => {
      const fit = fitToSeries({ ...oblique, ...facts }, oblique);
      expect(fit.ok).toBe(false);
      if (!fit.ok) {
        expect(fit.error.code).toBe('does-not-fit');
        expect(fit.error.message).toContain(reason);
      }
    },
  );

  it('lays nothing but its own grid on a series whose sides are unknown', () => {
    const series = axialGrid([4, 4, 4], { orientationKnown: false });
    expect(fitToSeries(axialGrid([4, 4, 4]), series).ok).toBe(true);
    expect(fitToSeries(axialGrid([4, 4, 3]), series).ok).toBe(false);
  });
});
