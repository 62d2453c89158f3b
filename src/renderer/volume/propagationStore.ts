import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { PropagatedSliceShape, PropagationState } from '../../contract/propagationChannels.js';
import type { SegmentationId } from '../../domain/brand.js';
import type { PackedMask } from '../../domain/mask.js';
import type { SliceAxis } from '../../domain/plane.js';
import { parseFlag, usePersisted } from '../ui/persisted.js';
import { listReview } from './reviewList.js';

export type PropagationDirection = 'both' | 'up' | 'down';

/** A run under way: its slices are in the segment only when it has ended, and are shown until then. */
export interface PropagationRun {
  readonly jobId: string;
  readonly segmentationId: SegmentationId;
  readonly segmentNumber: number;
  readonly axis: SliceAxis;
  /** Another map whenever a slice has come. */
  readonly made: ReadonlyMap<
    number,
    { readonly mask: PackedMask; readonly slice: PropagatedSliceShape }
  >;
  readonly cancelling: boolean;
  /** It began by itself after a correction: when it is cancelled, all stays as it was. */
  readonly automatic: boolean;
}

/** What the active segment is given along the axis on screen, what came of it, and what should be looked at. */
export const usePropagationStore = defineStore('propagation', () => {
  const state = shallowRef<PropagationState | null>(null);
  const review = computed(() => (state.value === null ? [] : listReview(state.value)));
  return {
    state,
    /** In the order of the slices. */
    review,
    open: computed(() => review.value.filter((item) => item.review === 'open')),
    run: shallowRef<PropagationRun | null>(null),
    direction: ref<PropagationDirection>('both'),
    /** Whether what depends on a corrected slice is made again without a press. */
    rerunsAfterCorrection: usePersisted('rerunAfterCorrection', parseFlag(true)),
  };
});
