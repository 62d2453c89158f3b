import type { IbisErrorShape } from '../../contract/errors.js';
import { add, cross, dot, normalise, scale, subtract } from '../../domain/geometry.js';
import type { Vec3 } from '../../domain/geometry.js';
import type { ImagePoint } from '../../domain/plane.js';
import { err, ok } from '../../domain/result.js';
import type { Result } from '../../domain/result.js';
import type { SeriesGrid } from './types.js';

/** A contour is drawn in a slice when none of its points is further off than this part of the slices' distance. */
const TOLERANCE_SLICES = 0.1;

const refuse = (message: string): Result<never, IbisErrorShape> =>
  err({ code: 'does-not-fit', message });

/** Corners of the slices: the images' own, where they are known, as slices need not be equally spaced. */
export const listCorners = ({ geometry, images }: SeriesGrid): readonly Vec3[] =>
  Array.from({ length: geometry.dimensions[2] }, (_, k) => {
    const own = images[k]?.position;
    return own ?? add(geometry.origin, scale(geometry.direction[2], k * geometry.spacingMm[2]));
  });

/** Points in the patient -> the slice whose plane they lie in, and their pixels there. */
export function placeContour(
  points: readonly Vec3[],
  series: SeriesGrid,
  corners: readonly Vec3[],
): Result<{ readonly k: number; readonly outline: readonly ImagePoint[] }, IbisErrorShape> {
  const { direction, spacingMm } = series.geometry;
  const [first] = points;
  const [start] = corners;
  if (first === undefined || start === undefined) return refuse('A contour has no points.');
  const normal = normalise(cross(direction[0], direction[1]));
  const heightOf = (point: Vec3): number => dot(subtract(point, start), normal);
  const heights = corners.map(heightOf);
  const height = heightOf(first);
  const distance = (k: number): number => Math.abs((heights[k] ?? Infinity) - height);
  const k = heights.reduce(
    (nearest, _, at) => (distance(at) < distance(nearest) ? at : nearest),
    0,
  );
  const gap =
    heights.length > 1
      ? Math.abs((heights.at(-1) ?? 0) - (heights[0] ?? 0)) / (heights.length - 1)
      : spacingMm[2];
  const tolerance = TOLERANCE_SLICES * gap;
  const inPlane = Math.max(...points.map((point) => Math.abs(heightOf(point) - height)));
  if (inPlane > tolerance)
    return refuse(
      'The contours are not drawn in the slices of this series: they belong to images of another orientation.',
    );
  if (distance(k) > tolerance)
    return refuse(
      height < Math.min(...heights) - tolerance || height > Math.max(...heights) + tolerance
        ? 'Part of the contours lies outside the images of this series: they belong to another series, or images are missing here.'
        : 'The contours lie between the slices of this series: they were drawn on other images.',
    );
  const corner = corners[k] ?? start;
  // Columns and rows are at right angles (readOrientation).
  return ok({
    k,
    outline: points.map((point) => {
      const offset = subtract(point, corner);
      return {
        column: dot(offset, direction[0]) / spacingMm[0],
        row: dot(offset, direction[1]) / spacingMm[1],
      };
    }),
  });
}
