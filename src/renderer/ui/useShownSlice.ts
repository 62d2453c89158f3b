import { onBeforeUnmount, watch } from 'vue';

import { useModelsStore } from '../models/modelsStore.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { call } from './client.js';
import { useEngineStore } from './engineStore.js';
import { useViewerStore } from './viewerStore.js';

const REST_MS = 300; // a reader who scrolls on is not waited for

/** Tells the engine which slice the reader rests on, so that it is encoded before it is asked for. */
export function useShownSlice(): void {
  const viewer = useViewerStore();
  const worklist = useWorklistStore();
  const models = useModelsStore();
  const engine = useEngineStore();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const note = async (): Promise<void> => {
    const { position, window } = viewer;
    const seriesId = worklist.series?.seriesId;
    const isUsable = models.segmenter?.problem === null && engine.state.kind === 'ready';
    if (position === null || seriesId === undefined || !isUsable) return;
    // A hint: where it fails the slice is encoded when it is asked for, and that failure is shown.
    await call('noteShownSlice', {
      seriesId,
      ...position,
      window,
      segmenterId: models.segmenterId,
    });
  };
  watch(
    () => [viewer.position, viewer.window, models.segmenterId, engine.state.kind],
    () => {
      clearTimeout(timer);
      timer = setTimeout(() => void note(), REST_MS);
    },
  );
  onBeforeUnmount(() => {
    clearTimeout(timer);
  });
}
