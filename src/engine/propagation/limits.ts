import type { PropagationLimits, SignLimits } from './types.js';

/** Ends nothing, and flags nothing. */
export const noLimits: SignLimits = {
  leastScore: -Infinity,
  mostScoreDrop: Infinity,
  mostAreaRatio: Infinity,
  leastOverlap: -Infinity,
  mostDrift: Infinity,
  mostGrayShift: Infinity,
  mostGrowth: Infinity,
  mostRegrowth: Infinity,
  mostReach: Infinity,
};

/**
 * Chosen with ibis-click 0.1.1, by scripts/propagationLimits.mjs, on the 19 held-out volumes of the hippocampus set's train
 * split and on regions of the AAL labels of Colin27. The drop of the score takes the place of one least score for all
 * targets: some the segmenter is never sure of, and beyond a border to a structure of the same gray it is as sure as before.
 * Regrowth: what 99% of true shapes keep to (all AAL regions, along all three axes, from their largest slice). Area,
 * overlap and drift told nothing more about the end; they raise a doubt where they leave what is seen on well segmented
 * slices. docs/decisions/0073-propagation.md.
 */
export const measuredLimits: PropagationLimits = {
  end: { ...noLimits, mostScoreDrop: 0.08, mostGrayShift: 0.8, mostRegrowth: 1.9 },
  doubt: {
    leastScore: 0.77,
    mostScoreDrop: 0.06,
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
 * The measured limits, and a score under which the target is held to have ended whatever it was before. Null: none.
 */
export const withLeastScore = (leastScore: number | null): PropagationLimits =>
  leastScore === null
    ? measuredLimits
    : { ...measuredLimits, end: { ...measuredLimits.end, leastScore } };
