import { shallowRef, watch } from 'vue';
import type { ShallowRef } from 'vue';

import type { SegmentLayer } from '../viewer/viewerApi.js';
import { withPreview } from '../volume/preview.js';
import { usePropagationStore } from '../volume/propagationStore.js';
import { useSegmentationStore } from './segmentationStore.js';
import { shownMasks } from './shownMasks.js';

/** What the image draws of the segments; null where there are none. */
export function useSegmentLayer(): Readonly<ShallowRef<SegmentLayer | null>> {
  const store = useSegmentationStore();
  const propagation = usePropagationStore();
  const layer = shallowRef<SegmentLayer | null>(null);
  watch(
    [
      () => store.shown,
      () => store.look,
      () => store.lineWidthPx,
      () => store.maskVersion,
      () => propagation.run,
    ],
    ([shown, look, lineWidthPx]) => {
      layer.value =
        shown === null || shown.segments.length === 0
          ? null
          : {
              phaseIndex: shown.phaseIndex,
              look,
              lineWidthPx,
              segments: shown.segments.filter(({ visible }) => visible),
              masksOn: (axis, sliceIndex) =>
                withPreview(shownMasks.on(axis, sliceIndex), propagation.run, shown, {
                  axis,
                  sliceIndex,
                }),
            };
    },
    { immediate: true },
  );
  return layer;
}
