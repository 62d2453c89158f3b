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
  store.ofSeries = [];
  store.chosenId = null;
  store.chosenSegment = null;
  store.renaming = null;
  store.problem = '';
  store.note = '';
  store.exported = null;
  store.importNotes = [];
  shownMasks.clear();
  if (volume === null) return;
  const reply = await call('listSegmentations', { seriesId: volume.seriesId });
  if (store.volume?.seriesId !== volume.seriesId) return; // the user went on
  if (!reply.ok) store.problem = reply.error.message;
  else reply.value.forEach(take);
}

/** Another phase of the series: its segmentations are known already. */
export function showPhase(phaseIndex: number): void {
  const store = useSegmentationStore();
  if (store.volume === null) return;
  store.volume = { ...store.volume, phaseIndex };
  shownMasks.clear();
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

/** Segments that came again as they were are the same objects: of a hundred rows only those that changed are drawn. */
function keepSegments(segmentation: Segmentation, before: Segmentation): Segmentation {
  const known = new Map(before.segments.map((segment) => [JSON.stringify(segment), segment]));
  const segments = segmentation.segments.map(
    (segment) => known.get(JSON.stringify(segment)) ?? segment,
  );
  return { ...segmentation, segments };
}

/** A new one, or a newer state of one; what comes late and is older changes nothing. */
function take(segmentation: Segmentation): void {
  const store = useSegmentationStore();
  const shownBefore = store.shown?.segmentationId;
  const at = store.ofSeries.findIndex(
    ({ segmentationId }) => segmentationId === segmentation.segmentationId,
  );
  const known = store.ofSeries[at];
  if (known === undefined) store.ofSeries = [...store.ofSeries, segmentation];
  else if (known.revision <= segmentation.revision)
    store.ofSeries = store.ofSeries.with(at, keepSegments(segmentation, known));
  if (store.shown?.segmentationId !== shownBefore) shownMasks.clear();
}

const visibleNumbers = ({ segments }: Segmentation): readonly number[] =>
  segments.filter(({ visible }) => visible).map(({ segmentNumber }) => segmentNumber);

export function receiveSegmentation(event: SegmentationEvent): void {
  const store = useSegmentationStore();
  if (event.kind === 'segmentationDeleted') {
    if (store.shown?.segmentationId === event.segmentationId) shownMasks.clear();
    store.ofSeries = store.ofSeries.filter(
      ({ segmentationId }) => segmentationId !== event.segmentationId,
    );
    return;
  }
  const { segmentation, changes } = event;
  const { volume, shown } = store;
  if (segmentation.seriesId !== volume?.seriesId) return;
  take(segmentation);
  if (shown === null || segmentation.segmentationId !== shown.segmentationId) return;
  const seen = visibleNumbers(shown);
  // Masks of hidden segments are not sent: one that is shown again must be asked for everywhere.
  if (visibleNumbers(segmentation).some((number) => !seen.includes(number))) {
    shownMasks.expire(() => 'all');
    store.maskVersion++;
  }
  expireMasks(changes);
}
