import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import { computeSquaredDistances } from './distance.js';
import type { Grid, OnProgress } from './distance.js';

/**
 * Morphology with a ball, or an ellipsoid along the grid's axes, measured in mm from voxel middle to voxel middle. What
 * lies outside the volume is unknown: nothing grows there, and an edge of the volume takes nothing away. So growing
 * and shrinking are adjoint on the volume, and opening is idempotent at its edges too.
 *
 * Blocks are parts of the volume: the caller leaves the margin that each function names, and outside the block all is
 * background.
 */

/** A radius for each of i, j and k. */
export type RadiiMm = Vec3;

// Distances pass through float32.
const ROUNDING = 1e-5;

/** Voxels of room that a block must have around its segment for the result of growing to fit into it. */
export const growthMargin = (spacingMm: Vec3, radiiMm: RadiiMm): Vec3 => [
  Math.floor(radiiMm[0] / spacingMm[0] + ROUNDING) + 1,
  Math.floor(radiiMm[1] / spacingMm[1] + ROUNDING) + 1,
  Math.floor(radiiMm[2] / spacingMm[2] + ROUNDING) + 1,
];

/** Spacing in units of the radii, in which the ellipsoid is a ball of radius 1. */
function scaleSpacing(spacingMm: Vec3, radiiMm: RadiiMm): Vec3 {
  const scaled = (axis: 0 | 1 | 2): number => spacingMm[axis] / Math.max(radiiMm[axis], 1e-6);
  return [scaled(0), scaled(1), scaled(2)];
}

/** 1 where a voxel of value `target` lies within the radii. */
function isNear(
  grid: Grid,
  spacingMm: Vec3,
  radiiMm: RadiiMm,
  target: 0 | 1,
  onProgress?: OnProgress,
): Uint8Array {
  const squared = computeSquaredDistances(grid, scaleSpacing(spacingMm, radiiMm), target, {
    limitMm: 1,
    onProgress,
  });
  const near = new Uint8Array(squared.length);
  for (let at = 0; at < near.length; at++) near[at] = (squared[at] ?? 0) <= 1 + ROUNDING ? 1 : 0;
  return near;
}

/** Everything within the radii of the segment. Margin: `growthMargin`. */
export const grow = (
  block: VoxelBlock,
  spacingMm: Vec3,
  radiiMm: RadiiMm,
  onProgress?: OnProgress,
): VoxelBlock => ({ ...block, data: isNear(block, spacingMm, radiiMm, 1, onProgress) });

/** What of the segment is farther than the radii from all background. Margin: one voxel. */
export function shrink(
  block: VoxelBlock,
  spacingMm: Vec3,
  radiiMm: RadiiMm,
  onProgress?: OnProgress,
): VoxelBlock {
  const data = isNear(block, spacingMm, radiiMm, 0, onProgress);
  for (let at = 0; at < data.length; at++) data[at] = 1 - (data[at] ?? 0);
  return { ...block, data };
}

const half =
  (onProgress: OnProgress | undefined, offset: number): OnProgress =>
  (share) =>
    onProgress?.(offset + share / 2);

/** Without bridges and spikes thinner than the ball. Margin: one voxel. */
export const open = (
  block: VoxelBlock,
  spacingMm: Vec3,
  radiiMm: RadiiMm,
  onProgress?: OnProgress,
): VoxelBlock =>
  grow(
    shrink(block, spacingMm, radiiMm, half(onProgress, 0)),
    spacingMm,
    radiiMm,
    half(onProgress, 0.5),
  );

/** For each place along an axis of a padded block the place in the block that it is copied from; -1: background. */
function mapPadding(
  { offset, dimensions }: VoxelBlock,
  volumeDimensions: Vec3,
  margin: number,
  axis: 0 | 1 | 2,
): Int32Array {
  const count = dimensions[axis];
  const goesOnBefore = offset[axis] === 0;
  const goesOnAfter = offset[axis] + count === volumeDimensions[axis];
  return Int32Array.from({ length: count + 2 * margin }, (_, n) => {
    const place = n - margin;
    if (place < 0) return goesOnBefore ? 0 : -1;
    if (place >= count) return goesOnAfter ? count - 1 : -1;
    return place;
  });
}

/** The block with room around it; beyond the edges of the volume the segment goes on as it is at the edge. */
function pad(block: VoxelBlock, volumeDimensions: Vec3, [mi, mj, mk]: Vec3): VoxelBlock {
  const [di, dj] = block.dimensions;
  const fromI = mapPadding(block, volumeDimensions, mi, 0);
  const fromJ = mapPadding(block, volumeDimensions, mj, 1);
  const fromK = mapPadding(block, volumeDimensions, mk, 2);
  const data = new Uint8Array(fromI.length * fromJ.length * fromK.length);
  let to = 0;
  for (const k of fromK)
    for (const j of fromJ) {
      const line = j < 0 || k < 0 ? -1 : (k * dj + j) * di;
      for (const i of fromI) {
        if (line >= 0 && i >= 0) data[to] = block.data[line + i] ?? 0;
        to++;
      }
    }
  const [oi, oj, ok] = block.offset;
  return {
    offset: [oi - mi, oj - mj, ok - mk],
    dimensions: [fromI.length, fromJ.length, fromK.length],
    data,
  };
}

/** The inner part of a block whose box is that of `like`. */
function crop({ offset, dimensions, data }: VoxelBlock, like: VoxelBlock): VoxelBlock {
  const [di, dj, dk] = like.dimensions;
  const [mi, mj, mk] = [0, 1, 2].map((axis) => (like.offset[axis] ?? 0) - (offset[axis] ?? 0));
  const cropped = new Uint8Array(like.data.length);
  for (let k = 0, to = 0; k < dk; k++)
    for (let j = 0; j < dj; j++, to += di) {
      const line = (k + (mk ?? 0)) * dimensions[1] + j + (mj ?? 0);
      const from = line * dimensions[0] + (mi ?? 0);
      cropped.set(data.subarray(from, from + di), to);
    }
  return { ...like, data: cropped };
}

/**
 * With gaps and bays narrower than the ball filled; never beyond the box around the segment. At an edge of the volume
 * the segment is taken to go on as it is there: so a segment that the edge cuts off is closed up to it, one that ends
 * near it is not drawn to it, and a single image is closed as a plane. Margin: none.
 */
export function close(
  block: VoxelBlock,
  volume: { readonly dimensions: Vec3; readonly spacingMm: Vec3 },
  radiiMm: RadiiMm,
  onProgress?: OnProgress,
): VoxelBlock {
  const { spacingMm } = volume;
  const padded = pad(block, volume.dimensions, growthMargin(spacingMm, radiiMm));
  const grown = grow(padded, spacingMm, radiiMm, half(onProgress, 0));
  return crop(shrink(grown, spacingMm, radiiMm, half(onProgress, 0.5)), block);
}

/** On which side of the segment's surface a shell lies. */
export type ShellSide = 'inside' | 'outside' | 'both';

/**
 * A shell of the given thickness: the segment's outermost layer, a layer around it, or half of it on each side.
 * Margin: `growthMargin` of the thickness.
 */
export function hollow(
  block: VoxelBlock,
  spacingMm: Vec3,
  thicknessMm: number,
  side: ShellSide,
  onProgress?: OnProgress,
): VoxelBlock {
  const mm = side === 'both' ? thicknessMm / 2 : thicknessMm;
  const radii: Vec3 = [mm, mm, mm];
  const outer = side === 'inside' ? block : grow(block, spacingMm, radii, half(onProgress, 0));
  const inner = side === 'outside' ? block : shrink(block, spacingMm, radii, half(onProgress, 0.5));
  const data = outer.data.map((value, at) => value & (1 - (inner.data[at] ?? 0)));
  return { ...block, data };
}
