import type { Mask } from '../../domain/mask.js';
import type { Segmenter, SliceImage } from '../agent/types.js';

/** The slices of one cut of a volume, each as the segmenter sees it. */
export interface PropagationSlices {
  readonly count: number;
  /** From one slice to the next, in pixels of a slice. */
  readonly distancePx: number;
  load(sliceIndex: number, signal: AbortSignal): Promise<SliceImage>;
}

/** What a slice's mask looks like beside its neighbour's, and beside what was given. */
export interface SliceSigns {
  /** The segmenter's own guess of the IoU. */
  readonly score: number;
  /** How far the score lies under the best on the walk so far. */
  readonly scoreDrop: number;
  /** Pixels, over those of the neighbour's mask. */
  readonly areaRatio: number;
  /** Dice with the neighbour's mask. */
  readonly overlap: number;
  /** How far the centroid moved from the neighbour's, over the radius of a disc as large as the neighbour's mask. */
  readonly drift: number;
  /** Difference of the mean gray value inside from that of the given mask at the start, in the latter's deviations. */
  readonly grayShift: number;
  /** Pixels, over those of the largest given mask. */
  readonly growth: number;
  /** Pixels, over the fewest that the walk had since its mask was largest: what tapers to its end does not swell again. */
  readonly regrowth: number;
  /** How far the slice lies from the given one at the start, over the radius of a disc as large as the largest given mask. */
  readonly reach: number;
}

/** Why a slice should be looked at. */
export const doubtReasons = [
  'low-score',
  'score-drop',
  'area-change',
  'little-overlap',
  'drift',
  'other-gray',
  'too-large',
  'swells-again',
  'far-away',
] as const;
export type DoubtReason = (typeof doubtReasons)[number];

export interface Doubt {
  readonly reason: DoubtReason;
  /** The sign that raised it, and the limit that it passed. */
  readonly value: number;
  readonly limit: number;
}

/** What is kept of a slice that was filled in, for a later run. */
export interface MadeSlice {
  readonly score: number; // predicted IoU
  /** The given slice that its walk began at: it depends on that one, and on those between that are given later. */
  readonly stemsFrom: number;
}

/** A slice that was filled in. */
export interface PropagatedSlice extends MadeSlice {
  readonly kind: 'slice';
  readonly sliceIndex: number;
  readonly mask: Mask;
  readonly signs: SliceSigns;
  readonly doubts: readonly Doubt[]; // [] where there is nothing to look at
}

/** A walk is over before it met another: `sliceIndex` is the last slice that has the target. */
export interface PropagationEnd {
  readonly kind: 'end';
  readonly sliceIndex: number;
  readonly towards: 'up' | 'down';
  /** The given slice that the walk began at. */
  readonly stemsFrom: number;
  /** What told that the target had ended on the slice after; null at the last slice of the volume. */
  readonly because: Doubt | 'nothing-found' | null;
}

export type PropagationEvent = PropagatedSlice | PropagationEnd;

export interface PropagationRequest {
  readonly slices: PropagationSlices;
  readonly segmenter: Pick<Segmenter, 'segment' | 'toLogits'>;
  /** Masks that a user or the agent made, by slice; empty ones say that the target is not there. */
  readonly given: ReadonlyMap<number, Mask>;
  /** 'up': only to higher slice indices beyond the given slices; what lies between them is always filled. */
  readonly direction: 'both' | 'up' | 'down';
  /** Given slices that are new or changed: only what depends on them is made. Null: everything. */
  readonly changed: readonly number[] | null;
  /** What an earlier run made, by slice; not read where everything is made. */
  readonly before: ReadonlyMap<number, MadeSlice>;
  readonly limits: PropagationLimits;
  readonly signal: AbortSignal;
}

/** Limits of the signs. `end`: beyond one of them the target is held to have ended. `doubt`: the slice is flagged. */
export interface PropagationLimits {
  readonly end: SignLimits;
  readonly doubt: SignLimits;
}

export interface SignLimits {
  readonly leastScore: number;
  readonly mostScoreDrop: number;
  readonly mostAreaRatio: number; // of the larger area to the smaller one
  readonly leastOverlap: number;
  readonly mostDrift: number;
  readonly mostGrayShift: number;
  readonly mostGrowth: number;
  readonly mostRegrowth: number;
  readonly mostReach: number;
}
