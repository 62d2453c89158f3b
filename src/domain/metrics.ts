import type { Mask } from './mask.js';

/** How many pixels or voxels lie in both, in `a` and in `b`. */
export interface Overlap {
  readonly both: number;
  readonly inA: number;
  readonly inB: number;
}

/** Of two sets as 0 or 1 in the same order. */
export function countOverlap(a: Uint8Array, b: Uint8Array): Overlap {
  let both = 0;
  let inA = 0;
  let inB = 0;
  for (let p = 0; p < a.length; p++) {
    const va = a[p] ?? 0;
    const vb = b[p] ?? 0;
    both += va & vb;
    inA += va;
    inB += vb;
  }
  return { both, inA, inB };
}

/** Dice in [0, 1]; two empty sets agree fully (1). */
export const diceOf = ({ both, inA, inB }: Overlap): number =>
  inA + inB === 0 ? 1 : (2 * both) / (inA + inB);

/** Throws when the sizes differ. */
function countMaskOverlap(a: Mask, b: Mask): Overlap {
  if (a.width !== b.width || a.height !== b.height) throw new Error('masks differ in size');
  return countOverlap(a.data, b.data);
}

/** Dice in [0, 1]; two empty masks agree fully (1). */
export function computeDice(a: Mask, b: Mask): number {
  return diceOf(countMaskOverlap(a, b));
}

/** Intersection over union in [0, 1]; two empty masks agree fully (1). */
export function computeIou(a: Mask, b: Mask): number {
  const { both, inA, inB } = countMaskOverlap(a, b);
  return inA + inB === 0 ? 1 : both / (inA + inB - both);
}
