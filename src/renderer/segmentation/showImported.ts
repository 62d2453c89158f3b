import { nextTick } from 'vue';

import type { MethodResults } from '../../contract/channels.js';
import { usePanelStore } from '../ui/panelStore.js';
import { useViewerStore } from '../ui/viewerStore.js';
import type { SlicePosition } from '../viewer/viewerApi.js';
import { openSeries } from '../worklist/openSeries.js';
import { useSegmentationStore } from './segmentationStore.js';
import { chooseSegmentation } from './takeSegmentation.js';

type Imported = Pick<MethodResults['importSegmentation'], 'segmentation' | 'notes'>;

/** Where to look at it: the slice on screen stays where only the phase is another one. */
function choosePosition({ segmentation }: Imported): SlicePosition | null {
  const { phaseIndex, seriesId, dimensions } = segmentation;
  const { position } = useViewerStore();
  if (useSegmentationStore().volume?.seriesId === seriesId && position !== null)
    return { ...position, phaseIndex };
  // The first phase is shown where the viewer sees fit.
  return phaseIndex === 0 ? null : { axis: 'acquired', sliceIndex: dimensions[2] >> 1, phaseIndex };
}

/** Shows what was imported, on its own series: that may be another one than was on screen. */
export async function showImported(imported: Imported): Promise<void> {
  const { segmentation, notes } = imported;
  const { segmentationId, seriesId, phaseIndex, segments } = segmentation;
  const store = useSegmentationStore();
  const isSameSeries = store.volume?.seriesId === seriesId;
  if (!isSameSeries || store.volume?.phaseIndex !== phaseIndex) {
    if (!(await openSeries(seriesId, choosePosition(imported)))) return;
    await nextTick(); // the panel turns to that series
  }
  usePanelStore().rightTab = 'segments';
  if (isSameSeries) chooseSegmentation(segmentation);
  else {
    // Its list is on the way, with this one in it.
    store.chosenId = segmentationId;
    store.chosenSegment = segments[0]?.segmentNumber ?? null;
  }
  store.importNotes = notes;
}
