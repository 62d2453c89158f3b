import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import type { Grid } from './distance.js';

/** A voxel axis: 0 = i, 1 = j, 2 = k. */
export type VoxelAxis = 0 | 1 | 2;

/** The two axes of the slices that are cut across `axis`, in order. */
export const axesAcross = (axis: VoxelAxis): readonly [VoxelAxis, VoxelAxis] =>
  axis === 0 ? [1, 2] : axis === 1 ? [0, 2] : [0, 1];

/** Steps in the data from one voxel to the next along i, j and k. */
const stridesOf = ({ dimensions }: Grid): readonly [number, number, number] => [
  1,
  dimensions[0],
  dimensions[0] * dimensions[1],
];

interface SliceLayout {
  readonly width: number;
  readonly height: number;
  readonly first: number;
  readonly columnStride: number;
  readonly rowStride: number;
}

function layOut(grid: Grid, axis: VoxelAxis, index: number): SliceLayout {
  const [columnAxis, rowAxis] = axesAcross(axis);
  const strides = stridesOf(grid);
  return {
    width: grid.dimensions[columnAxis],
    height: grid.dimensions[rowAxis],
    first: index * strides[axis],
    columnStride: strides[columnAxis],
    rowStride: strides[rowAxis],
  };
}

/** The slice at `index` across an axis as a grid of one slice, [1, height, width]. */
export function getBlockSlice(grid: Grid, axis: VoxelAxis, index: number): Grid {
  const { width, height, first, columnStride, rowStride } = layOut(grid, axis, index);
  const data = new Uint8Array(width * height);
  for (let row = 0, to = 0; row < height; row++)
    for (let column = 0; column < width; column++, to++)
      data[to] = grid.data[first + row * rowStride + column * columnStride] ?? 0;
  return { dimensions: [width, height, 1], data };
}

/** Writes a slice back, in place. */
export function setBlockSlice(grid: Grid, axis: VoxelAxis, index: number, slice: Grid): void {
  const { width, height, first, columnStride, rowStride } = layOut(grid, axis, index);
  for (let row = 0, from = 0; row < height; row++)
    for (let column = 0; column < width; column++, from++)
      grid.data[first + row * rowStride + column * columnStride] = slice.data[from] ?? 0;
}

/** Place in the block's data of a voxel of the volume; null outside the block. */
export function placeInBlock(
  { offset, dimensions }: Pick<VoxelBlock, 'offset' | 'dimensions'>,
  voxel: Vec3,
): number | null {
  const [i, j, k] = [voxel[0] - offset[0], voxel[1] - offset[1], voxel[2] - offset[2]];
  const [di, dj, dk] = dimensions;
  const isInside = i >= 0 && j >= 0 && k >= 0 && i < di && j < dj && k < dk;
  return isInside ? (k * dj + j) * di + i : null;
}
