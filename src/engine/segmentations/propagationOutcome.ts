import { cutSegmentSlice } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { findWalks, isStale } from '../propagation/walks.js';
import type { Walk } from '../propagation/walks.js';
import type { PropagatedSlice, PropagationEnd } from '../propagation/types.js';
import type { EndRecord, MadeRecord, RunRecord } from './propagationRecord.js';
import { printMask } from './propagationState.js';
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
export interface Earlier {
  readonly kept: readonly MadeRecord[];
  readonly cleared: readonly number[];
  readonly keptEnds: readonly EndRecord[];
}

export function settleEarlier(run: FinishedRun): Earlier {
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

/** Of a given slice whose run was cut short: no mask has it, so the slice counts as changed. */
const UNFINISHED = 'unfinished';

/** What is kept of a run; `own` are the voxels that it began with, `after` those that it left. */
export function makeRunRecord(
  { standing, changed, made, ends, cancelled }: FinishedRun,
  { kept, keptEnds }: Earlier,
  facts: Pick<RunRecord, 'segmentNumber' | 'ofAct'> & {
    readonly own: SegmentSlices;
    readonly after: SegmentSlices;
  },
): RunRecord {
  const { segmentNumber, ofAct, own, after } = facts;
  const { plane, given } = standing;
  const print = (voxels: SegmentSlices, sliceIndex: number): string =>
    printMask(cutSegmentSlice(voxels, plane, sliceIndex));
  const isDone = (index: number): boolean => !cancelled || changed?.includes(index) === false;
  const fresh = made.map(({ sliceIndex, score, stemsFrom, doubts }) => ({
    ...{ sliceIndex, score, stemsFrom, doubts: [...doubts], print: print(after, sliceIndex) },
  }));
  return {
    ...{ kind: 'run', segmentNumber, axis: plane.axis, ofAct },
    // As they were when the run began: one that was changed since is told from it.
    given: given.map((sliceIndex) => ({
      sliceIndex,
      print: isDone(sliceIndex) ? print(own, sliceIndex) : UNFINISHED,
    })),
    made: [...kept, ...fresh].sort((a, b) => a.sliceIndex - b.sliceIndex),
    ends: [...keptEnds, ...ends.map(({ kind: _kind, ...end }) => end)],
  };
}
