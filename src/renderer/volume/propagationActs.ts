import type { SlicePropagated } from '../../contract/propagationChannels.js';
import { useModelsStore } from '../models/modelsStore.js';
import { useSegmentationStore } from '../segmentation/segmentationStore.js';
import { shownMasks } from '../segmentation/shownMasks.js';
import { call } from '../ui/client.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { usePropagationStore } from './propagationStore.js';
import { findNextOpen } from './reviewList.js';

/** The active segment along the axis of the active pane; null: there is none. */
export function getCut() {
  const { shown, active } = useSegmentationStore();
  const axis = useViewerStore().position?.axis;
  if (shown === null || active === null || axis === undefined) return null;
  const { segmentationId } = shown;
  return { segmentationId, segmentNumber: active.segmentNumber, axis };
}

/** Asks what is given and made of the active segment; the newest answer counts. */
export async function loadPropagation(): Promise<void> {
  const store = usePropagationStore();
  const cut = getCut();
  const isSame = (): boolean => JSON.stringify(getCut()) === JSON.stringify(cut);
  if (cut === null) {
    store.state = null;
    return;
  }
  const reply = await call('getPropagation', cut);
  if (!isSame()) return; // the user went on
  if (reply.ok) store.state = reply.value;
  else useSegmentationStore().problem = reply.error.message;
}

/** Completes the active segment along the shown axis; one run at a time. */
export async function startPropagation({ automatic = false } = {}): Promise<void> {
  const store = usePropagationStore();
  const segmentation = useSegmentationStore();
  const viewer = useViewerStore();
  const cut = getCut();
  if (cut === null || store.run !== null) return;
  const jobId = crypto.randomUUID();
  segmentation.problem = '';
  segmentation.note = '';
  store.run = { jobId, ...cut, made: new Map(), cancelling: false, automatic };
  const reply = await call('startPropagation', {
    ...{ ...cut, jobId, window: viewer.window, direction: store.direction },
    segmenterId: useModelsStore().segmenterId,
    keepsPartial: !automatic,
  });
  // The preview stays until what is shown is what is stored.
  const shown = viewer.position;
  if (shown !== null) await shownMasks.refresh(shown.axis, shown.sliceIndex);
  store.run = null;
  if (!reply.ok && reply.error.code !== 'cancelled') segmentation.problem = reply.error.message;
  else if (reply.ok && !automatic && !reply.value.cancelled && reply.value.slices.length === 0)
    segmentation.note = 'No further slice was found to hold the target.';
  await loadPropagation();
}

export async function cancelPropagation(): Promise<void> {
  const store = usePropagationStore();
  if (store.run === null || store.run.cancelling) return;
  store.run = { ...store.run, cancelling: true };
  const reply = await call('cancelJob', { jobId: store.run.jobId });
  if (!reply.ok) useSegmentationStore().problem = reply.error.message;
}

export function receivePropagatedSlice({ jobId, slice, mask }: SlicePropagated): void {
  const store = usePropagationStore();
  if (store.run?.jobId !== jobId) return;
  const made = new Map(store.run.made).set(slice.sliceIndex, { mask, slice });
  store.run = { ...store.run, made };
}

/** The engine has stopped: a run that was under way will not end. What it made was not stored. */
export function haltPropagation(): void {
  usePropagationStore().run = null;
}

export function showSliceOf(sliceIndex: number): void {
  const axis = usePropagationStore().state?.axis;
  if (axis !== undefined) useViewerStore().api?.showSlice({ axis, sliceIndex });
}

/** To the next slice that should be looked at. */
export function goToDoubt(direction: 1 | -1): void {
  const from = useViewerStore().position?.sliceIndex;
  if (from === undefined) return;
  const next = findNextOpen(usePropagationStore().review, from, direction);
  if (next !== null) showSliceOf(next);
}

/** Says that a slice is right, or takes that back; the next one to be looked at is shown. */
export async function reviewSlice(sliceIndex: number, confirmed: boolean): Promise<void> {
  const store = usePropagationStore();
  if (store.state === null) return;
  const { segmentationId, segmentNumber, axis } = store.state;
  const asked = { segmentationId, segmentNumber, axis, sliceIndex, confirmed };
  const reply = await call('reviewPropagatedSlice', asked);
  if (!reply.ok) {
    useSegmentationStore().problem = reply.error.message;
    return;
  }
  store.state = reply.value;
  const next = confirmed ? findNextOpen(store.review, sliceIndex, 1) : null;
  if (next !== null) showSliceOf(next);
}

/** The same of the slice on screen, where it is one that was made and not confirmed yet. */
export async function confirmShownSlice(): Promise<void> {
  const { state } = usePropagationStore();
  const position = useViewerStore().position;
  if (state === null || position?.axis !== state.axis) return;
  const { sliceIndex } = position;
  const isOpen = [...state.slices, ...state.ends].some(
    (each) => each.sliceIndex === sliceIndex && each.review === 'open',
  );
  if (isOpen) await reviewSlice(sliceIndex, true);
}
