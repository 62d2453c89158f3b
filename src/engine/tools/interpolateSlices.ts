import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import { axesAcross, getBlockSlice, setBlockSlice } from './blockSlices.js';
import type { VoxelAxis } from './blockSlices.js';
import { computeSquaredDistances } from './distance.js';
import type { Grid, OnProgress } from './distance.js';

/** A drawn slice: how deep each pixel lies in it, and where its middle is. */
interface Shape {
  readonly index: number;
  /** mm from the pixel to the nearest one on the other side of the outline; negative outside: float32 [height, width]. */
  readonly depths: Float32Array;
  readonly centre: readonly [number, number]; // column, row
}

function describeShape(slice: Grid, index: number, spacingMm: Vec3): Shape {
  const toBackground = computeSquaredDistances(slice, spacingMm, 0);
  const toShape = computeSquaredDistances(slice, spacingMm, 1);
  const depths = toBackground.map((squared, at) =>
    squared > 0 ? Math.sqrt(squared) : -Math.sqrt(toShape[at] ?? 0),
  );
  const [width] = slice.dimensions;
  let [count, columns, rows] = [0, 0, 0];
  for (let at = 0; at < slice.data.length; at++)
    if (slice.data[at] === 1) {
      count++;
      columns += at % width;
      rows += Math.floor(at / width);
    }
  return { index, depths, centre: [columns / count, rows / count] };
}

/** Depth at a place between pixels; beyond the edges that of the nearest pixel. */
function sampleDepth(
  depths: Float32Array,
  width: number,
  height: number,
  x: number,
  y: number,
): number {
  const column = Math.min(width - 1, Math.max(0, x));
  const row = Math.min(height - 1, Math.max(0, y));
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
  const [u, v] = [column - left, row - top];
  const at = (c: number, r: number): number => depths[r * width + c] ?? 0;
  const upper = u === 0 ? at(left, top) : at(left, top) * (1 - u) + at(right, top) * u;
  if (v === 0) return upper;
  const lower = u === 0 ? at(left, bottom) : at(left, bottom) * (1 - u) + at(right, bottom) * u;
  return upper * (1 - v) + lower * v;
}

// Of voxels in both to voxels in either. Below this, shapes that moved from one slice to the other would shrink to
// nothing on the way if they were not laid over each other first: docs/decisions/0072-editing-tools.md.
const LOW_OVERLAP = 0.1;

/** How the middle moves from one shape to the other, where they hardly overlap; else not at all. */
function findMovement(a: Shape, b: Shape): readonly [number, number] {
  let [both, either] = [0, 0];
  for (let at = 0; at < a.depths.length; at++) {
    const inA = (a.depths[at] ?? 0) > 0;
    const inB = (b.depths[at] ?? 0) > 0;
    if (inA && inB) both++;
    if (inA || inB) either++;
  }
  if (both >= LOW_OVERLAP * either) return [0, 0];
  return [b.centre[0] - a.centre[0], b.centre[1] - a.centre[1]];
}

function createBetween(a: Shape, b: Shape, [width, height]: Vec3): (share: number) => Grid {
  const [dx, dy] = findMovement(a, b);
  return (share) => {
    const data = new Uint8Array(width * height);
    for (let row = 0, at = 0; row < height; row++)
      for (let column = 0; column < width; column++, at++) {
        const [xA, yA] = [column - share * dx, row - share * dy];
        const depthA = sampleDepth(a.depths, width, height, xA, yA);
        const depthB = sampleDepth(b.depths, width, height, xA + dx, yA + dy);
        if ((1 - share) * depthA + share * depthB >= 0) data[at] = 1;
      }
    return { dimensions: [width, height, 1], data };
  };
}

/**
 * Fills the empty slices across `axis` that lie between drawn ones; drawn slices stay as they are. Between two of them
 * the depths (signed distances in mm) are interpolated: Raya and Udupa, "Shape-based interpolation of multidimensional
 * objects", IEEE Transactions on Medical Imaging 9 (1990). Margin of the block: one voxel.
 */
export function interpolateSlices(
  block: VoxelBlock,
  spacingMm: Vec3,
  axis: VoxelAxis,
  onProgress?: OnProgress,
): VoxelBlock {
  const filled = { ...block, data: block.data.slice() };
  const [columnAxis, rowAxis] = axesAcross(axis);
  const sliceSpacing: Vec3 = [spacingMm[columnAxis], spacingMm[rowAxis], 1];
  const count = block.dimensions[axis];
  let before: Shape | null = null;
  for (let index = 0; index < count; index++) {
    const slice = getBlockSlice(block, axis, index);
    if (!slice.data.includes(1)) continue;
    const shape = describeShape(slice, index, sliceSpacing);
    if (before !== null) {
      const gap = index - before.index;
      const between = createBetween(before, shape, slice.dimensions);
      for (let step = 1; step < gap; step++)
        setBlockSlice(filled, axis, before.index + step, between(step / gap));
    }
    before = shape;
    onProgress?.((index + 1) / count);
  }
  return filled;
}
