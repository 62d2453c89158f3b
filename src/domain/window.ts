import type { IntensityWindow } from './study.js';

/** Modality values shown as black (`low` and below) and as white (`high` and above). */
export interface IntensityRange {
  readonly low: number;
  readonly high: number;
}

export const rangeOfWindow = (window: IntensityWindow): IntensityRange => ({
  low: window.centre - window.width / 2,
  high: window.centre + window.width / 2,
});

export const windowOfRange = (range: IntensityRange): IntensityWindow => ({
  centre: (range.low + range.high) / 2,
  width: range.high - range.low,
});

/** Any run of numbers that is read by index: typed arrays, and plain arrays in tests. */
export type NumericArray = ArrayLike<number>;

/**
 * 8-bit gray: round half up of the clipped ramp. An empty range splits at `low`. NaN becomes 0.
 * The same rule in Python: training/ibis_training/image.py.
 */
export function applyWindow(values: NumericArray, range: IntensityRange): Uint8Array {
  const gray = new Uint8Array(values.length); // uint8, same order as `values`
  const { low, high } = range;
  const span = high - low;
  for (let p = 0; p < gray.length; p++) {
    const value = values[p] ?? 0;
    if (span <= 0) gray[p] = value > low ? 255 : 0;
    else gray[p] = Math.floor(Math.min(1, Math.max(0, (value - low) / span)) * 255 + 0.5);
  }
  return gray;
}

const BIN_COUNT = 1 << 16;
// Below this many candidates they are sorted; above, they are counted into bins once more.
const SORT_LIMIT = 1 << 16;

/**
 * Percentiles as numpy's default ('linear') gives them, over the finite values that `isCounted` lets pass.
 * Counts into bins rather than sorting, so that a 512 x 512 x 300 CT takes some passes and no copy.
 * Null when no value counts.
 */
export function computePercentiles(
  values: NumericArray,
  percentages: readonly number[],
  isCounted: (value: number) => boolean = () => true,
): number[] | null {
  let count = 0;
  let minimum = Infinity;
  let maximum = -Infinity;
  for (let p = 0; p < values.length; p++) {
    const value = values[p] ?? NaN;
    if (!Number.isFinite(value) || !isCounted(value)) continue;
    count++;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  if (count === 0) return null;
  const known = new Map<number, number>();
  const valueOfRank = (rank: number): number => {
    const found = known.get(rank) ?? selectRank(values, isCounted, minimum, maximum, rank);
    known.set(rank, found);
    return found;
  };
  return percentages.map((percentage) => {
    const position = (count - 1) * (percentage / 100);
    const below = Math.floor(position);
    const fraction = position - below;
    const a = valueOfRank(below);
    const b = fraction === 0 ? a : valueOfRank(Math.min(below + 1, count - 1));
    // numpy's lerp, from whichever end is nearer.
    return fraction >= 0.5 ? b - (b - a) * (1 - fraction) : a + (b - a) * fraction;
  });
}

/** The value of a zero-based rank among the counted values in [low, high], both of which occur. */
function selectRank(
  values: NumericArray,
  isCounted: (value: number) => boolean,
  low: number,
  high: number,
  rank: number,
): number {
  if (low === high) return low;
  const binOf = (value: number): number =>
    Math.floor(((value - low) / (high - low)) * (BIN_COUNT - 1));
  const isCandidate = (value: number): boolean => value >= low && value <= high && isCounted(value);
  const counts = new Uint32Array(BIN_COUNT);
  for (let p = 0; p < values.length; p++) {
    const value = values[p] ?? NaN;
    if (isCandidate(value)) {
      const bin = binOf(value);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  let bin = 0;
  let before = 0;
  while (before + (counts[bin] ?? 0) <= rank) before += counts[bin++] ?? 0;
  let binMinimum = Infinity;
  let binMaximum = -Infinity;
  const sortable = (counts[bin] ?? 0) <= SORT_LIMIT ? new Float64Array(counts[bin] ?? 0) : null;
  let filled = 0;
  for (let p = 0; p < values.length; p++) {
    const value = values[p] ?? NaN;
    if (!isCandidate(value) || binOf(value) !== bin) continue;
    if (value < binMinimum) binMinimum = value;
    if (value > binMaximum) binMaximum = value;
    if (sortable !== null) sortable[filled++] = value;
  }
  if (sortable !== null) return sortable.sort()[rank - before] ?? binMinimum;
  return selectRank(values, isCounted, binMinimum, binMaximum, rank - before);
}
