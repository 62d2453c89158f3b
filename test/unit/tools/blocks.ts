import fc from 'fast-check';

import type { Vec3 } from '../../../src/domain/geometry.js';
import type { VoxelBlock } from '../../../src/domain/segmentSlices.js';

/** Small volumes, some of a single slice or line, of every density. */
export const anyBlock = ({ maxSide = 6 } = {}): fc.Arbitrary<VoxelBlock> =>
  fc
    .tuple(
      fc.integer({ min: 1, max: maxSide }),
      fc.integer({ min: 1, max: maxSide }),
      fc.integer({ min: 1, max: maxSide }),
      fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    )
    .chain(([di, dj, dk, density]) =>
      fc
        .array(fc.double({ min: 0, max: 1, noNaN: true }), {
          minLength: di * dj * dk,
          maxLength: di * dj * dk,
        })
        .map((draws) => blockOf([di, dj, dk], (at) => (draws[at] ?? 1) < density)),
    );

/** Spacings of real series: fine in the slice and coarse across, equal, or any. */
export const anySpacing: fc.Arbitrary<Vec3> = fc.oneof(
  fc.constantFrom<Vec3>([1, 1, 1], [0.7, 0.7, 5], [0.977, 0.977, 2.5], [2, 1, 0.5]),
  fc.tuple(
    fc.double({ min: 0.3, max: 6, noNaN: true }),
    fc.double({ min: 0.3, max: 6, noNaN: true }),
    fc.double({ min: 0.3, max: 6, noNaN: true }),
  ),
);

export const blockOf = (
  dimensions: Vec3,
  isSet: (at: number) => boolean,
  offset: Vec3 = [0, 0, 0],
): VoxelBlock => ({
  offset,
  dimensions,
  data: Uint8Array.from({ length: dimensions[0] * dimensions[1] * dimensions[2] }, (_, at) =>
    isSet(at) ? 1 : 0,
  ),
});

/** A block from pictures of its slices: '#' is set. */
export const drawBlock = (slices: readonly (readonly string[])[], offset?: Vec3): VoxelBlock => {
  const rows = slices.flat();
  const text = rows.join('');
  const dimensions: Vec3 = [rows[0]?.length ?? 0, slices[0]?.length ?? 0, slices.length];
  return blockOf(dimensions, (at) => text[at] === '#', offset);
};

/** The picture of a block, slice by slice, to compare with. */
export const showBlock = ({ dimensions: [di, dj, dk], data }: VoxelBlock): string[][] =>
  Array.from({ length: dk }, (_, k) =>
    Array.from({ length: dj }, (__, j) =>
      Array.from({ length: di }, (___, i) => (data[(k * dj + j) * di + i] === 1 ? '#' : '.')).join(
        '',
      ),
    ),
  );

export const placeOf = ({ dimensions: [di, dj] }: VoxelBlock, at: number): Vec3 => [
  at % di,
  Math.floor(at / di) % dj,
  Math.floor(at / (di * dj)),
];

export const isSubset = (a: Uint8Array, b: Uint8Array): boolean =>
  a.every((value, at) => value <= (b[at] ?? 0));

/** Squared distance in mm² between two voxels. */
export const squaredMm = (a: Vec3, b: Vec3, spacingMm: Vec3): number =>
  ((a[0] - b[0]) * spacingMm[0]) ** 2 +
  ((a[1] - b[1]) * spacingMm[1]) ** 2 +
  ((a[2] - b[2]) * spacingMm[2]) ** 2;
