import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import { getBlockSlice, placeInBlock, setBlockSlice } from './blockSlices.js';
import type { VoxelAxis } from './blockSlices.js';
import { fillComponents, findComponents, getComponentAt, keepComponents } from './components.js';
import type { Components } from './components.js';
import type { Grid, OnProgress } from './distance.js';

interface Background {
  readonly parts: Components;
  /** By part: whether it reaches the sides of the grid. */
  readonly isOpen: Uint8Array;
}

/**
 * The background in parts, and which of them have a way out. The way goes by faces, so that a wall whose voxels touch
 * by corners only is closed (as in scipy's binary_fill_holes). `sliceAxis`: the grid is one slice across that axis, along
 * which no way counts.
 */
function findBackground(grid: Grid, sliceAxis: VoxelAxis | null): Background {
  const [di, dj, dk] = grid.dimensions;
  const parts = findComponents(grid, 0, 'faces');
  const { starts, lengths, labels, sizes } = parts;
  const isOpen = new Uint8Array(sizes.length);
  for (let run = 0; run < starts.length; run++) {
    const start = starts[run] ?? 0;
    const i = start % di;
    const line = (start - i) / di;
    const j = line % dj;
    const k = (line - j) / dj;
    const atI = sliceAxis !== 0 && (i === 0 || i + (lengths[run] ?? 0) === di);
    const atJ = sliceAxis !== 1 && (j === 0 || j === dj - 1);
    const atK = sliceAxis !== 2 && (k === 0 || k === dk - 1);
    if (atI || atJ || atK) isOpen[labels[run] ?? 0] = 1;
  }
  return { parts, isOpen };
}

/** Fills the background that has no way out, in place. */
function fillEnclosed(grid: Grid, sliceAxis: VoxelAxis | null): void {
  const { parts, isOpen } = findBackground(grid, sliceAxis);
  fillComponents(parts, grid.data, (label) => isOpen[label] === 0);
}

/** Fills cavities that the segment encloses on all sides. The block need have no margin. */
export function fillCavities(block: VoxelBlock): VoxelBlock {
  const filled = { ...block, data: block.data.slice() };
  fillEnclosed(filled, null);
  return filled;
}

/** Fills the holes of each slice across an axis. The block need have no margin. */
export function fillSliceHoles(
  block: VoxelBlock,
  axis: VoxelAxis,
  onProgress?: OnProgress,
): VoxelBlock {
  const filled = { ...block, data: block.data.slice() };
  const count = block.dimensions[axis];
  for (let index = 0; index < count; index++) {
    const slice = getBlockSlice(filled, axis, index);
    fillEnclosed(slice, 2);
    setBlockSlice(filled, axis, index, slice);
    onProgress?.((index + 1) / count);
  }
  return filled;
}

/**
 * What the segment's outline encloses around a voxel of a slice, the block being that whole slice across `axis`; null
 * where the voxel belongs to the segment or the outline is open.
 */
export function findEnclosedAround(
  slice: VoxelBlock,
  axis: VoxelAxis,
  voxel: Vec3,
): VoxelBlock | null {
  const at = placeInBlock(slice, voxel);
  if (at === null) return null;
  const { parts, isOpen } = findBackground(slice, axis);
  const own = getComponentAt(parts, at);
  if (own === null || isOpen[own] === 1) return null;
  return keepComponents(slice, parts, (label) => label === own);
}
