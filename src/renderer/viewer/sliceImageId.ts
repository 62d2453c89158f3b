import type { SliceAxis } from '../../domain/plane.js';
import type { SlicePosition } from './viewerApi.js';

/**
 * Cornerstone asks for images and their metadata by id. Ours are `ibis:<series>/<phase>/<axis>/<slice>`: slices
 * already in canonical orientation, in modality values, so that every viewport shows what the policy sees.
 */
const AXES: readonly SliceAxis[] = ['acquired', 'axial', 'coronal', 'sagittal'];

export const sliceImageId = (seriesKey: string, position: SlicePosition): string =>
  `ibis:${seriesKey}/${String(position.phaseIndex)}/${position.axis}/${String(position.sliceIndex)}`;

export function parseSliceImageId(
  imageId: string,
): { readonly seriesKey: string; readonly position: SlicePosition } | null {
  const match = /^ibis:([^/]+)\/(\d+)\/([a-z]+)\/(\d+)$/.exec(imageId);
  const axis = AXES.find((each) => each === match?.[3]);
  if (match?.[1] === undefined || axis === undefined) return null;
  return {
    seriesKey: match[1],
    position: { phaseIndex: Number(match[2]), axis, sliceIndex: Number(match[4]) },
  };
}
