import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import { placeInBlock } from './blockSlices.js';
import {
  findComponents,
  getComponentAt,
  keepComponents,
  separateComponents,
} from './components.js';
import type { Components, Connectivity } from './components.js';

const findIslands = (block: VoxelBlock, connectivity: Connectivity): Components =>
  findComponents(block, 1, connectivity);

/** The island of most voxels; of equals the first along k, then j, then i. */
export function keepLargestIsland(block: VoxelBlock, connectivity: Connectivity): VoxelBlock {
  const islands = findIslands(block, connectivity);
  const largest = islands.sizes.indexOf(islands.sizes.reduce((a, b) => Math.max(a, b), 0));
  return keepComponents(block, islands, (label) => label === largest);
}

/** The island that a voxel of the volume belongs to, alone or all but it; null where it belongs to none. */
export function pickIsland(
  block: VoxelBlock,
  voxel: Vec3,
  connectivity: Connectivity,
  wanted: 'keep' | 'remove',
): VoxelBlock | null {
  const at = placeInBlock(block, voxel);
  if (at === null) return null;
  const islands = findIslands(block, connectivity);
  const picked = getComponentAt(islands, at);
  if (picked === null) return null;
  return keepComponents(block, islands, (label) => (label === picked) === (wanted === 'keep'));
}

/** Without islands of fewer voxels than this. */
export function removeSmallIslands(
  block: VoxelBlock,
  minVoxels: number,
  connectivity: Connectivity,
): VoxelBlock {
  const islands = findIslands(block, connectivity);
  return keepComponents(block, islands, (label) => (islands.sizes[label] ?? 0) >= minVoxels);
}

/** Each island of at least `minVoxels` on its own, largest first. */
export function splitIslands(
  block: VoxelBlock,
  minVoxels: number,
  connectivity: Connectivity,
): VoxelBlock[] {
  const islands = findIslands(block, connectivity);
  const { sizes } = islands;
  return separateComponents(block, islands)
    .map((island, label) => ({ island, size: sizes[label] ?? 0 }))
    .filter(({ size }) => size >= minVoxels)
    .sort((a, b) => b.size - a.size)
    .map(({ island }) => island);
}
