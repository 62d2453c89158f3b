import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Vec3, VolumeGeometry } from '../../../src/domain/geometry.js';
import { packMask, unpackMask } from '../../../src/domain/mask.js';
import type { Mask, PackedMask } from '../../../src/domain/mask.js';
import {
  emptyPackedMask,
  canonicalMask,
  countPackedPixels,
  intersectPacked,
  subtractPacked,
  togglePacked,
  unitePacked,
} from '../../../src/domain/packedBits.js';
import { computeSlicePlane, imageToVoxel } from '../../../src/domain/plane.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import {
  applySliceChanges,
  computeVoxelBox,
  countVoxels,
  cutAllSlices,
  cutSegmentSlice,
  liftSliceMask,
  packBlock,
  subtractSlices,
  toggleSlices,
  uniteSlices,
  unpackBlock,
  unpackBox,
  writeSegmentSlice,
} from '../../../src/domain/segmentSlices.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const bit = fc.integer({ min: 0, max: 5 }).map((n) => (n === 0 ? 1 : 0)); // one voxel in six
const bitsOf = (count: number): fc.Arbitrary<Uint8Array> =>
  fc.array(bit, { minLength: count, maxLength: count }).map((bits) => Uint8Array.from(bits));

const pairsOfMasks: fc.Arbitrary<readonly [Mask, Mask]> = fc
  .tuple(fc.integer({ min: 1, max: 21 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc.tuple(bitsOf(width * height), bitsOf(width * height)).map(
      ([a, b]) =>
        [
          { width, height, data: a },
          { width, height, data: b },
        ] as const,
    ),
  );

describe('set operations on packed masks', () => {
  it.each([
    ['either', unitePacked, (p: number, q: number) => p | q],
    ['the first alone', subtractPacked, (p: number, q: number) => p & (1 - q)],
    ['both', intersectPacked, (p: number, q: number) => p & q],
    ['one alone', togglePacked, (p: number, q: number) => p ^ q],
  ])('keep what lies in %s, packed as if it had been packed anew', (_title, combine, pixel) => {
    fc.assert(
      fc.property(pairsOfMasks, ([a, b]) => {
        const expected = { ...a, data: a.data.map((value, p) => pixel(value, b.data[p] ?? 0)) };
        expect(combine(packMask(a), packMask(b))).toEqual(packMask(expected));
      }),
    );
  });

  it('refuse masks of different sizes', () => {
    const mask = (width: number): PackedMask =>
      packMask({ width, height: 2, data: new Uint8Array(width * 2).fill(1) });
    for (const combine of [unitePacked, subtractPacked, intersectPacked, togglePacked])
      expect(() => combine(mask(3), mask(4))).toThrow('differ in size');
  });

  it('count what is set, and make a mask with loose bounds and stray bits canonical', () => {
    fc.assert(
      fc.property(pairsOfMasks, ([mask]) => {
        const { width, height, data } = mask;
        const pixels = data.reduce((sum, value) => sum + value, 0);
        expect(countPackedPixels(packMask(mask))).toBe(pixels);
        const bits = new Uint8Array(Math.ceil(data.length / 8)).fill(0xff);
        for (const [at, value] of data.entries())
          if (value === 0) bits[at >> 3] = (bits[at >> 3] ?? 0) & ~(1 << (at & 7));
        const bounds = { left: 0, top: 0, right: width - 1, bottom: height - 1 };
        expect(canonicalMask({ width, height, bounds, bits })).toEqual(packMask(mask));
      }),
    );
  });
});

/** Every order and direction of the voxel axes in the patient, and sides that all differ. */
const dimensions: Vec3 = [7, 5, 4];
const grids: fc.Arbitrary<VolumeGeometry> = fc
  .tuple(
    fc.constantFrom([0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]),
    fc.tuple(...[1, 1, 1].map(() => fc.constantFrom(1, -1))),
  )
  .map(([order, signs]) => {
    const unit = (axis: number): Vec3 => {
      const at = (n: number): number => (order[axis] === n ? (signs[axis] ?? 1) : 0);
      return [at(0), at(1), at(2)];
    };
    return axialGrid(dimensions, { direction: [unit(0), unit(1), unit(2)] });
  });
const axes = fc.constantFrom<SliceAxis>('acquired', 'axial', 'coronal', 'sagittal');
const voxels = bitsOf(7 * 5 * 4);
const at = (i: number, j: number, k: number): number => (k * 5 + j) * 7 + i;
const toSlices = (data: Uint8Array) =>
  packBlock({ offset: [0, 0, 0], dimensions, data }, dimensions);
const toVoxels = (slices: ReturnType<typeof toSlices>) =>
  unpackBox(slices, [0, 0, 0], dimensions).data;

describe('a segment on the slices of any axis', () => {
  it('is cut as the image of that slice lies in the volume', () => {
    fc.assert(
      fc.property(grids, axes, voxels, fc.nat(), (geometry, axis, data, s) => {
        const plane = computeSlicePlane(geometry, axis);
        const sliceIndex = s % plane.sliceCount;
        const expected = {
          width: plane.width,
          height: plane.height,
          data: new Uint8Array(plane.width * plane.height),
        };
        for (let row = 0; row < plane.height; row++)
          for (let column = 0; column < plane.width; column++) {
            const { i, j, k } = imageToVoxel(plane, sliceIndex, { column, row });
            expected.data[row * plane.width + column] = data[at(i, j, k)] ?? 0;
          }
        expect(cutSegmentSlice(toSlices(data), plane, sliceIndex)).toEqual(packMask(expected));
        const nothing = emptyPackedMask(plane.width, plane.height);
        const all = cutAllSlices(toSlices(data), plane);
        expect(all.get(sliceIndex) ?? nothing).toEqual(packMask(expected));
      }),
    );
  });

  it('takes a mask drawn on such an image, and nothing else of it changes', () => {
    fc.assert(
      fc.property(grids, axes, voxels, voxels, fc.nat(), (geometry, axis, data, drawn, s) => {
        const plane = computeSlicePlane(geometry, axis);
        const sliceIndex = s % plane.sliceCount;
        const mask = cutSegmentSlice(toSlices(drawn), plane, sliceIndex);
        const before = toSlices(data);
        const changes = writeSegmentSlice(before, dimensions, plane, sliceIndex, mask);
        const after = applySliceChanges(before, changes);
        const expected = data.slice();
        for (let row = 0; row < plane.height; row++)
          for (let column = 0; column < plane.width; column++) {
            const { i, j, k } = imageToVoxel(plane, sliceIndex, { column, row });
            expected[at(i, j, k)] = drawn[at(i, j, k)] ?? 0;
          }
        expect(toVoxels(after)).toEqual(expected);
        for (const [k, changed] of changes) expect(changed).not.toEqual(before.get(k) ?? 'none'); // only what changed is told
        expect(
          cutSegmentSlice(liftSliceMask(mask, dimensions, plane, sliceIndex), plane, sliceIndex),
        ).toEqual(mask);
      }),
    );
  });

  it('refuses a mask of another size than the slice', () => {
    const plane = computeSlicePlane(axialGrid(dimensions), 'axial');
    const mask = packMask({ width: 4, height: 4, data: new Uint8Array(16).fill(1) });
    expect(() => liftSliceMask(mask, dimensions, plane, 0)).toThrow('differ in size');
  });
});

describe('segments as sets of voxels', () => {
  it('are united, taken away and toggled voxel for voxel, and toggling twice undoes', () => {
    fc.assert(
      fc.property(voxels, voxels, (a, b) => {
        const [p, q] = [toSlices(a), toSlices(b)];
        const pixel = (combine: (x: number, y: number) => number) =>
          a.map((value, n) => combine(value, b[n] ?? 0));
        expect(uniteSlices(p, q)).toEqual(toSlices(pixel((x, y) => x | y)));
        expect(subtractSlices(p, q)).toEqual(toSlices(pixel((x, y) => x & (1 - y))));
        expect(toggleSlices(p, q)).toEqual(toSlices(pixel((x, y) => x ^ y)));
        expect(toggleSlices(toggleSlices(p, q), q)).toEqual(p);
        expect(countVoxels(p)).toBe(a.reduce((sum, value) => sum + value, 0));
      }),
    );
  });

  it('come back from the block around them, with any margin, cut off where the volume ends', () => {
    fc.assert(
      fc.property(voxels, fc.nat(3), fc.nat(3), (data, margin, alongK) => {
        const slices = toSlices(data);
        const block = unpackBlock(slices, dimensions, [margin, margin, alongK]);
        expect(packBlock(block, dimensions)).toEqual(slices);
        const box = computeVoxelBox(slices);
        if (box === null) {
          expect(block.dimensions).toEqual([0, 0, 0]);
          return;
        }
        expect(block.offset[0]).toBe(Math.max(0, box.min[0] - margin));
        expect(block.offset[2] + block.dimensions[2]).toBe(Math.min(4, box.max[2] + 1 + alongK));
      }),
    );
  });

  it('lie in no block that is not in the volume', () => {
    const block = { offset: [3, 0, 0], dimensions: [5, 1, 1], data: new Uint8Array(5) } as const;
    expect(() => packBlock(block, dimensions)).toThrow(RangeError);
    expect(() => packBlock({ ...block, offset: [-1, 0, 0] }, dimensions)).toThrow(RangeError);
  });

  it('keep no slice without voxels', () => {
    const slices = toSlices(new Uint8Array(140).fill(1, 0, 35));
    expect([...slices.keys()]).toEqual([0]);
    expect(subtractSlices(slices, slices).size).toBe(0);
    expect(
      unpackMask(slices.get(0) ?? packMask({ width: 1, height: 1, data: new Uint8Array(1) })).data,
    ).toEqual(new Uint8Array(35).fill(1));
  });
});
