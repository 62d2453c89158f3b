import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';

import type { IntensityWindow } from '../../domain/study.js';
import type {
  CineState,
  LoadProgress,
  SlicePosition,
  ViewerApi,
  ViewerLayout,
  ViewerTool,
} from '../viewer/viewerApi.js';
import { parseFlag, parseNumberWithin, usePersisted } from './persisted.js';

/** What the image area shows and how the mouse acts on it; numbers and words only, never pixels. */
export const useViewerStore = defineStore('viewer', () => ({
  /** Commands of the mounted viewer; null before it is ready. */
  api: shallowRef<ViewerApi | null>(null),
  tool: ref<ViewerTool>('window'),
  layout: ref<ViewerLayout>('stack'),
  /** Two by two, the segments in three dimensions take the place of the acquired stack. */
  surfacesShown: usePersisted('surfacesShown', parseFlag(false)),
  position: shallowRef<SlicePosition | null>(null),
  /** Where the next series opens; null: where the viewer sees fit. */
  wantedPosition: shallowRef<SlicePosition | null>(null),
  window: shallowRef<IntensityWindow | null>(null),
  loadProgress: shallowRef<LoadProgress | null>(null),
  cine: shallowRef<CineState>({ playing: false, framesPerSecond: 10, over: 'slices' }),
  problem: ref(''),
  masksHidden: ref(false),
  maskOpacity: usePersisted('maskOpacity', parseNumberWithin(0, 1, 0.35)),
  /** Diameter of brush and eraser, in pixels of the slice image. */
  brushSizePx: usePersisted('brushSizePx', parseNumberWithin(1, 200, 9)),
}));
