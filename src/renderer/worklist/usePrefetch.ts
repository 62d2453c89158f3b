import { onBeforeUnmount, watch } from 'vue';

import { useBatchStore } from '../batch/batchStore.js';
import { useEngineStore } from '../ui/engineStore.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { prefetchNextCase } from './caseQueue.js';
import { useWorklistStore } from './worklistStore.js';

const REST_MS = 500; // who hurries through a queue is not followed case by case

/** Once a case is on screen, has the next one of the queue made ready. */
export function usePrefetch(): void {
  const worklist = useWorklistStore();
  const viewer = useViewerStore();
  const batch = useBatchStore();
  const engine = useEngineStore();
  let timer: ReturnType<typeof setTimeout> | undefined;

  watch(
    () => [
      worklist.series?.seriesId,
      worklist.tab,
      worklist.queuePlace?.sessionId,
      worklist.sessionFilter,
      worklist.sessionSort,
      batch.shownId,
      batch.openedPosition,
      viewer.loadProgress === null || viewer.loadProgress.loaded === viewer.loadProgress.total,
    ],
    ([seriesId, , , , , , , isLoaded]) => {
      clearTimeout(timer);
      if (seriesId === undefined || isLoaded !== true || engine.state.kind !== 'ready') return;
      timer = setTimeout(() => void prefetchNextCase(), REST_MS);
    },
  );
  onBeforeUnmount(() => {
    clearTimeout(timer);
  });
}
