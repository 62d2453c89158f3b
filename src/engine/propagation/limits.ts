import type { PropagationLimits } from './types.js';

/**
 * Chosen on the 19 held-out volumes of the hippocampus set's train split with ibis-click 0.1.1, by
 * scripts/propagationLimits.mjs (docs/decisions/0073-propagation.md). Score and gray values tell where the target ends;
 * area, overlap and drift, which added nothing to that, raise a doubt where they leave what is seen on well segmented
 * slices.
 */
export const measuredLimits: PropagationLimits = {
  end: {
    leastScore: 0.73,
    mostAreaRatio: Infinity,
    leastOverlap: 0,
    mostDrift: Infinity,
    mostGrayShift: 0.8,
  },
  doubt: {
    leastScore: 0.77,
    mostAreaRatio: 1.36,
    leastOverlap: 0.81,
    mostDrift: 0.18,
    mostGrayShift: 0.5,
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
