import type { Vec3 } from './geometry.js';
import type { MaskBounds, PackedMask } from './mask.js';
import {
  countPackedPixels,
  emptyPackedMask,
  forEachPixel,
  intersectPacked,
  makeBits,
  packBits,
  subtractPacked,
  togglePacked,
  unitePacked,
} from './packedBits.js';
import { imageToVoxel, voxelToImage } from './plane.js';
import type { SlicePlane } from './plane.js';
import type { SegmentSlices } from './segmentation.js';

/**
 * Voxels of a segment, slice by slice k as stored, and what is seen or drawn of them on a slice of any axis. All masks
 * here are canonical (packedBits.ts), and no slice is kept that has no voxel.
 */

/** The new masks of the slices k that changed; an empty mask where nothing is left. */
export type SliceChanges = ReadonlyMap<number, PackedMask>;

/** A box of voxels, both corners inside it. */
export interface VoxelBox {
  readonly min: Vec3; // i, j, k
  readonly max: Vec3;
}

/** Sets the pixel of a mask that is being made inside `box`. */
function setBit(bits: Uint8Array, box: MaskBounds, column: number, row: number): void {
  const at = (row - box.top) * (box.right - box.left + 1) + column - box.left;
  bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
}

const boxOfCorners = (
  a: { readonly column: number; readonly row: number },
  b: { readonly column: number; readonly row: number },
): MaskBounds => ({
  left: Math.min(a.column, b.column),
  right: Math.max(a.column, b.column),
  top: Math.min(a.row, b.row),
  bottom: Math.max(a.row, b.row),
});

/** Whether the plane's images are the stored slices as they are. */
const isStoredPlane = (plane: SlicePlane): boolean =>
  plane.columnAxis === 0 && plane.rowAxis === 1 && !plane.flipColumns && !plane.flipRows;

/** The smallest box around all voxels; null when there are none. */
export function computeVoxelBox(slices: SegmentSlices): VoxelBox | null {
  const min: [number, number, number] = [Infinity, Infinity, Infinity];
  const max: [number, number, number] = [-1, -1, -1];
  for (const [k, { bounds }] of slices) {
    if (bounds === null) continue;
    for (const [axis, low, high] of [
      [0, bounds.left, bounds.right],
      [1, bounds.top, bounds.bottom],
      [2, k, k],
    ] as const) {
      min[axis] = Math.min(min[axis], low);
      max[axis] = Math.max(max[axis], high);
    }
  }
  return max[2] < 0 ? null : { min, max };
}

export function countVoxels(slices: SegmentSlices): number {
  let count = 0;
  for (const mask of slices.values()) count += countPackedPixels(mask);
  return count;
}

/** What of a segment is seen on one slice image of the plane, in the image's own orientation. */
export function cutSegmentSlice(
  slices: SegmentSlices,
  plane: SlicePlane,
  sliceIndex: number,
): PackedMask {
  const { width, height } = plane;
  if (plane.normalAxis === 2) {
    const stored = slices.get(sliceIndex) ?? emptyPackedMask(width, height);
    if (isStoredPlane(plane) || stored.bounds === null)
      return stored.bounds === null ? emptyPackedMask(width, height) : stored;
  }
  // The part of each stored slice that the plane meets: all of one, or a column or a row of many.
  const met = new Map<number, PackedMask>();
  for (const [k, mask] of slices) {
    if (mask.bounds === null) continue;
    const { left, right, top, bottom } = mask.bounds;
    const [low, high] =
      plane.normalAxis === 2 ? [k, k] : plane.normalAxis === 1 ? [top, bottom] : [left, right];
    if (low <= sliceIndex && sliceIndex <= high) met.set(k, mask);
  }
  const around = computeVoxelBox(met);
  if (around === null) return emptyPackedMask(width, height);
  const corner = ([i, j, k]: Vec3) => voxelToImage(plane, { i, j, k }).point;
  const box = boxOfCorners(corner(around.min), corner(around.max));
  const bits = makeBits(box);
  for (const [k, mask] of met) {
    const { bounds, bits: stored } = mask;
    if (bounds === null) continue;
    const [i1, i2] =
      plane.normalAxis === 0 ? [sliceIndex, sliceIndex] : [bounds.left, bounds.right];
    const [j1, j2] =
      plane.normalAxis === 1 ? [sliceIndex, sliceIndex] : [bounds.top, bounds.bottom];
    // Column and row grow evenly with i and j.
    const [first, nextI, nextJ] = [corner([0, 0, k]), corner([1, 0, k]), corner([0, 1, k])];
    for (let j = j1; j <= j2; j++)
      for (let i = i1; i <= i2; i++) {
        const at = (j - bounds.top) * (bounds.right - bounds.left + 1) + i - bounds.left;
        if ((((stored[at >> 3] ?? 0) >> (at & 7)) & 1) === 0) continue;
        setBit(
          bits,
          box,
          first.column + i * (nextI.column - first.column) + j * (nextJ.column - first.column),
          first.row + i * (nextI.row - first.row) + j * (nextJ.row - first.row),
        );
      }
  }
  return packBits(plane, box, bits);
}

/** All slice images of a plane that have any of the segment: as `cutSegmentSlice` gives them, in one pass. */
export function cutAllSlices(slices: SegmentSlices, plane: SlicePlane): Map<number, PackedMask> {
  const cuts = new Map<number, PackedMask>();
  if (plane.normalAxis === 2) {
    for (const k of [...slices.keys()].sort((a, b) => a - b)) {
      const mask = cutSegmentSlice(slices, plane, k);
      if (mask.bounds !== null) cuts.set(k, mask);
    }
    return cuts;
  }
  const around = computeVoxelBox(slices);
  if (around === null) return cuts;
  const corner = ([i, j, k]: Vec3) => voxelToImage(plane, { i, j, k }).point;
  const box = boxOfCorners(corner(around.min), corner(around.max));
  const low = around.min[plane.normalAxis];
  const count = around.max[plane.normalAxis] - low + 1;
  const bitsOf = Array.from({ length: count }, () => makeBits(box));
  for (const [k, mask] of slices) {
    // Column and row grow evenly with i and j.
    const [first, nextI, nextJ] = [corner([0, 0, k]), corner([1, 0, k]), corner([0, 1, k])];
    const columnI = nextI.column - first.column;
    const columnJ = nextJ.column - first.column;
    const rowI = nextI.row - first.row;
    const rowJ = nextJ.row - first.row;
    forEachPixel(mask, (i, j) => {
      const bits = bitsOf[(plane.normalAxis === 0 ? i : j) - low];
      if (bits === undefined) return;
      const column = first.column + i * columnI + j * columnJ;
      setBit(bits, box, column, first.row + i * rowI + j * rowJ);
    });
  }
  for (const [n, bits] of bitsOf.entries()) {
    const mask = packBits(plane, box, bits);
    if (mask.bounds !== null) cuts.set(low + n, mask);
  }
  return cuts;
}

/** The voxels under a mask on a slice image: the way back from `cutSegmentSlice`. */
export function liftSliceMask(
  mask: PackedMask,
  dimensions: Vec3,
  plane: SlicePlane,
  sliceIndex: number,
): SegmentSlices {
  if (mask.width !== plane.width || mask.height !== plane.height)
    throw new Error('mask and slice differ in size');
  const { bounds } = mask;
  if (bounds === null) return new Map();
  const corner = (column: number, row: number) => imageToVoxel(plane, sliceIndex, { column, row });
  const [a, b] = [corner(bounds.left, bounds.top), corner(bounds.right, bounds.bottom)];
  const box = boxOfCorners({ column: a.i, row: a.j }, { column: b.i, row: b.j });
  const bitsOf = new Map<number, Uint8Array>();
  forEachPixel(mask, (column, row) => {
    const { i, j, k } = corner(column, row);
    const bits = bitsOf.get(k) ?? makeBits(box);
    bitsOf.set(k, bits);
    setBit(bits, box, i, j);
  });
  const size = { width: dimensions[0], height: dimensions[1] };
  return new Map([...bitsOf].map(([k, bits]) => [k, packBits(size, box, bits)]));
}

/** Replaces what a segment has on one slice image by `mask`; gives the slices k that this changes. */
export function writeSegmentSlice(
  slices: SegmentSlices,
  dimensions: Vec3,
  plane: SlicePlane,
  sliceIndex: number,
  mask: PackedMask,
): SliceChanges {
  const differing = togglePacked(cutSegmentSlice(slices, plane, sliceIndex), mask);
  const changes = new Map<number, PackedMask>();
  for (const [k, flips] of liftSliceMask(differing, dimensions, plane, sliceIndex))
    changes.set(
      k,
      togglePacked(slices.get(k) ?? emptyPackedMask(flips.width, flips.height), flips),
    );
  return changes;
}

/** The segment with its changed slices in place. */
export function applySliceChanges(slices: SegmentSlices, changes: SliceChanges): SegmentSlices {
  const result = new Map(slices);
  for (const [k, mask] of changes)
    if (mask.bounds === null) result.delete(k);
    else result.set(k, mask);
  return result;
}

const combineSlices = (
  a: SegmentSlices,
  b: SegmentSlices,
  combine: (a: PackedMask, b: PackedMask) => PackedMask,
): SegmentSlices => {
  const changes = new Map<number, PackedMask>();
  for (const [k, mask] of b)
    changes.set(k, combine(a.get(k) ?? emptyPackedMask(mask.width, mask.height), mask));
  return applySliceChanges(a, changes);
};

/** Voxels of either. */
export const uniteSlices = (a: SegmentSlices, b: SegmentSlices): SegmentSlices =>
  combineSlices(a, b, unitePacked);
/** Voxels of `a` that are not of `b`. */
export const subtractSlices = (a: SegmentSlices, b: SegmentSlices): SegmentSlices =>
  combineSlices(a, b, subtractPacked);
/** Voxels of both. */
export function intersectSlices(a: SegmentSlices, b: SegmentSlices): SegmentSlices {
  const common = new Map<number, PackedMask>();
  for (const [k, mask] of a) {
    const other = b.get(k);
    const both = other === undefined ? null : intersectPacked(mask, other);
    if (both !== null && both.bounds !== null) common.set(k, both);
  }
  return common;
}
/** Voxels of one of them alone; applied twice, `a` is as it was. */
export const toggleSlices = (a: SegmentSlices, b: SegmentSlices): SegmentSlices =>
  combineSlices(a, b, togglePacked);

/** Voxels of a box, one byte each: what morphology and components work on. */
export interface VoxelBlock {
  readonly offset: Vec3; // of the block's first voxel in the volume: i, j, k
  readonly dimensions: Vec3; // of the block
  readonly data: Uint8Array; // uint8 [k, j, i], 0 or 1
}

/** What a segment has inside a given box of the volume. */
export function unpackBox(slices: SegmentSlices, offset: Vec3, dimensions: Vec3): VoxelBlock {
  const [di, dj, dk] = dimensions;
  const data = new Uint8Array(di * dj * dk);
  for (const [k, mask] of slices) {
    if (k < offset[2] || k >= offset[2] + dk) continue;
    forEachPixel(mask, (i, j) => {
      const [x, y] = [i - offset[0], j - offset[1]];
      if (x < 0 || x >= di || y < 0 || y >= dj) return;
      data[((k - offset[2]) * dj + y) * di + x] = 1;
    });
  }
  return { offset, dimensions, data };
}

/**
 * The smallest block around a segment, wider by a margin on each side as far as the volume (`dimensions`) goes; a block
 * of no voxels for an empty segment.
 */
export function unpackBlock(
  slices: SegmentSlices,
  dimensions: Vec3,
  marginVoxels: number | Vec3,
): VoxelBlock {
  const box = computeVoxelBox(slices);
  if (box === null) return { offset: [0, 0, 0], dimensions: [0, 0, 0], data: new Uint8Array(0) };
  const margin: Vec3 =
    typeof marginVoxels === 'number' ? [marginVoxels, marginVoxels, marginVoxels] : marginVoxels;
  const low = (axis: 0 | 1 | 2): number => Math.max(0, box.min[axis] - margin[axis]);
  const end = (axis: 0 | 1 | 2): number =>
    Math.min(dimensions[axis], box.max[axis] + 1 + margin[axis]);
  return unpackBox(
    slices,
    [low(0), low(1), low(2)],
    [end(0) - low(0), end(1) - low(1), end(2) - low(2)],
  );
}

/** Back from a block; any value but 0 counts. Throws where the block does not lie in the volume. */
export function packBlock(block: VoxelBlock, dimensions: Vec3): SegmentSlices {
  const { offset, data } = block;
  const [di, dj, dk] = block.dimensions;
  for (const axis of [0, 1, 2] as const)
    if (offset[axis] < 0 || offset[axis] + block.dimensions[axis] > dimensions[axis])
      throw new RangeError('the block lies outside the volume');
  const slices = new Map<number, PackedMask>();
  if (di === 0 || dj === 0) return slices;
  const box = {
    left: offset[0],
    top: offset[1],
    right: offset[0] + di - 1,
    bottom: offset[1] + dj - 1,
  };
  const size = { width: dimensions[0], height: dimensions[1] };
  for (let k = 0; k < dk; k++) {
    const bits = makeBits(box);
    const first = k * di * dj;
    for (let at = 0; at < di * dj; at++)
      if (data[first + at] !== 0) bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
    const mask = packBits(size, box, bits);
    if (mask.bounds !== null) slices.set(offset[2] + k, mask);
  }
  return slices;
}
