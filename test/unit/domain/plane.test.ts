import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { cross, normalise, voxelToWorld, worldToVoxel } from '../../../src/domain/geometry.js';
import {
  computeSlicePlane,
  describeOrientation,
  imageToNormalised,
  imageToVoxel,
  imageToWorld,
  normalisedToImage,
  voxelToImage,
} from '../../../src/domain/plane.js';
import { extractSlice } from '../../../src/domain/slice.js';
import { computeMaskFrames } from '../../../src/engine/export/maskFrames.js';
import { loadParityCases, rowsOf, rowsSchema } from './parity.js';
import type { Vec3, VolumeGeometry } from '../../../src/domain/geometry.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import type { Volume } from '../../../src/domain/study.js';

const finite = (min: number, max: number): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true });
const size = fc.integer({ min: 1, max: 7 });

/** Any rotation (oblique), axis order, handedness (flipped) and spacing (anisotropic). */
const geometries: fc.Arbitrary<VolumeGeometry> = fc
  .record({
    dimensions: fc.tuple(size, size, size),
    spacingMm: fc.tuple(finite(0.2, 9), finite(0.2, 9), finite(0.2, 9)),
    origin: fc.tuple(finite(-500, 500), finite(-500, 500), finite(-500, 500)),
    a: fc.tuple(finite(-1, 1), finite(-1, 1), finite(-1, 1)),
    b: fc.tuple(finite(-1, 1), finite(-1, 1), finite(-1, 1)),
    isMirrored: fc.boolean(),
  })
  .filter(({ a, b }) => {
    const [x, y, z] = cross(a, b);
    return Math.hypot(...a) > 0.1 && Math.hypot(x, y, z) > 0.05;
  })
  .map(({ a, b, isMirrored, ...rest }) => {
    const i = normalise(a);
    const k = normalise(cross(a, b));
    const j = cross(k, i);
    const mirror = isMirrored ? -1 : 1;
    return {
      ...rest,
      direction: [i, j, [k[0] * mirror, k[1] * mirror, k[2] * mirror]] as const,
      orientationKnown: true,
    };
  });
const axes = fc.constantFrom<SliceAxis>('acquired', 'axial', 'coronal', 'sagittal');

describe('geometry on oblique, flipped and anisotropic grids', () => {
  it('comes back to the same voxel through the patient space', () => {
    fc.assert(
      fc.property(geometries, finite(-9, 9), finite(-9, 9), finite(-9, 9), (geometry, i, j, k) => {
        const back = worldToVoxel(geometry, voxelToWorld(geometry, { i, j, k }));
        expect(back.i).toBeCloseTo(i, 6);
        expect(back.j).toBeCloseTo(j, 6);
        expect(back.k).toBeCloseTo(k, 6);
      }),
    );
  });

  it('comes back to the same slice pixel through voxels, and through the patient space', () => {
    fc.assert(
      fc.property(geometries, axes, fc.nat(), fc.nat(), fc.nat(), (geometry, axis, s, c, r) => {
        const plane = computeSlicePlane(geometry, axis);
        const sliceIndex = s % plane.sliceCount;
        const point = { column: c % plane.width, row: r % plane.height };
        expect(voxelToImage(plane, imageToVoxel(plane, sliceIndex, point))).toEqual({
          sliceIndex,
          point,
        });
        const world = imageToWorld(geometry, plane, sliceIndex, point);
        const back = voxelToImage(plane, worldToVoxel(geometry, world));
        expect(back.sliceIndex).toBeCloseTo(sliceIndex, 6);
        expect(back.point.column).toBeCloseTo(point.column, 6);
        expect(back.point.row).toBeCloseTo(point.row, 6);
        expect(normalisedToImage(plane, imageToNormalised(plane, point))).toEqual(point);
      }),
    );
  });

  it('cuts along three different voxel axes, each voxel once', () => {
    fc.assert(
      fc.property(geometries, axes, (geometry, axis) => {
        const plane = computeSlicePlane(geometry, axis);
        expect(new Set([plane.columnAxis, plane.rowAxis, plane.normalAxis]).size).toBe(3);
        const [i, j, k] = geometry.dimensions;
        const data = Float64Array.from({ length: i * j * k }, (_, voxel) => voxel);
        const volume = makeVolume(geometry, data);
        const seen = Array.from({ length: plane.sliceCount }, (_, sliceIndex) => [
          ...extractSlice(volume, plane, sliceIndex).values,
        ]).flat();
        expect(seen.sort((a, b) => a - b)).toEqual([...data]);
      }),
    );
  });

  it("shows the patient's left on the image right, and anterior or superior on top", () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        const along = (axis: SliceAxis, dColumn: number, dRow: number): Vec3 => {
          const plane = computeSlicePlane(geometry, axis);
          const a = imageToWorld(geometry, plane, 0, { column: 0, row: 0 });
          const b = imageToWorld(geometry, plane, 0, { column: dColumn, row: dRow });
          return [b.x - a.x, b.y - a.y, b.z - a.z];
        };
        expect(along('axial', 1, 0)[0]).toBeGreaterThanOrEqual(0); // L grows to the right
        expect(along('coronal', 1, 0)[0]).toBeGreaterThanOrEqual(0);
        expect(along('axial', 0, 1)[1]).toBeGreaterThanOrEqual(0); // P grows downward
        expect(along('coronal', 0, 1)[2]).toBeLessThanOrEqual(0); // S grows upward
        expect(along('sagittal', 1, 0)[1]).toBeGreaterThanOrEqual(0); // P grows to the right
        expect(along('sagittal', 0, 1)[2]).toBeLessThanOrEqual(0);
      }),
    );
  });

  it('shows acquired slices as the anatomical plane that they are nearest to', () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        const acquired = computeSlicePlane(geometry, 'acquired');
        expect(acquired.normalAxis).toBe(2);
        expect(acquired.anatomicalPlane).not.toBe('unknown');
        if (acquired.anatomicalPlane === 'unknown') return;
        expect({ ...acquired, axis: acquired.anatomicalPlane }).toEqual(
          computeSlicePlane(geometry, acquired.anatomicalPlane),
        );
      }),
    );
  });

  it('says nothing about left and right where the orientation is unknown', () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        const plane = computeSlicePlane({ ...geometry, orientationKnown: false }, 'acquired');
        expect(describeOrientation(plane)).toBe('unknown');
        expect(plane).toMatchObject({
          columnAxis: 0,
          rowAxis: 1,
          flipColumns: false,
          flipRows: false,
        });
      }),
    );
  });

  it('puts an exported mask into the volume where its slice was taken from', () => {
    fc.assert(
      fc.property(geometries, axes, fc.nat(), fc.nat(), (geometry, axis, s, seed) => {
        const plane = computeSlicePlane(geometry, axis);
        const sliceIndex = s % plane.sliceCount;
        const mask = {
          width: plane.width,
          height: plane.height,
          data: Uint8Array.from(
            { length: plane.width * plane.height },
            (_, p) => ((p * 31 + seed) >> 1) & 1,
          ),
        };
        const [i, j, k] = geometry.dimensions;
        const voxels = new Uint8Array(i * j * k);
        for (const [at, frame] of computeMaskFrames({ geometry, plane, sliceIndex }, mask))
          voxels.set(frame, at * i * j);
        const back = extractSlice(makeVolume(geometry, voxels), plane, sliceIndex);
        expect([...back.values]).toEqual([...mask.data]);
        const sum = (values: Uint8Array): number => values.reduce((total, v) => total + v, 0);
        expect(sum(voxels)).toBe(sum(mask.data));
      }),
    );
  });

  it('refuses a slice outside the volume', () => {
    const geometry = gridOfAffine(identity, [2, 3, 4]);
    const volume = makeVolume(geometry, new Float64Array(24));
    const plane = computeSlicePlane(geometry, 'axial');
    expect(() => extractSlice(volume, plane, 4)).toThrow(RangeError);
    expect(() => extractSlice(volume, plane, -1)).toThrow(RangeError);
    expect(() => extractSlice(volume, plane, 0.5)).toThrow(RangeError);
  });
});

function makeVolume(geometry: VolumeGeometry, data: Volume['data']): Volume {
  return {
    geometry,
    samplesPerPixel: 1,
    data,
    photometric: 'MONOCHROME2',
    window: null,
    paddingRange: null,
  };
}

const identity = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];

/** NIfTI's RAS affine -> our LPS grid, written out here so that the test does not lean on the reader. */
function gridOfAffine(affine: readonly (readonly number[])[], dimensions: Vec3): VolumeGeometry {
  const at = (row: number, column: number): number => affine[row]?.[column] ?? NaN;
  const column = (c: number): Vec3 => [-at(0, c), -at(1, c), at(2, c)];
  const lengths: Vec3 = [
    Math.hypot(...column(0)),
    Math.hypot(...column(1)),
    Math.hypot(...column(2)),
  ];
  return {
    dimensions,
    spacingMm: lengths,
    origin: column(3),
    direction: [normalise(column(0)), normalise(column(1)), normalise(column(2))],
    orientationKnown: true,
  };
}

describe('canonical slices agree with Python', () => {
  const cases = loadParityCases(
    'orientation',
    z.object({
      volume: z.array(rowsSchema), // [i][j][k]
      affine: rowsSchema,
      axis: z.enum(['axial', 'coronal', 'sagittal']),
      sliceIndex: z.number(),
      slice: rowsSchema,
    }),
  );
  it.each(cases)('cuts the $axis slice of $affine alike', (parity) => {
    const [ni, nj, nk] = [
      parity.volume.length,
      parity.volume[0]?.length ?? 0,
      parity.volume[0]?.[0]?.length ?? 0,
    ];
    const data = new Float64Array(ni * nj * nk);
    parity.volume.forEach((plane, i) => {
      plane.forEach((line, j) => {
        line.forEach((value, k) => {
          data[i + ni * (j + nj * k)] = value;
        });
      });
    });
    const geometry = gridOfAffine(parity.affine, [ni, nj, nk]);
    const plane = computeSlicePlane(geometry, parity.axis);
    const slice = extractSlice(makeVolume(geometry, data), plane, parity.sliceIndex);
    expect(rowsOf(slice.values, slice.width)).toEqual(parity.slice);
  });
});
