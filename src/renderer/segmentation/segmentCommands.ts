import { usePanelStore } from '../ui/panelStore.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { segmentLooks } from '../viewer/viewerApi.js';
import { useEditingStore } from './editingStore.js';
import { useSegmentationStore } from './segmentationStore.js';
import { copyToNeighbour, interpolate } from './sliceActs.js';
import { fillHoles, keepLargest, smooth } from './wholeSegmentActs.js';

/** Only while segments lie on top: elsewhere the key would change what is not seen. */
const onSegments =
  (act: () => unknown): (() => void) =>
  () => {
    if (usePanelStore().rightTab === 'segments') act();
  };

/** The segment so many places further in the list, from its end to its beginning. */
const chooseSegment = (delta: 1 | -1): void => {
  const store = useSegmentationStore();
  const segments = store.shown?.segments ?? [];
  if (store.active === null || segments.length === 0) return;
  const at = segments.indexOf(store.active) + delta;
  store.chosenSegment = segments.at(at % segments.length)?.segmentNumber ?? null;
};

/** What the keys for segments do; buttons call the same functions. */
export const segmentCommands = {
  'brush.sphere': onSegments(() => {
    const editing = useEditingStore();
    editing.brushShape = editing.brushShape === 'circle' ? 'sphere' : 'circle';
  }),
  'brush.limit': onSegments(() => {
    const editing = useEditingStore();
    editing.limited = !editing.limited;
  }),
  'brush.sample': onSegments(() => {
    const editing = useEditingStore();
    useViewerStore().tool = 'brush';
    editing.sampling = true;
  }),
  'segments.next': onSegments(() => {
    chooseSegment(1);
  }),
  'segments.previous': onSegments(() => {
    chooseSegment(-1);
  }),
  'segments.outline': (): void => {
    const store = useSegmentationStore();
    const at = segmentLooks.indexOf(store.look) + 1;
    store.look = segmentLooks[at % segmentLooks.length] ?? 'both';
  },
  'segments.largest': onSegments(keepLargest),
  'segments.holes': onSegments(fillHoles),
  'segments.smooth': onSegments(smooth),
  'segments.interpolate': onSegments(interpolate),
  'slices.copy-next': onSegments(() => copyToNeighbour(1)),
  'slices.copy-previous': onSegments(() => copyToNeighbour(-1)),
} as const;
