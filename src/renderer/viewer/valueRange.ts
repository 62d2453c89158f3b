import type { ValueRange } from '../../domain/rangeLimit.js';

const LEFT_OUT = 0.025; // at each end: a stroke that slips over an edge does not open the range

/** The middle 95 % of the values where a mask is set; null where it is empty or has no values. */
export function findMiddleRange(
  values: ArrayLike<number>,
  mask: ArrayLike<number>,
): ValueRange | null {
  const found: number[] = [];
  for (let at = 0; at < mask.length; at++) {
    const value = values[at];
    if (mask[at] === 1 && value !== undefined && Number.isFinite(value)) found.push(value);
  }
  found.sort((a, b) => a - b);
  const lower = found[Math.floor(LEFT_OUT * found.length)];
  const upper = found[Math.ceil((1 - LEFT_OUT) * found.length) - 1];
  return lower === undefined || upper === undefined ? null : { lower, upper };
}
