import { countMaskPixels } from '../../domain/mask.js';
import type { RankedInstance, Target } from '../../contract/targets.js';
import type { Mask } from '../../domain/mask.js';

/**
 * Slices that a target's rule picks; `areas` holds the target's pixels per slice. The rules are those of
 * training/ibis_training/targets.py, bound by test/fixtures/parity/slice-rules.json.
 */
export function selectSlices(
  areas: readonly number[],
  { slices, minPixels }: Pick<Target, 'slices' | 'minPixels'>,
): number[] {
  const counting = areas.flatMap((area, index) => (area >= minPixels ? [index] : []));
  switch (slices.rule) {
    case 'all':
      return counting;
    case 'largest-area':
      return counting.length === 0 ? [] : [areas.indexOf(Math.max(...areas))];
    case 'area-quantiles': {
      const picks = Array.from({ length: slices.count }, (_, k) =>
        Math.floor(((k + 0.5) * counting.length) / slices.count),
      );
      const picked = new Set(picks.flatMap((at) => counting[at] ?? []));
      return [...picked].sort((a, b) => a - b);
    }
    case 'list':
      return slices.sliceIndices.filter((index) => index < areas.length);
  }
}

/** Label values of one slice, row-major; 0 outside the target. */
export interface LabelSlice {
  readonly width: number;
  readonly height: number;
  readonly values: ArrayLike<number>;
}

/** Truth masks of one slice, one a case. */
export function findTruths(
  slice: LabelSlice,
  target: Pick<Target, 'instances' | 'minPixels' | 'maxInstances'>,
): Mask[] {
  const { instances, minPixels, maxInstances } = target;
  const found = new Set(Array.from(slice.values).filter((value) => value !== 0));
  if (maxInstances !== undefined && found.size > maxInstances) return [];
  if (typeof instances === 'string')
    return splitInstances(
      maskOf(slice, (value) => value !== 0),
      { instances, minPixels },
    );
  const truth = rankInstances(slice, instances);
  return truth === null || countMaskPixels(truth) < minPixels ? [] : [truth];
}

const maskOf = ({ width, height, values }: LabelSlice, isIn: (value: number) => boolean): Mask => ({
  width,
  height,
  data: Uint8Array.from(values, (value) => (isIn(value) ? 1 : 0)),
});

interface Instance {
  readonly value: number;
  pixels: number;
  columns: number; // sums of pixel centres
  rows: number;
}

function measureInstances({ width, values }: LabelSlice): Instance[] {
  const byValue = new Map<number, Instance>();
  for (let p = 0; p < values.length; p++) {
    const value = values[p] ?? 0;
    if (value === 0) continue;
    const instance = byValue.get(value) ?? { value, pixels: 0, columns: 0, rows: 0 };
    instance.pixels++;
    instance.columns += (p % width) + 0.5;
    instance.rows += Math.floor(p / width) + 0.5;
    byValue.set(value, instance);
  }
  return [...byValue.values()].sort((a, b) => a.value - b.value);
}

/** The instance at the rule's place; null where there is none or its place is ambiguous. */
export function rankInstances(
  slice: LabelSlice,
  { by, order, rank, margin }: Omit<RankedInstance, 'rule'>,
): Mask | null {
  const keyOf = ({ pixels, columns, rows }: Instance): number => {
    if (by === 'area') return pixels;
    return by === 'x' ? columns / pixels / slice.width : rows / pixels / slice.height;
  };
  const keyed = measureInstances(slice).map((found) => ({ value: found.value, key: keyOf(found) }));
  const sorted = keyed.sort((a, b) => (order === 'ascending' ? a.key - b.key : b.key - a.key));
  const own = sorted[rank];
  if (own === undefined) return null;
  const isClear = ({ key }: { readonly key: number }): boolean =>
    Math.abs(own.key - key) >= margin * (by === 'area' ? Math.max(own.key, key) : 1);
  const neighbours = [sorted[rank - 1], sorted[rank + 1]].filter((other) => other !== undefined);
  return neighbours.every(isClear) ? maskOf(slice, (value) => value === own.value) : null;
}

/** The parts of a region, whatever their label values. */
export function splitInstances(
  region: Mask,
  {
    instances,
    minPixels,
  }: { readonly instances: 'merged' | 'largest' | 'each'; readonly minPixels: number },
): Mask[] {
  if (instances === 'merged') return [region];
  const parts = findParts(region);
  if (instances === 'each') return parts.filter((part) => countMaskPixels(part) >= minPixels);
  const areas = parts.map(countMaskPixels);
  const largest = parts[areas.indexOf(Math.max(...areas))];
  return largest === undefined ? [] : [largest];
}

/** 4-connected parts in row-major order of their first pixel. */
function findParts({ width, height, data }: Mask): Mask[] {
  const isSeen = new Uint8Array(data.length);
  const parts: Mask[] = [];
  for (let start = 0; start < data.length; start++) {
    if (data[start] !== 1 || isSeen[start] === 1) continue;
    const part = new Uint8Array(data.length);
    const stack = [start];
    isSeen[start] = 1;
    for (let p = stack.pop(); p !== undefined; p = stack.pop()) {
      part[p] = 1;
      const column = p % width;
      const neighbours = [
        column > 0 ? p - 1 : -1,
        column < width - 1 ? p + 1 : -1,
        p - width,
        p + width,
      ];
      for (const next of neighbours)
        if (data[next] === 1 && isSeen[next] === 0) {
          isSeen[next] = 1;
          stack.push(next);
        }
    }
    parts.push({ width, height, data: part });
  }
  return parts;
}
