import { countMaskPixels } from '../../domain/mask.js';
import type { Target } from '../../contract/targets.js';
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

/** Truth masks of one slice, one a case. */
export function splitInstances(
  region: Mask,
  { instances, minPixels }: Pick<Target, 'instances' | 'minPixels'>,
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
