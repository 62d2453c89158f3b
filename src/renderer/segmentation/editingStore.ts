import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { ValueRange } from '../../domain/rangeLimit.js';
import { parseFlag, parseNumberWithin, parseOneOf, usePersisted } from '../ui/persisted.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { brushShapes } from '../viewer/segmentHand.js';

/** Tools on whole segments, as the panel groups them. */
export const toolGroups = [
  'threshold',
  'islands',
  'smooth',
  'margin',
  'combine',
  'slices',
] as const;
export type ToolGroupId = (typeof toolGroups)[number];

/** How the tools for segments are set: what the hand does on the image, and which group of the others is open. */
export const useEditingStore = defineStore('editing', () => {
  const viewer = useViewerStore();
  /** As the user wrote or measured it; until then the brighter half of what is seen as grey. */
  const range = shallowRef<ValueRange | null>(null);
  const limits = computed((): ValueRange => {
    const { centre, width } = viewer.window ?? { centre: 0, width: 0 };
    const { lower, upper } = range.value ?? {
      lower: Math.round(centre),
      upper: Math.round(centre + width / 2),
    };
    return { lower: Math.min(lower, upper), upper: Math.max(lower, upper) };
  });
  const ownTolerance = ref<number | null>(null);
  return {
    brushShape: usePersisted('brushShape', parseOneOf(brushShapes, 'circle')),
    /** Whether brush and eraser keep to values in the range. */
    limited: ref(false),
    range,
    limits,
    /** Whether the threshold's range is pointed out on the images. */
    previewsThreshold: ref(false),
    /** The next stroke measures the range. */
    sampling: ref(false),
    cutSide: usePersisted('cutSide', parseOneOf(['inside', 'outside'], 'inside')),
    cutThrough: usePersisted('cutThrough', parseOneOf(['slice', 'all'], 'slice')),
    wireErases: usePersisted('wireErases', parseFlag(false)),
    /** Of region growing, in the image's unit; a tenth of the window until the user sets it. */
    tolerance: computed({
      get: () => ownTolerance.value ?? Math.max(1, Math.round((viewer.window?.width ?? 0) / 10)),
      set: (value: number) => (ownTolerance.value = value),
    }),
    ownTolerance,
    growThrough: usePersisted('growThrough', parseOneOf(['slice', 'all'], 'all')),
    islandAct: usePersisted('islandAct', parseOneOf(['keep', 'remove'], 'keep')),
    group: usePersisted('segmentToolGroup', parseOneOf(toolGroups, 'threshold')),
    minMm3: usePersisted('minIslandMm3', parseNumberWithin(1, 1e6, 100)),
    radiusMm: usePersisted('smoothingMm', parseNumberWithin(0.1, 50, 2)),
    marginMm: usePersisted('marginMm', parseNumberWithin(0.1, 100, 1)),
    thicknessMm: usePersisted('shellMm', parseNumberWithin(0.1, 100, 2)),
  };
});
