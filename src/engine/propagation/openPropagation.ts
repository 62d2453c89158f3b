import type { VolumeGeometry } from '../../domain/geometry.js';
import type { SlicePlane } from '../../domain/plane.js';
import type { ModelPool } from '../modelPool.js';
import type { SliceRequest, SliceSource } from '../slices.js';
import { withLeastScore } from './limits.js';
import { openSeriesCut, requireGivenMasks } from './openSeries.js';
import { propagate } from './propagate.js';
import type { PropagationEvent, PropagationRequest } from './types.js';

/** Masks of some slices of one axis of a series, and how to go on from them. */
export interface SeriesPropagation extends Omit<SliceRequest, 'sliceIndex'> {
  readonly given: PropagationRequest['given'];
  readonly direction: PropagationRequest['direction'];
  /** What earlier runs made, and the given slices that changed since; left out: everything is made. */
  readonly again?: Pick<PropagationRequest, 'before'> & { readonly changed: readonly number[] };
  readonly segmenterId: string;
  /** Predicted IoU under which the target is held to have ended; null: none, a drop of it counts. */
  readonly leastScore: number | null;
}

export interface OpenPropagation {
  readonly plane: SlicePlane;
  readonly geometry: VolumeGeometry;
  readonly events: AsyncGenerator<PropagationEvent>;
}

/** A propagation over an open series, ready to run. Rejects with IbisError where it cannot begin. */
export async function openPropagation(
  source: {
    readonly slices: SliceSource;
    readonly models: Pick<ModelPool, 'verify' | 'getSegmenter'>;
  },
  { segmenterId, given, direction, again, leastScore, ...place }: SeriesPropagation,
  signal: AbortSignal,
): Promise<OpenPropagation> {
  const [sliceIndex = 0] = given.keys();
  await source.models.verify('', segmenterId);
  const { plane, geometry, slices } = await openSeriesCut(
    source.slices,
    { ...place, sliceIndex },
    signal,
  );
  requireGivenMasks(given, plane);
  const segmenter = await source.models.getSegmenter(segmenterId);
  const { changed = null, before = new Map() } = again ?? {};
  const limits = withLeastScore(leastScore);
  const request = { slices, segmenter, given, direction, changed, before, limits, signal };
  return { plane, geometry, events: propagate(request) };
}
