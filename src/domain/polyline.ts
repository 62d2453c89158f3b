import type { NormalisedPoint } from './plane.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Length of the line up to each of its points, in pixels of an image of this size. */
function computeLengths(points: readonly NormalisedPoint[], { width, height }: Size): number[] {
  const lengths: number[] = [];
  for (const [index, point] of points.entries()) {
    const before = points[index - 1] ?? point;
    const stretch = Math.hypot((point.x - before.x) * width, (point.y - before.y) * height);
    lengths.push((lengths.at(-1) ?? 0) + stretch);
  }
  return lengths;
}

/** Length of the line in pixels. */
export const measurePolyline = (points: readonly NormalisedPoint[], size: Size): number =>
  computeLengths(points, size).at(-1) ?? 0;

/** The middles of `count` stretches of equal length in pixels; one point of a line without length stands for all. */
export function samplePolyline(
  points: readonly NormalisedPoint[],
  count: number,
  size: Size,
): readonly NormalisedPoint[] {
  const lengths = computeLengths(points, size);
  const whole = lengths.at(-1) ?? 0;
  return Array.from({ length: count }, (_, n) => {
    const wanted = ((n + 0.5) / count) * whole;
    const index = lengths.findIndex((length) => length >= wanted);
    const to = points[index];
    const from = points[index - 1] ?? to;
    if (from === undefined || to === undefined) return [];
    const [begin, end] = [lengths[index - 1] ?? 0, lengths[index] ?? 0];
    const share = end > begin ? (wanted - begin) / (end - begin) : 0;
    return [{ x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) }];
  }).flat();
}
