import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { SegmentationId } from '../../domain/brand.js';
import type { SegmentStatistics } from '../../domain/segmentStatistics.js';
import { useSegmentationStore } from '../segmentation/segmentationStore.js';

/** What the active segment measures, as last computed. */
export const useMeasuresStore = defineStore('measures', () => {
  const segmentation = useSegmentationStore();
  const measured = shallowRef<{
    readonly segmentationId: SegmentationId;
    readonly statistics: SegmentStatistics;
  } | null>(null);
  return {
    measured,
    /** Null until they are known; those of an older state stay until the new ones are there. */
    ofActive: computed(() =>
      measured.value?.segmentationId === segmentation.shown?.segmentationId &&
      measured.value?.statistics.segmentNumber === segmentation.active?.segmentNumber
        ? measured.value?.statistics
        : undefined,
    ),
    copied: ref(false),
  };
});
