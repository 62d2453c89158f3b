import type { SegmentationEvent } from '../../contract/segmentationChannels.js';
import type { Segmentation } from '../../domain/segmentation.js';
import { call } from '../ui/client.js';
import { useSegmentationStore } from './segmentationStore.js';
import type { ShownVolume } from './segmentationStore.js';
import { expireMasks, shownMasks } from './shownMasks.js';

/** Shows what is stored of a volume; null: none is on screen. */
export async function loadSegmentations(volume: ShownVolume | null): Promise<void> {
  const store = useSegmentationStore();
  store.volume = volume;
  store.list = [];
  store.chosenId = null;
  store.chosenSegment = null;
  store.renaming = null;
  store.problem = '';
  store.exported = null;
  store.importNotes = [];
  shownMasks.clear();
  if (volume === null) return;
  const reply = await call('listSegmentations', { seriesId: volume.seriesId });
  if (store.volume !== volume) return; // the user went on
  if (!reply.ok) store.problem = reply.error.message;
  else
    for (const segmentation of reply.value)
      if (segmentation.phaseIndex === volume.phaseIndex) take(segmentation);
}

/** Shows another segmentation of the volume. */
export function chooseSegmentation(segmentation: Segmentation): void {
  const store = useSegmentationStore();
  if (store.shown?.segmentationId !== segmentation.segmentationId) shownMasks.clear();
  take(segmentation);
  store.chosenId = segmentation.segmentationId;
  store.chosenSegment = segmentation.segments[0]?.segmentNumber ?? null;
  store.maskVersion++;
}

/** The list with a newer state of one; what comes late and is older changes nothing. */
function take(segmentation: Segmentation): void {
  const store = useSegmentationStore();
  const at = store.list.findIndex(
    ({ segmentationId }) => segmentationId === segmentation.segmentationId,
  );
  if (at < 0) {
    const shownBefore = store.shown?.segmentationId;
    store.list = [...store.list, segmentation];
    if (store.shown?.segmentationId !== shownBefore) shownMasks.clear();
  } else if ((store.list[at]?.revision ?? 0) <= segmentation.revision)
    store.list = store.list.with(at, segmentation);
}

const visibleNumbers = ({ segments }: Segmentation): readonly number[] =>
  segments.filter(({ visible }) => visible).map(({ segmentNumber }) => segmentNumber);

export function receiveSegmentation(event: SegmentationEvent): void {
  const store = useSegmentationStore();
  if (event.kind === 'segmentationDeleted') {
    if (store.shown?.segmentationId === event.segmentationId) shownMasks.clear();
    store.list = store.list.filter(({ segmentationId }) => segmentationId !== event.segmentationId);
    return;
  }
  const { segmentation, changes } = event;
  const { volume, shown } = store;
  if (segmentation.seriesId !== volume?.seriesId || segmentation.phaseIndex !== volume.phaseIndex)
    return;
  take(segmentation);
  if (shown === null || segmentation.segmentationId !== shown.segmentationId) return;
  const seen = visibleNumbers(shown);
  // Masks of hidden segments are not sent: one that is shown again must be asked for everywhere.
  if (visibleNumbers(segmentation).some((number) => !seen.includes(number))) {
    shownMasks.expire(() => true);
    store.maskVersion++;
  }
  expireMasks(changes.map(({ box }) => box));
}
