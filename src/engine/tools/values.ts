import type { Vec3 } from '../../domain/geometry.js';
import type { ValueRange } from '../../domain/rangeLimit.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import type { PixelArray } from '../../domain/study.js';

/** Modality values of a box of the volume. */
export interface ValueBlock {
  readonly offset: Vec3;
  readonly dimensions: Vec3;
  readonly data: PixelArray; // [k, j, i]
}

/** 1 where the value lies in the range and, if given, inside a block of the same box. NaN lies in no range. */
export function computeThreshold(
  values: ValueBlock,
  { lower, upper }: ValueRange,
  inside: VoxelBlock | null,
): VoxelBlock {
  const { offset, dimensions, data: from } = values;
  const data = new Uint8Array(from.length);
  for (let at = 0; at < data.length; at++) {
    const value = from[at] ?? NaN;
    if (value >= lower && value <= upper && (inside === null || inside.data[at] === 1))
      data[at] = 1;
  }
  return { offset, dimensions, data };
}

export interface Spread {
  readonly mean: number;
  readonly deviation: number; // of the sample (n - 1); 0 for a single value
}

/** Mean and standard deviation of values, in two passes for exactness. */
export function computeSpread(forEach: (visit: (value: number) => void) => void): Spread {
  let count = 0;
  let sum = 0;
  forEach((value) => {
    count++;
    sum += value;
  });
  const mean = count === 0 ? NaN : sum / count;
  let squares = 0;
  forEach((value) => {
    squares += (value - mean) ** 2;
  });
  return { mean, deviation: count < 2 ? 0 : Math.sqrt(squares / (count - 1)) };
}
