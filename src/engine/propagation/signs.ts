import { computeDice } from '../../domain/metrics.js';
import type { Mask } from '../../domain/mask.js';
import type { GrayImage } from './carryMask.js';
import type { Course } from './course.js';
import type { Doubt, SignLimits, SliceSigns } from './types.js';

/** What is compared of a mask on its slice. */
export interface MaskView {
  readonly mask: Mask;
  readonly area: number; // pixels
  readonly centroid: readonly [column: number, row: number];
  readonly grayMean: number;
  readonly grayDeviation: number;
}

export function describeMask(mask: Mask, { data: gray }: GrayImage): MaskView {
  let [area, columns, rows, sum, squares] = [0, 0, 0, 0, 0];
  for (let at = 0; at < mask.data.length; at++) {
    if (mask.data[at] !== 1) continue;
    const value = gray[at] ?? 0;
    area++;
    columns += at % mask.width;
    rows += Math.floor(at / mask.width);
    sum += value;
    squares += value * value;
  }
  const grayMean = sum / area;
  return {
    mask,
    area,
    centroid: [columns / area, rows / area],
    grayMean,
    grayDeviation: Math.sqrt(Math.max(0, squares / area - grayMean ** 2)),
  };
}

const LEAST_DEVIATION = 1; // gray value: an even target on an even slice has none

/** Radius of a disc as large, in pixels. */
const radiusOf = (area: number): number => Math.sqrt(area / Math.PI);

/** All masks have pixels. `course`: of the walk, this mask included. */
export function computeSigns(
  score: number,
  own: MaskView,
  neighbour: MaskView,
  { start, givenArea, leastArea, bestScore, distancePx }: Course,
): SliceSigns {
  const moved = Math.hypot(
    own.centroid[0] - neighbour.centroid[0],
    own.centroid[1] - neighbour.centroid[1],
  );
  return {
    score,
    scoreDrop: bestScore - score,
    areaRatio: own.area / neighbour.area,
    overlap: computeDice(own.mask, neighbour.mask),
    drift: moved / radiusOf(neighbour.area),
    grayShift:
      Math.abs(own.grayMean - start.grayMean) / Math.max(LEAST_DEVIATION, start.grayDeviation),
    growth: own.area / givenArea,
    regrowth: own.area / leastArea,
    reach: distancePx / radiusOf(givenArea),
  };
}

/** The signs that pass their limits, as doubts. */
export function findDoubts(signs: SliceSigns, limits: SignLimits): Doubt[] {
  const below = (reason: Doubt['reason'], value: number, limit: number): Doubt[] =>
    value < limit ? [{ reason, value, limit }] : [];
  const above = (reason: Doubt['reason'], value: number, limit: number): Doubt[] =>
    value > limit ? [{ reason, value, limit }] : [];
  const ratio = Math.max(signs.areaRatio, 1 / signs.areaRatio);
  return [
    ...below('low-score', signs.score, limits.leastScore),
    ...above('score-drop', signs.scoreDrop, limits.mostScoreDrop),
    ...above('area-change', ratio, limits.mostAreaRatio),
    ...below('little-overlap', signs.overlap, limits.leastOverlap),
    ...above('drift', signs.drift, limits.mostDrift),
    ...above('other-gray', signs.grayShift, limits.mostGrayShift),
    ...above('too-large', signs.growth, limits.mostGrowth),
    ...above('swells-again', signs.regrowth, limits.mostRegrowth),
    ...above('far-away', signs.reach, limits.mostReach),
  ];
}

const percent = (share: number): string => `${String(Math.round(share * 100))}%`;

/** A doubt in words, for lists. */
export function describeDoubt({ reason, value }: Doubt): string {
  switch (reason) {
    case 'low-score':
      return `The segmenter is unsure (it expects an overlap of ${percent(value)}).`;
    case 'score-drop':
      return `The segmenter is less sure than it was (it expects an overlap lower by ${percent(value)}).`;
    case 'area-change':
      return `From one slice to the next the area changed by a factor of ${value.toFixed(1)}.`;
    case 'little-overlap':
      return `The mask overlaps its neighbour by only ${percent(value)}.`;
    case 'drift':
      return `The middle moved by ${percent(value)} of the target's radius.`;
    case 'other-gray':
      return 'The tissue inside looks different from that of the given slice.';
    case 'too-large':
      return `The area is ${value.toFixed(1)} times that of the largest given slice.`;
    case 'swells-again':
      return `The mask had become smaller and grew again, by a factor of ${value.toFixed(1)}.`;
    case 'far-away':
      return `The slice lies ${value.toFixed(1)} times the target's radius from the given one.`;
  }
}
