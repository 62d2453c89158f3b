import type { PropagationLimits, SignLimits } from './types.js';

/** Ends nothing, and flags nothing. */
export const noLimits: SignLimits = {
  leastScore: -Infinity,
  scoreRise: 0,
  mostAreaRatio: Infinity,
  leastOverlap: -Infinity,
  mostDrift: Infinity,
  mostGrayShift: Infinity,
  mostGrowth: Infinity,
  mostRegrowth: Infinity,
  mostReach: Infinity,
};

/**
 * Score and gray values: chosen on the 19 held-out volumes of the hippocampus set's train split with ibis-click 0.1.1, by
 * scripts/propagationLimits.mjs. On the same, 38 of the 41 slices that lie farther than one radius from the given one and
 * have a score of 0.73 or more are wrong, with scores up to 0.79: hence the rise. Regrowth: what 99% of true shapes keep to
 * (regions of the AAL labels of Colin27, along all three axes, from their largest slice). Area, overlap and drift told
 * nothing more about the end; they raise a doubt where they leave what is seen on well segmented slices.
 * docs/decisions/0073-propagation.md.
 */
export const measuredLimits: PropagationLimits = {
  end: { ...noLimits, leastScore: 0.73, scoreRise: 0.05, mostGrayShift: 0.8, mostRegrowth: 1.9 },
  doubt: {
    leastScore: 0.77,
    scoreRise: 0.05,
    mostAreaRatio: 1.36,
    leastOverlap: 0.81,
    mostDrift: 0.18,
    mostGrayShift: 0.5,
    mostGrowth: 1.2,
    mostRegrowth: 1.2,
    mostReach: 1.25,
  },
};

/**
 * The measured limits, with another score at which the target is held to have ended: of some targets the segmenter is
 * never as sure as of those that the limits were chosen on. Null: the measured one.
 */
export const withLeastScore = (leastScore: number | null): PropagationLimits =>
  leastScore === null
    ? measuredLimits
    : { ...measuredLimits, end: { ...measuredLimits.end, leastScore } };
