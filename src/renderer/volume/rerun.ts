import { useModelsStore } from '../models/modelsStore.js';
import { cancelPropagation, getCut, loadPropagation, startPropagation } from './propagationActs.js';
import { usePropagationStore } from './propagationStore.js';

/**
 * After a correction the series is gone on from by itself, when the hand has rested: strokes in a row, on one slice or
 * several, are one run. It gives way to whatever the user does next, and what it had made until then is dropped.
 */
const REST_MS = 1500;

type Cut = NonNullable<ReturnType<typeof getCut>>;
let corrected: Cut | null = null; // what was drawn on since the last run; null: nothing
let isDrawing = false;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Whether this is what was drawn last, and the hand rests. */
const isTime = (cut: Cut): boolean => corrected === cut && !isDrawing;

const isSameCut = (a: Cut, b: Cut | null): boolean =>
  a.segmentationId === b?.segmentationId &&
  a.segmentNumber === b.segmentNumber &&
  a.axis === b.axis;

/** What another run would make anew: without it nothing was propagated, or nothing of it is left. */
function hasDependents(): boolean {
  const { state } = usePropagationStore();
  const changed = state?.changed?.length ?? 0;
  return changed > 0 && state?.slices.some(({ review }) => review === 'open') === true;
}

function rest(): void {
  clearTimeout(timer);
  if (corrected !== null && !isDrawing) timer = setTimeout(() => void rerun(), REST_MS);
}

async function rerun(): Promise<void> {
  const store = usePropagationStore();
  const cut = corrected;
  if (cut === null || !isTime(cut)) return;
  if (store.run !== null) {
    rest(); // one at a time
    return;
  }
  const isWanted =
    store.rerunsAfterCorrection &&
    isSameCut(cut, getCut()) &&
    useModelsStore().segmenter?.problem == null;
  if (isWanted) await loadPropagation();
  if (!isTime(cut)) return; // meanwhile it drew again, or took it back
  corrected = null;
  if (isWanted && hasDependents()) await startPropagation({ automatic: true });
}

/** Stops a run that began by itself; false: there is none. */
function stopOwnRun(): boolean {
  const { run } = usePropagationStore();
  if (run?.automatic !== true) return false;
  void cancelPropagation();
  return true;
}

/** The hand has begun to draw on a segment, or has ended. */
export function waitForHand(draws: boolean): void {
  isDrawing = draws;
  if (draws && stopOwnRun()) corrected = getCut();
  rest();
}

/** Something was drawn on the active segment. */
export function noteCorrection(): void {
  stopOwnRun();
  corrected = getCut();
  rest();
}

/** What was corrected is not gone on from: the user has taken it back. */
export function dropRerun(): void {
  stopOwnRun();
  corrected = null;
  clearTimeout(timer);
}
