import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { CutVolume } from '../../../src/domain/cutVolume.js';
import { voxelToWorld } from '../../../src/domain/geometry.js';
import type { WorldPoint } from '../../../src/domain/geometry.js';
import { computeQuantities, liesOnSlice } from '../../../src/domain/measure.js';
import type { MeasuredSlice } from '../../../src/domain/measure.js';
import type { MeasurementKind, Quantity } from '../../../src/domain/measurement.js';
import { computeSlicePlane, imageToVoxel } from '../../../src/domain/plane.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import { axes, geometries } from '../viewer/viewerFixtures.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

type Corner = readonly [column: number, row: number];

function sliceOf(cut: CutVolume, sliceIndex: number): MeasuredSlice {
  const { width, height } = cut.plane;
  const values = Float32Array.from(
    { length: width * height },
    (_, at) => ((at * 7919) % 1009) - 500,
  );
  return { cut, sliceIndex, isSpacingKnown: true, values, valueUnit: 'HU' };
}

const cutOf = (geometry: CutVolume['geometry'], axis: SliceAxis): CutVolume => {
  const plane = computeSlicePlane(geometry, axis);
  return { geometry, plane, sliceCount: plane.sliceCount };
};

const place = ({ cut, sliceIndex }: MeasuredSlice, corners: readonly Corner[]): WorldPoint[] =>
  corners.map(([column, row]) =>
    voxelToWorld(cut.geometry, imageToVoxel(cut.plane, sliceIndex, { column, row })),
  );

const told = (quantities: readonly Quantity[]): Record<string, number> =>
  Object.fromEntries(quantities.map(({ name, value }) => [name, value]));

const axial = sliceOf(cutOf(axialGrid([40, 30, 5], { spacingMm: [0.5, 2, 3] }), 'acquired'), 2);

describe('what a measurement tells', () => {
  it.each<[MeasurementKind, readonly Corner[], Record<string, number>]>([
    [
      'length',
      [
        [2, 3],
        [8, 7],
      ],
      { length: Math.hypot(3, 8) },
    ], // 6 columns of 0.5 mm, 4 rows of 2 mm
    [
      'angle',
      [
        [10, 3],
        [2, 3],
        [2, 9],
      ],
      { angle: 90 },
    ],
    [
      'angle',
      [
        [6, 3],
        [2, 3],
        [6, 4],
      ],
      { angle: 45 },
    ], // 2 mm across, 2 mm down
    [
      'bidirectional',
      [
        [5, 1],
        [9, 1],
        [2, 3],
        [2, 9],
      ],
      { 'long-axis': 12, 'short-axis': 2 },
    ],
    [
      'arrow',
      [
        [2, 3],
        [8, 7],
      ],
      {},
    ],
  ])('%s of known mm, in pixels that are not square', (kind, corners, expected) => {
    const quantities = computeQuantities(kind, place(axial, corners), axial);
    expect(Object.keys(told(quantities))).toEqual(Object.keys(expected));
    for (const { name, value } of quantities) expect(value).toBeCloseTo(expected[name] ?? NaN, 9);
    expect(quantities.every(({ unit }) => unit === (kind === 'angle' ? 'deg' : 'mm'))).toBe(true);
  });

  it('tells lengths in pixels where the images do not say how large those are', () => {
    const points = place(axial, [
      [2, 3],
      [5, 7],
    ]);
    const [length] = computeQuantities('length', points, { ...axial, isSpacingKnown: false });
    expect(length).toMatchObject({ unit: 'px', value: expect.closeTo(5, 9) as number });
  });

  it('tells of a shape what a plain look at each pixel tells, in any grid and plane', () => {
    const unit = fc.double({ min: 0.05, max: 0.95, noNaN: true });
    fc.assert(
      fc.property(
        geometries,
        axes,
        fc.constantFrom('ellipse' as const, 'rectangle' as const),
        fc.tuple(unit, unit, unit, unit),
        (geometry, axis, kind, [a, b, c, d]) => {
          const cut = cutOf(geometry, axis);
          const slice = sliceOf(cut, cut.plane.sliceCount - 1);
          const { width, height, pixelSpacingMm } = cut.plane;
          const [left, right] = [Math.min(a, b) * (width - 1), Math.max(a, b) * (width - 1)];
          const [top, bottom] = [Math.min(c, d) * (height - 1), Math.max(c, d) * (height - 1)];
          fc.pre(right - left > 0.5 && bottom - top > 0.5);
          const middle: Corner = [(left + right) / 2, (top + bottom) / 2];
          const corners: readonly Corner[] =
            kind === 'rectangle'
              ? [[left, top], [right, top], [right, bottom], [left, bottom]] // prettier-ignore
              : [[middle[0], bottom], [middle[0], top], [left, middle[1]], [right, middle[1]]]; // prettier-ignore
          const inside: number[] = [];
          for (let row = 0; row < height; row++)
            for (let column = 0; column < width; column++) {
              const x = (2 * (column - middle[0])) / (right - left);
              const y = (2 * (row - middle[1])) / (bottom - top);
              const r = kind === 'ellipse' ? x * x + y * y : Math.max(Math.abs(x), Math.abs(y));
              if (Math.abs(r - 1) < 1e-6) fc.pre(false); // on the rim to the last digit
              if (r < 1) inside.push(slice.values?.[row * width + column] ?? NaN);
            }
          fc.pre(inside.length > 0);
          const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
          const deviation = Math.sqrt(
            inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length,
          );
          const got = told(computeQuantities(kind, place(slice, corners), slice));
          expect(got['mean']).toBeCloseTo(mean, 6);
          expect(got['deviation']).toBeCloseTo(deviation, 6);
          expect(got['minimum']).toBe(Math.min(...inside));
          expect(got['maximum']).toBe(Math.max(...inside));
          const box = (right - left) * (bottom - top) * pixelSpacingMm[0] * pixelSpacingMm[1];
          expect(
            (got['area'] ?? NaN) / (kind === 'ellipse' ? (box * Math.PI) / 4 : box),
          ).toBeCloseTo(1, 6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('tells the true area on slices that are sheared against each other', () => {
    // Rows along y, slices along (0, sin, cos): a cut across the slices shows a parallelogram as a rectangle.
    const tilt = Math.PI / 6;
    const geometry = {
      ...axialGrid([20, 20, 20]),
      direction: [[1, 0, 0], [0, 1, 0], [0, Math.sin(tilt), Math.cos(tilt)]], // prettier-ignore
    } as unknown as CutVolume['geometry'];
    const slice = sliceOf(cutOf(geometry, 'sagittal'), 3);
    const corners: readonly Corner[] = [[2, 2], [12, 2], [12, 12], [2, 12]]; // prettier-ignore
    const got = told(computeQuantities('rectangle', place(slice, corners), slice));
    expect(got['area']).toBeCloseTo(100 * Math.cos(tilt), 9);
  });

  it('tells nothing of a shape that reaches beyond the image, and only the area on colour', () => {
    const box: readonly Corner[] = [[2, 3], [8, 3], [8, 7], [2, 7]]; // prettier-ignore
    const beyond: readonly Corner[] = [[-1, 3], [8, 3], [8, 7], [-1, 7]]; // prettier-ignore
    expect(computeQuantities('rectangle', place(axial, beyond), axial)).toEqual([]);
    expect(computeQuantities('rectangle', place(axial, box), { ...axial, values: null })).toEqual([
      { name: 'area', value: expect.closeTo(24, 9) as number, unit: 'mm2' },
    ]);
  });

  it('knows points that do not lie on the slice they are said to lie on', () => {
    const points = place(axial, [
      [2, 3],
      [8, 7],
    ]);
    expect(liesOnSlice(axial.cut, 2, points)).toBe(true);
    expect(liesOnSlice(axial.cut, 3, points)).toBe(false);
  });
});
