import { shallowRef, watch } from 'vue';
import type { ShallowRef } from 'vue';

import type { SegmentLayer } from '../viewer/viewerApi.js';
import { useSegmentationStore } from './segmentationStore.js';
import { shownMasks } from './shownMasks.js';

/** What the image draws of the segments; null where there are none. */
export function useSegmentLayer(): Readonly<ShallowRef<SegmentLayer | null>> {
  const store = useSegmentationStore();
  const layer = shallowRef<SegmentLayer | null>(null);
  watch(
    [() => store.shown, () => store.look, () => store.lineWidthPx, () => store.maskVersion],
    ([shown, look, lineWidthPx]) => {
      layer.value =
        shown === null || shown.segments.length === 0
          ? null
          : {
              phaseIndex: shown.phaseIndex,
              look,
              lineWidthPx,
              segments: shown.segments.filter(({ visible }) => visible),
              masksOn: (axis, sliceIndex) => shownMasks.on(axis, sliceIndex),
            };
    },
    { immediate: true },
  );
  return layer;
}
