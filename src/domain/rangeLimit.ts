import type { Vec3 } from './geometry.js';
import type { PackedMask } from './mask.js';
import { packBits } from './packedBits.js';
import type { SegmentSlices } from './segmentation.js';
import type { PixelArray } from './study.js';

/** Modality values from `lower` to `upper`, both included. */
export interface ValueRange {
  readonly lower: number;
  readonly upper: number;
}

/** What of a stroke lies on voxels whose values are in the range: painting limited by a threshold. */
export function limitToRange(
  stroke: SegmentSlices,
  volume: { readonly dimensions: Vec3; readonly data: PixelArray }, // modality values [k, j, i]
  { lower, upper }: ValueRange,
): SegmentSlices {
  const [width, height] = volume.dimensions;
  const limited = new Map<number, PackedMask>();
  for (const [k, mask] of stroke) {
    if (mask.bounds === null) continue;
    const { left, right, top, bottom } = mask.bounds;
    const bits = mask.bits.slice();
    let bit = 0;
    for (let j = top; j <= bottom; j++)
      for (let i = left; i <= right; i++, bit++) {
        const value = volume.data[(k * height + j) * width + i] ?? NaN;
        if (value >= lower && value <= upper) continue;
        bits[bit >> 3] = (bits[bit >> 3] ?? 0) & ~(1 << (bit & 7));
      }
    const kept = packBits(mask, mask.bounds, bits);
    if (kept.bounds !== null) limited.set(k, kept);
  }
  return limited;
}
