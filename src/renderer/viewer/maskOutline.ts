import type { Mask } from '../../domain/mask.js';

/** A boundary edge between pixels, in pixel coordinates where pixel centres are integers. */
export type OutlineSegment = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * The mask's boundary along pixel edges, runs merged: exactly what is inside, at every zoom. Pixels at the image's
 * border are closed along it.
 */
export function traceMaskOutline(mask: Mask): readonly OutlineSegment[] {
  const { width, height, data } = mask;
  const at = (column: number, row: number): number =>
    column < 0 || row < 0 || column >= width || row >= height
      ? 0
      : (data[row * width + column] ?? 0);
  const segments: OutlineSegment[] = [];
  const trace = (
    lines: number,
    steps: number,
    isEdge: (line: number, step: number) => boolean,
    emit: (line: number, from: number, to: number) => void,
  ): void => {
    for (let line = 0; line <= lines; line++) {
      let from = -1;
      for (let step = 0; step <= steps; step++) {
        const edge = step < steps && isEdge(line, step);
        if (edge && from < 0) from = step;
        if (!edge && from >= 0) {
          emit(line, from, step);
          from = -1;
        }
      }
    }
  };
  trace(
    height,
    width,
    (row, column) => at(column, row - 1) !== at(column, row),
    (row, from, to) => segments.push([from - 0.5, row - 0.5, to - 0.5, row - 0.5]),
  );
  trace(
    width,
    height,
    (column, row) => at(column - 1, row) !== at(column, row),
    (column, from, to) => segments.push([column - 0.5, from - 0.5, column - 0.5, to - 0.5]),
  );
  return segments;
}
