import type { Mask } from './mask.js';
import type { ImagePoint } from './plane.js';

/** Radii of a round brush in pixels of the slice image; they differ where its pixels are not square. */
export interface BrushRadii {
  readonly column: number;
  readonly row: number;
}

/** A circle in mm whose diameter is `sizePx` of the slice's smaller pixels; at least one pixel. */
export function computeBrushRadii(
  sizePx: number,
  pixelSpacingMm: readonly [number, number],
): BrushRadii {
  const [columnMm, rowMm] = pixelSpacingMm;
  const smaller = Math.min(columnMm, rowMm);
  const radius = (mm: number): number => Math.max(0.5, (sizePx / 2) * (smaller / mm));
  return { column: radius(columnMm), row: radius(rowMm) };
}

/** The middle of a pixel for brushes of an odd size, a corner for even ones: a stroke is then as wide everywhere. */
const snap = (value: number, radius: number): number =>
  Math.round(2 * radius) % 2 === 1 ? Math.round(value) : Math.floor(value) + 0.5;

/** Columns and rows, inclusive. */
export interface PixelRect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/**
 * Sets the pixels whose middles the brush passes over on its way, in place; each brush stroke owns its mask. Returns
 * where it has been; null: outside the image.
 */
export function paintStroke(
  mask: Mask,
  from: ImagePoint,
  to: ImagePoint,
  radii: BrushRadii,
): PixelRect | null {
  // In units of the radii the brush is a circle of radius 1.
  const scaled = (point: ImagePoint): readonly [number, number] => [
    snap(point.column, radii.column) / radii.column,
    snap(point.row, radii.row) / radii.row,
  ];
  const [x1, y1] = scaled(from);
  const [x2, y2] = scaled(to);
  const [dx, dy] = [x2 - x1, y2 - y1];
  const squared = dx * dx + dy * dy;
  const rect = {
    left: Math.max(0, Math.ceil((Math.min(x1, x2) - 1) * radii.column)),
    top: Math.max(0, Math.ceil((Math.min(y1, y2) - 1) * radii.row)),
    right: Math.min(mask.width - 1, Math.floor((Math.max(x1, x2) + 1) * radii.column)),
    bottom: Math.min(mask.height - 1, Math.floor((Math.max(y1, y2) + 1) * radii.row)),
  };
  if (rect.left > rect.right || rect.top > rect.bottom) return null;
  for (let row = rect.top; row <= rect.bottom; row++)
    for (let column = rect.left; column <= rect.right; column++) {
      const [x, y] = [column / radii.column - x1, row / radii.row - y1];
      const along = squared === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy) / squared));
      const distance = (x - along * dx) ** 2 + (y - along * dy) ** 2;
      if (distance <= 1 + 1e-9) mask.data[row * mask.width + column] = 1;
    }
  return rect;
}
