import type { ImagePoint } from '../../domain/plane.js';
import type { PixelMap } from './slicePlacement.js';

/** Affine from slice pixels (centres at integers) to CSS px in the pane: x = a * column + c * row + e, and so on. */
export interface CanvasMap {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
  readonly f: number;
}

export interface CanvasPoint {
  readonly x: number;
  readonly y: number;
}

/** From where three far pixels lie: (0, 0), (width, 0) and (0, height). */
export function canvasMapOf(
  origin: CanvasPoint,
  farColumn: CanvasPoint,
  farRow: CanvasPoint,
  width: number,
  height: number,
): CanvasMap {
  return {
    a: (farColumn.x - origin.x) / width,
    b: (farColumn.y - origin.y) / width,
    c: (farRow.x - origin.x) / height,
    d: (farRow.y - origin.y) / height,
    e: origin.x,
    f: origin.y,
  };
}

export const pixelToCanvas = (map: CanvasMap, point: ImagePoint): CanvasPoint => ({
  x: map.a * point.column + map.c * point.row + map.e,
  y: map.b * point.column + map.d * point.row + map.f,
});

/** CSS px -> fractional slice pixel; null when the map is degenerate (an empty pane). */
export function canvasToPixel(map: CanvasMap, point: CanvasPoint): ImagePoint | null {
  const determinant = map.a * map.d - map.b * map.c;
  if (Math.abs(determinant) < 1e-12) return null;
  const x = point.x - map.e;
  const y = point.y - map.f;
  return {
    column: (map.d * x - map.c * y) / determinant,
    row: (map.a * y - map.b * x) / determinant,
  };
}

/** First `pixels`, then `map`: for a mask of another cut with the same normal. */
export function composeMaps(map: CanvasMap, pixels: PixelMap): CanvasMap {
  const { origin, perColumn, perRow } = pixels;
  const { x: e, y: f } = pixelToCanvas(map, origin);
  return {
    a: map.a * perColumn.column + map.c * perColumn.row,
    b: map.b * perColumn.column + map.d * perColumn.row,
    c: map.a * perRow.column + map.c * perRow.row,
    d: map.b * perRow.column + map.d * perRow.row,
    e,
    f,
  };
}

/** CSS px of one pixel along columns and rows. */
export const pixelSizes = (map: CanvasMap): readonly [number, number] => [
  Math.hypot(map.a, map.b),
  Math.hypot(map.c, map.d),
];
