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

/** Values in [first, last] that do not count: padding. */
type Excluded = { readonly first: number; readonly last: number } | null;

interface Counted {
  /** How many values count. */
  readonly count: number;
  /** The value of a zero-based rank among them. */
  readonly valueOfRank: (rank: number) => number;
}

/**
 * Percentiles as numpy's default ('linear') gives them, over the finite values outside `excluded`. Counts into
 * bins rather than sorting, so that a 512 x 512 x 300 CT takes one pass and no copy. Null when no value counts.
 */
export function computePercentiles(
  values: NumericArray,
  percentages: readonly number[],
  excluded: Excluded = null,
): number[] | null {
  const { count, valueOfRank } =
    values instanceof Int16Array ||
    values instanceof Uint16Array ||
    values instanceof Int8Array ||
    values instanceof Uint8Array
      ? countIntegers(values, excluded)
      : countNumbers(values, excluded);
  if (count === 0) return null;
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

const BIN_COUNT = 1 << 16;
const SORT_LIMIT = 1 << 18;

/** One bin for each value that 16 bits can hold. */
function countIntegers(
  values: Int16Array | Uint16Array | Int8Array | Uint8Array,
  excluded: Excluded,
): Counted {
  const counts = new Float64Array(BIN_COUNT);
  const offset = values instanceof Int16Array || values instanceof Int8Array ? 1 << 15 : 0;
  for (let p = 0; p < values.length; p++) {
    const bin = (values[p] ?? 0) + offset;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  if (excluded !== null)
    for (let bin = 0; bin < BIN_COUNT; bin++)
      if (bin - offset >= excluded.first && bin - offset <= excluded.last) counts[bin] = 0;
  const count = counts.reduce((total, inBin) => total + inBin, 0);
  return { count, valueOfRank: (rank) => findBin(counts, rank).bin - offset };
}

/** The bin that holds a rank, and how many values lie in the bins before it. */
function findBin(counts: Float64Array, rank: number): { bin: number; before: number } {
  let bin = 0;
  let before = 0;
  while (bin < counts.length - 1 && before + (counts[bin] ?? 0) <= rank)
    before += counts[bin++] ?? 0;
  return { bin, before };
}

/** Equal bins between the smallest and the largest value; those that hold a wanted rank are opened. */
function countNumbers(values: NumericArray, excluded: Excluded): Counted {
  const first = excluded?.first ?? Infinity;
  const last = excluded?.last ?? -Infinity;
  let count = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let p = 0; p < values.length; p++) {
    const value = values[p] ?? NaN;
    if (!Number.isFinite(value) || (value >= first && value <= last)) continue;
    count++;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // Bounded: a range below 1e-300 would make it infinite, and the lowest value's bin NaN.
  const scale = high > low ? Math.min((BIN_COUNT - 1) / (high - low), Number.MAX_VALUE) : 0;
  const binOf = (value: number): number => Math.floor((value - low) * scale);
  const isCounted = (value: number): boolean =>
    value >= low && value <= high && !(value >= first && value <= last);
  const counts = new Float64Array(BIN_COUNT);
  for (let p = 0; p < values.length; p++) {
    const value = values[p] ?? NaN;
    if (isCounted(value)) {
      const bin = binOf(value);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  }
  if (low === high) return { count, valueOfRank: () => low };
  const openedBins = new Map<number, (rank: number) => number>();
  const openBin = (wanted: number): ((rank: number) => number) => {
    const known = openedBins.get(wanted);
    if (known !== undefined) return known;
    const inBin = new Float64Array(counts[wanted] ?? 0);
    let filled = 0;
    for (let p = 0; p < values.length; p++) {
      const value = values[p] ?? NaN;
      if (isCounted(value) && binOf(value) === wanted) inBin[filled++] = value;
    }
    // One far outlier puts nearly all values into one bin: that is divided again rather than sorted.
    const isLarge = inBin.length > SORT_LIMIT;
    const sorted = isLarge ? inBin : inBin.sort();
    const valueInBin = isLarge
      ? countNumbers(inBin, null).valueOfRank
      : (rank: number): number => sorted[rank] ?? NaN;
    openedBins.set(wanted, valueInBin);
    return valueInBin;
  };
  return {
    count,
    valueOfRank: (rank) => {
      const { bin, before } = findBin(counts, rank);
      return openBin(bin)(rank - before);
    },
  };
}
