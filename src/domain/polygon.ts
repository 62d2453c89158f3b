import { emptyMask } from './mask.js';
import type { Mask } from './mask.js';
import type { ImagePoint } from './plane.js';

interface Crossing {
  readonly column: number;
  readonly turn: 1 | -1; // whether the outline goes down or up there
}

/** Where the closed outline crosses the line through the middles of a row's pixels, from left to right. */
export function findCrossings(outline: readonly ImagePoint[], row: number): Crossing[] {
  const crossings: Crossing[] = [];
  let from = outline.at(-1);
  for (const to of outline) {
    if (from !== undefined && from.row <= row !== to.row <= row) {
      // Always from above, so that areas on both sides of an edge round it alike.
      const [upper, lower] = from.row < to.row ? [from, to] : [to, from];
      const share = (row - upper.row) / (lower.row - upper.row);
      const column = upper.column + share * (lower.column - upper.column);
      crossings.push({ column, turn: upper === from ? 1 : -1 });
    }
    from = to;
  }
  return crossings.sort((a, b) => a.column - b.column);
}

/**
 * Pixels whose middles lie inside a closed outline; the last point is joined to the first. What the outline goes around
 * at all is inside, also where a hand's line crosses itself (non-zero winding). A middle on the line itself belongs to
 * the left and the upper edge only, so that areas that share an edge share no pixel.
 */
export function rasterisePolygon(
  outline: readonly ImagePoint[],
  { width, height }: Pick<Mask, 'width' | 'height'>,
): Mask {
  const mask = emptyMask(width, height);
  const rows = outline.map((point) => point.row);
  const top = Math.max(0, Math.ceil(Math.min(...rows)));
  const bottom = Math.min(height - 1, Math.floor(Math.max(...rows)));
  for (let row = top; row <= bottom; row++) {
    let winding = 0;
    let begin = 0;
    for (const { column, turn } of findCrossings(outline, row)) {
      const end = Math.min(width, Math.max(0, Math.ceil(column)));
      if (winding !== 0) mask.data.fill(1, row * width + begin, row * width + end);
      winding += turn;
      begin = end;
    }
  }
  return mask;
}
