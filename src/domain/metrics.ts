import type { Mask } from './mask.js';

/** Pixels in both, in `a` and in `b`. Throws when the sizes differ. */
function countOverlap(a: Mask, b: Mask): { both: number; inA: number; inB: number } {
  if (a.width !== b.width || a.height !== b.height) throw new Error('masks differ in size');
  let both = 0;
  let inA = 0;
  let inB = 0;
  for (let p = 0; p < a.data.length; p++) {
    const va = a.data[p] ?? 0;
    const vb = b.data[p] ?? 0;
    both += va & vb;
    inA += va;
    inB += vb;
  }
  return { both, inA, inB };
}

/** Dice in [0, 1]; two empty masks agree fully (1). */
export function computeDice(a: Mask, b: Mask): number {
  const { both, inA, inB } = countOverlap(a, b);
  return inA + inB === 0 ? 1 : (2 * both) / (inA + inB);
}

/** Intersection over union in [0, 1]; two empty masks agree fully (1). */
export function computeIou(a: Mask, b: Mask): number {
  const { both, inA, inB } = countOverlap(a, b);
  return inA + inB === 0 ? 1 : both / (inA + inB - both);
}
