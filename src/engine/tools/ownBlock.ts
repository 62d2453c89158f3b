import { IbisError } from '../../contract/errors.js';
import type { Vec3 } from '../../domain/geometry.js';
import { computeVoxelBox, unpackBlock } from '../../domain/segmentSlices.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { sizeOfBox } from './toolRequest.js';

// A voxel of a block takes about ten bytes while it is worked on: 1.3 GB.
const MAX_BLOCK_VOXELS = 2 ** 27;

/** Throws where a block of this size would take too much memory. */
export function requireRoom([di, dj, dk]: Vec3): void {
  if (di * dj * dk > MAX_BLOCK_VOXELS)
    throw new IbisError(
      'session-state',
      `The tool would have to work on ${di} x ${dj} x ${dk} voxels at once, for which there is no room. Use it on a part of the volume, or split the segment first.`,
    );
}

/** The block around a segment, with a margin as far as the volume goes; null for an empty segment. */
export function unpackAround(
  slices: SegmentSlices,
  dimensions: Vec3,
  margin: number | Vec3,
): VoxelBlock | null {
  const box = computeVoxelBox(slices);
  if (box === null) return null;
  const [mi, mj, mk] = typeof margin === 'number' ? [margin, margin, margin] : margin;
  const [di, dj, dk] = sizeOfBox(box);
  requireRoom([
    Math.min(dimensions[0], di + 2 * mi),
    Math.min(dimensions[1], dj + 2 * mj),
    Math.min(dimensions[2], dk + 2 * mk),
  ]);
  return unpackBlock(slices, dimensions, margin);
}
