import { IbisError } from '../../contract/errors.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { Mask } from '../../domain/mask.js';
import type { SlicePlane } from '../../domain/plane.js';
import type { SliceRequest, SliceSource } from '../slices.js';
import type { PropagationSlices } from './types.js';

/** From one slice of a cut to the next, in pixels of a slice (of their mean side, where they are not square). */
export const computeSliceDistancePx = (
  { normalAxis, pixelSpacingMm: [across, down] }: SlicePlane,
  { spacingMm }: VolumeGeometry,
): number => spacingMm[normalAxis] / Math.sqrt(across * down);

export interface SeriesCut {
  readonly plane: SlicePlane;
  readonly geometry: VolumeGeometry;
  readonly slices: PropagationSlices;
}

/**
 * One cut of an open series for a propagation, with one gray window for all slices: that of `request`, else that of its
 * slice. Rejects with 'no-geometry' where there is nowhere to go on to, and as SliceSource does.
 */
export async function openSeriesCut(
  source: SliceSource,
  request: SliceRequest,
  signal: AbortSignal,
): Promise<SeriesCut> {
  const { plane, geometry, window } = await source.prepare(request, signal);
  if (plane.sliceCount < 2)
    throw new IbisError(
      'no-geometry',
      'There is no other slice to go on to: a propagation needs images that form a volume.',
    );
  return {
    plane,
    geometry,
    slices: {
      count: plane.sliceCount,
      distancePx: computeSliceDistancePx(plane, geometry),
      load: async (sliceIndex, stop) =>
        (await source.prepare({ ...request, sliceIndex, window }, stop)).image,
    },
  };
}

/** Throws 'bad-slice' where a given mask is not one of the cut's slices, 'empty-mask' where none has the target. */
export function requireGivenMasks(
  given: ReadonlyMap<number, Mask>,
  { width, height, sliceCount }: SlicePlane,
): void {
  for (const [sliceIndex, mask] of given)
    if (sliceIndex >= sliceCount || mask.width !== width || mask.height !== height)
      throw new IbisError(
        'bad-slice',
        `There is no slice ${String(sliceIndex)} of this size: this axis has slices 0 to ${String(sliceCount - 1)}.`,
      );
  if (![...given.values()].some(({ data }) => data.includes(1)))
    throw new IbisError(
      'empty-mask',
      'None of the given slices shows the target. Segment one of them first.',
    );
}
