import { computeMaskBounds } from '../../domain/mask.js';
import type { Mask } from '../../domain/mask.js';

/**
 * A mask carried from one slice to the next: each pixel takes the value of the pixels near it whose surroundings look
 * like its own. After Coupé et al., "Patch-based segmentation using expert priors: Application to hippocampus and
 * ventricle segmentation", NeuroImage 54 (2011). Measured: docs/decisions/0073-propagation.md.
 */
const SEARCH_PX = 2; // how far the outline may move from one slice to the next
const PATCH_PX = 1; // half the side of the surroundings that are compared
const SHARPNESS = 0.3; // of the choice among candidates; differences count in deviations of the gray values
const DISTANCE_COST = 0.01; // of the farthest candidate along an axis: among equals the nearest wins
const CONTEXT_PX = 6; // around the mask, where the gray values' deviation is measured

export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array; // uint8 [height, width]
}

/** Ones in the part of the image that each row and column closes off: int32 [height + 1, width + 1]. */
function sumUp({ width, height, data }: Mask): Int32Array {
  const sums = new Int32Array((width + 1) * (height + 1));
  for (let row = 0; row < height; row++) {
    let line = 0;
    for (let column = 0; column < width; column++) {
      line += data[row * width + column] ?? 0;
      sums[(row + 1) * (width + 1) + column + 1] =
        (sums[row * (width + 1) + column + 1] ?? 0) + line;
    }
  }
  return sums;
}

/** Variance of the gray values on and around the mask; at least 1. */
function computeContrast({ width, height, data }: GrayImage, mask: Mask): number {
  const bounds = computeMaskBounds(mask);
  if (bounds === null) return 1;
  let [count, sum, squares] = [0, 0, 0];
  const bottom = Math.min(height - 1, bounds.bottom + CONTEXT_PX);
  const right = Math.min(width - 1, bounds.right + CONTEXT_PX);
  for (let row = Math.max(0, bounds.top - CONTEXT_PX); row <= bottom; row++)
    for (let column = Math.max(0, bounds.left - CONTEXT_PX); column <= right; column++) {
      const value = data[row * width + column] ?? 0;
      count++;
      sum += value;
      squares += value * value;
    }
  return Math.max(1, squares / count - (sum / count) ** 2);
}

/**
 * How much of each pixel of `to` belongs to the target that `mask` shows on `from`: float32 [height, width], 0 to 1.
 * Only about the outline is anything compared: elsewhere all candidates agree. Throws when the sizes differ.
 */
export function carryMask(from: GrayImage, to: GrayImage, mask: Mask): Float32Array {
  const { width, height } = mask;
  if ([from, to].some((image) => image.width !== width || image.height !== height))
    throw new Error('mask and images differ in size');
  const shares = new Float32Array(mask.data);
  const bounds = computeMaskBounds(mask);
  if (bounds === null) return shares;
  const sums = sumUp(mask);
  const contrast = computeContrast(from, mask);
  const hold = (value: number, size: number): number => Math.min(size - 1, Math.max(0, value));

  /** Mean squared difference of the surroundings of two pixels, in variances; the image is held at its borders. */
  const compare = (column: number, row: number, otherColumn: number, otherRow: number): number => {
    let total = 0;
    for (let y = -PATCH_PX; y <= PATCH_PX; y++) {
      const here = hold(row + y, height) * width;
      const there = hold(otherRow + y, height) * width;
      for (let x = -PATCH_PX; x <= PATCH_PX; x++) {
        const a = to.data[here + hold(column + x, width)] ?? 0;
        const b = from.data[there + hold(otherColumn + x, width)] ?? 0;
        total += (a - b) ** 2;
      }
    }
    return total / (2 * PATCH_PX + 1) ** 2 / contrast;
  };

  const costs = new Float64Array((2 * SEARCH_PX + 1) ** 2);
  const values = new Uint8Array(costs.length);
  const lastRow = hold(bounds.bottom + SEARCH_PX, height);
  const lastColumn = hold(bounds.right + SEARCH_PX, width);
  for (let row = hold(bounds.top - SEARCH_PX, height); row <= lastRow; row++) {
    const top = hold(row - SEARCH_PX, height);
    const bottom = hold(row + SEARCH_PX, height);
    for (let column = hold(bounds.left - SEARCH_PX, width); column <= lastColumn; column++) {
      const left = hold(column - SEARCH_PX, width);
      const right = hold(column + SEARCH_PX, width);
      const sumAt = (r: number, c: number): number => sums[r * (width + 1) + c] ?? 0;
      const ones =
        sumAt(bottom + 1, right + 1) -
        sumAt(top, right + 1) -
        sumAt(bottom + 1, left) +
        sumAt(top, left);
      if (ones === 0 || ones === (right - left + 1) * (bottom - top + 1)) continue;
      let count = 0;
      let least = Infinity;
      for (let r = top; r <= bottom; r++)
        for (let c = left; c <= right; c++) {
          const distance = ((r - row) ** 2 + (c - column) ** 2) / SEARCH_PX ** 2;
          const cost = compare(column, row, c, r) + DISTANCE_COST * distance;
          least = Math.min(least, cost);
          costs[count] = cost;
          values[count++] = mask.data[r * width + c] ?? 0;
        }
      let [weights, inside] = [0, 0];
      for (let n = 0; n < count; n++) {
        const weight = Math.exp((least - (costs[n] ?? 0)) / SHARPNESS ** 2);
        weights += weight;
        inside += weight * (values[n] ?? 0);
      }
      shares[row * width + column] = inside / weights;
    }
  }
  return shares;
}
