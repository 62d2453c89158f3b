import type { Mask } from '../../domain/mask.js';

/** A boundary edge between pixels, in pixel coordinates where pixel centres are integers. */
export type OutlineSegment = readonly [x1: number, y1: number, x2: number, y2: number];

/**
 * The mask's boundary along pixel edges, runs merged: exactly what is inside, at every zoom. Pixels at the image's
 * border are closed along it.
 */
export function traceMaskOutline(mask: Mask): readonly OutlineSegment[] {
  const { width, height, data } = mask;
  // With a rim of nothing: each pixel has a neighbour on each side, and no comparison has to ask for it.
  const stride = width + 2;
  const rimmed = new Uint8Array(stride * (height + 2));
  for (let row = 0; row < height; row++)
    rimmed.set(data.subarray(row * width, (row + 1) * width), (row + 1) * stride + 1);
  const segments: OutlineSegment[] = [];
  /** Edges between each line of pixels and the one before it. */
  const trace = (
    lines: { readonly count: number; readonly stride: number },
    steps: { readonly count: number; readonly stride: number },
    emit: (line: number, from: number, to: number) => void,
  ): void => {
    for (let line = 0; line <= lines.count; line++) {
      let from = -1;
      let at = (line + 1) * lines.stride + steps.stride;
      for (let step = 0; step <= steps.count; step++, at += steps.stride) {
        const isEdge = rimmed[at - lines.stride] !== rimmed[at];
        if (isEdge === from >= 0) continue;
        if (!isEdge) emit(line, from, step);
        from = isEdge ? step : -1;
      }
    }
  };
  const rows = { count: height, stride };
  const columns = { count: width, stride: 1 };
  trace(rows, columns, (row, from, to) =>
    segments.push([from - 0.5, row - 0.5, to - 0.5, row - 0.5]),
  );
  trace(columns, rows, (column, from, to) =>
    segments.push([column - 0.5, from - 0.5, column - 0.5, to - 0.5]),
  );
  return segments;
}
