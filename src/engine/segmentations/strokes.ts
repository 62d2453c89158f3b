import type { ParsedParams } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import { emptyPackedMask, subtractPacked, unitePacked } from '../../domain/packedBits.js';
import type { PackedMask } from '../../domain/mask.js';
import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis, SlicePlane } from '../../domain/plane.js';
import { liftSliceMask, uniteSlices } from '../../domain/segmentSlices.js';
import type { SliceChanges } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';

/** Throws 'bad-slice'. */
export function requireSliceOf(plane: SlicePlane, sliceIndex: number): void {
  if (sliceIndex < plane.sliceCount) return;
  throw new IbisError(
    'bad-slice',
    `There is no slice ${String(sliceIndex)}: this axis has slices 0 to ${String(plane.sliceCount - 1)}.`,
  );
}

/** The voxels under masks on slice images of one axis. Throws where a mask is not of such an image's size. */
export function liftMasks(
  geometry: VolumeGeometry,
  axis: SliceAxis,
  masks: readonly { readonly sliceIndex: number; readonly region: PackedMask }[],
): SegmentSlices {
  const plane = computeSlicePlane(geometry, axis);
  let voxels: SegmentSlices = new Map();
  for (const { sliceIndex, region } of masks) {
    requireSliceOf(plane, sliceIndex);
    if (region.width !== plane.width || region.height !== plane.height)
      throw new IbisError(
        'bad-message',
        `The stroke was drawn on an image of ${region.width} x ${region.height} pixels, but this slice has ${plane.width} x ${plane.height}.`,
      );
    voxels = uniteSlices(voxels, liftSliceMask(region, geometry.dimensions, plane, sliceIndex));
  }
  return voxels;
}

/** The slices k of a segment to which a region of voxels was added, or from which it was taken. */
export function computeStroke(
  slices: SegmentSlices,
  region: SegmentSlices,
  mode: ParsedParams<'paintSegment'>['mode'],
): SliceChanges {
  const combine = mode === 'add' ? unitePacked : subtractPacked;
  return new Map(
    [...region].map(([k, mask]) => {
      const before = slices.get(k) ?? emptyPackedMask(mask.width, mask.height);
      return [k, combine(before, mask)];
    }),
  );
}

/** 'slice 12', 'coronal slices 10 to 14': as they are counted on screen, from 1. */
export function nameSlices(axis: SliceAxis, sliceIndices: readonly number[]): string {
  const [first, last] = [Math.min(...sliceIndices), Math.max(...sliceIndices)];
  const word = axis === 'acquired' ? 'slice' : `${axis} slice`;
  return first === last
    ? `${word} ${String(first + 1)}`
    : `${word}s ${String(first + 1)} to ${String(last + 1)}`;
}
