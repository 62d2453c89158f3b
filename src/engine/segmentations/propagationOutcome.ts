import { findWalks, isStale } from '../propagation/walks.js';
import type { Walk } from '../propagation/walks.js';
import type { PropagatedSlice, PropagationEnd } from '../propagation/types.js';
import type { EndRecord, MadeRecord } from './propagationRecord.js';
import type { PropagationStanding } from './propagationState.js';

/** What a run came to, and how it was asked for. */
export interface FinishedRun {
  readonly standing: PropagationStanding;
  /** Whether each given slice shows the target. */
  readonly given: ReadonlyMap<number, { readonly hasTarget: boolean }>;
  /** The given slices that it went from; null: from all. */
  readonly changed: readonly number[] | null;
  readonly direction: 'both' | 'up' | 'down';
  readonly made: readonly PropagatedSlice[];
  readonly ends: readonly PropagationEnd[];
  readonly cancelled: boolean;
}

const isOn = ({ from, step, last }: Walk, sliceIndex: number): boolean =>
  step * (sliceIndex - from) > 0 && step * (last - sliceIndex) >= 0;

/** What earlier runs made and this one did not: what still holds, and what is taken back. */
export function settleEarlier(run: FinishedRun): {
  readonly kept: readonly MadeRecord[];
  readonly cleared: readonly number[];
  readonly keptEnds: readonly EndRecord[];
} {
  const { standing, given, changed, direction } = run;
  const walks = findWalks(given, standing.plane.sliceCount, { direction, changed });
  const isMade = new Set(run.made.map(({ sliceIndex }) => sliceIndex));
  const isNewEnd = (end: EndRecord): boolean =>
    run.ends.some((other) => other.stemsFrom === end.stemsFrom && other.towards === end.towards);
  // A run over everything that was cut short has not been where it would have taken something back.
  const isOver = ({ stemsFrom }: MadeRecord | EndRecord, sliceIndex: number): boolean =>
    changed !== null
      ? isStale({ stemsFrom }, sliceIndex, { given, changed })
      : !run.cancelled && walks.some((walk) => isOn(walk, sliceIndex));
  const kept: MadeRecord[] = [];
  const cleared: number[] = [];
  for (const { review, ...slice } of standing.slices) {
    const { sliceIndex } = slice;
    if (review !== 'open' || given.has(sliceIndex) || isMade.has(sliceIndex)) continue;
    if (isOver(slice, sliceIndex)) cleared.push(sliceIndex);
    else kept.push(slice);
  }
  const keptEnds = standing.ends.flatMap(({ review, ...end }) => {
    const beyond = end.sliceIndex + (end.towards === 'up' ? 1 : -1);
    const isGone = review === 'corrected' || isMade.has(beyond) || given.has(beyond);
    return isGone || isNewEnd(end) || isOver(end, beyond) ? [] : [end];
  });
  return { kept, cleared, keptEnds };
}
