import type { Mask } from '../../domain/mask.js';
import { emptyMask } from '../../domain/mask.js';
import { findCrossings } from '../../domain/polygon.js';
import type { ImagePoint } from '../../domain/plane.js';

/**
 * Pixels whose centres lie inside an odd number of closed outlines (or loops of one): holes drawn as keyholes, as
 * outlines of their own, or with XOR all come out as holes. A centre on an outline belongs to the left and the upper
 * edge only. Null where a centre inside lies outside the image.
 */
export function rasteriseOutlines(
  outlines: readonly (readonly ImagePoint[])[],
  { width, height }: Pick<Mask, 'width' | 'height'>,
): Mask | null {
  const mask = emptyMask(width, height);
  const rows = outlines.flatMap((outline) => outline.map((point) => point.row));
  const top = Math.ceil(rows.reduce((a, b) => Math.min(a, b), Infinity));
  const bottom = Math.floor(rows.reduce((a, b) => Math.max(a, b), -Infinity));
  // So far off that going through the rows between would take for ever.
  if (top < -height || bottom > 2 * height) return null;
  for (let row = top; row <= bottom; row++) {
    const columns = outlines
      .flatMap((outline) => findCrossings(outline, row))
      .map(({ column }) => Math.ceil(column))
      .sort((a, b) => a - b);
    for (let n = 0; n + 1 < columns.length; n += 2) {
      const [begin = 0, end = 0] = [columns[n], columns[n + 1]];
      if (begin === end) continue;
      if (row < 0 || row >= height || begin < 0 || end > width) return null;
      mask.data.fill(1, row * width + begin, row * width + end);
    }
  }
  return mask;
}
