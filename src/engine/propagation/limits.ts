import type { PropagationLimits } from './types.js';

/**
 * Chosen on held-out volumes of the hippocampus set's train split with ibis-click 0.1.1 (scripts/propagationLimits.mjs;
 * docs/decisions/0073-propagation.md). Of all signs the score and the gray values tell the end; the others raise a doubt
 * where they leave what is seen on slices that were segmented well.
 */
export const measuredLimits: PropagationLimits = {
  end: {
    leastScore: 0.74,
    mostAreaRatio: Infinity,
    leastOverlap: 0,
    mostDrift: Infinity,
    mostGrayShift: 1,
  },
  doubt: {
    leastScore: 0.77,
    mostAreaRatio: 1.4,
    leastOverlap: 0.84,
    mostDrift: 0.2,
    mostGrayShift: 0.4,
  },
};
