import { watch } from 'vue';

import { useSegmentationStore } from '../segmentation/segmentationStore.js';
import { usePanelStore } from '../ui/panelStore.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { loadPropagation } from './propagationActs.js';

const REST_MS = 250; // of quick strokes only the last is asked about

/** What is known of the propagation follows the active segment, its voxels and the plane on screen. */
export function usePropagation(): void {
  const segmentation = useSegmentationStore();
  const viewer = useViewerStore();
  const panels = usePanelStore();
  let timer: ReturnType<typeof setTimeout> | undefined;
  watch(
    () => [
      panels.rightTab === 'segments',
      segmentation.shown?.segmentationId,
      segmentation.shown?.revision,
      segmentation.active?.segmentNumber,
      viewer.position?.axis,
    ],
    ([isOnTop]) => {
      clearTimeout(timer);
      if (isOnTop === true) timer = setTimeout(() => void loadPropagation(), REST_MS);
    },
  );
}
