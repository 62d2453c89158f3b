import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { BatchCaseSummary, BatchSummary } from '../../contract/batchChannels.js';
import type { BatchId } from '../../domain/brand.js';

/** Batches, and the cases of the one that is looked at, as far as the list was scrolled. */
export const useBatchStore = defineStore('batch', () => {
  const batches = shallowRef<readonly BatchSummary[]>([]);
  const shownId = ref<BatchId | null>(null);
  const shown = computed(() => batches.value.find(({ batchId }) => batchId === shownId.value));
  const total = computed(() => {
    const counts = shown.value?.counts;
    return counts === undefined ? 0 : counts.done + counts.failed + counts.pending;
  });
  return {
    batches,
    shownId,
    shown,
    total,
    cases: shallowRef<readonly BatchCaseSummary[]>([]),
    /** The case that was opened last: where the queue stands. */
    openedPosition: ref<number | null>(null),
    problem: ref(''),
    /** Where the report was written; '' otherwise. */
    reportFile: ref(''),
    dialogShown: ref(false),
    /** A folder is being read. */
    making: ref(false),
  };
});
