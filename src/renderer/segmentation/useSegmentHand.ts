import { computed, watch } from 'vue';

import { useViewerStore } from '../ui/viewerStore.js';
import type { RangePreview, SegmentHand } from '../viewer/segmentHand.js';
import { useEditingStore } from './editingStore.js';
import { useSegmentationStore } from './segmentationStore.js';

/** How the hand works on segments, and which values are pointed out on the images meanwhile. */
export function useSegmentHand() {
  const editing = useEditingStore();
  const viewer = useViewerStore();
  const store = useSegmentationStore();
  const hand = computed((): SegmentHand => ({
    brushShape: editing.brushShape,
    range: editing.limited ? editing.limits : null,
    samples: editing.sampling,
  }));
  const isBrush = computed(() => viewer.tool === 'brush' || viewer.tool === 'eraser');
  const preview = computed((): RangePreview | null =>
    (editing.limited && isBrush.value) ||
    (editing.previewsThreshold && editing.group === 'threshold')
      ? { ...editing.limits, colour: store.active?.colour ?? '#56b4e9' }
      : null,
  );
  // Values of another image say nothing here.
  watch(
    () => store.volume?.seriesId,
    () => {
      editing.range = null;
      editing.ownTolerance = null;
      editing.limited = false;
      editing.sampling = false;
      editing.previewsThreshold = false;
    },
  );
  watch(isBrush, (is) => {
    if (!is) editing.sampling = false;
  });
  return { hand, preview };
}
