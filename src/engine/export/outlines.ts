import { contours } from 'd3-contour';

import { forEachPixel } from '../../domain/packedBits.js';
import type { PackedMask } from '../../domain/mask.js';
import type { ImagePoint } from '../../domain/plane.js';

/** A closed outline; the last point is joined to the first. */
export type Outline = readonly ImagePoint[];

/** Points in the middle of a straight line say nothing. Coordinates are multiples of a half: this is exact. */
const dropCollinear = (ring: Outline): Outline =>
  ring.filter((point, n) => {
    const before = ring.at(n - 1) ?? point;
    const after = ring[(n + 1) % ring.length] ?? point;
    const [ax, ay] = [point.column - before.column, point.row - before.row];
    const [bx, by] = [after.column - point.column, after.row - point.row];
    return ax * by !== ay * bx;
  });

const computeArea = (ring: Outline): number => {
  let twice = 0;
  ring.forEach((point, n) => {
    const before = ring.at(n - 1) ?? point;
    twice += before.column * point.row - point.column * before.row;
  });
  return Math.abs(twice) / 2;
};

interface Crossing {
  /** Between this point and the next one. */
  readonly edge: number;
  readonly column: number;
}

/** Where an outline crosses a line across. */
const findCrossings = (ring: Outline, row: number): readonly Crossing[] =>
  ring.flatMap((from, edge) => {
    const to = ring[(edge + 1) % ring.length] ?? from;
    if (from.row <= row === to.row <= row) return [];
    const share = (row - from.row) / (to.row - from.row);
    return [{ edge, column: from.column + share * (to.column - from.column) }];
  });

const encloses = (ring: Outline, { column, row }: ImagePoint): boolean =>
  findCrossings(ring, row).filter((crossing) => crossing.column < column).length % 2 === 1;

/**
 * Joins a hole to its outline by a channel without width (the keyhole of PS3.3 C.8.8.6.3): to the left of its leftmost
 * point, a quarter of a pixel below a row of pixel centres, so that no centre lies on it.
 */
function cutKeyhole(outline: Outline, hole: Outline): Outline {
  const leftmost = hole.reduce((a, b) => (b.column < a.column ? b : a));
  const row = leftmost.row + 0.25;
  const into = findCrossings(hole, row).toSorted((a, b) => a.column - b.column)[0];
  if (into === undefined) throw new Error('a hole has a point below its leftmost one');
  const from = findCrossings(outline, row)
    .filter(({ column }) => column < into.column)
    .toSorted((a, b) => b.column - a.column)[0];
  if (from === undefined) throw new Error('a hole lies inside its outline');
  const [near, far] = [
    { column: from.column, row },
    { column: into.column, row },
  ];
  return [
    ...outline.slice(0, from.edge + 1),
    near,
    far,
    ...hole.slice(into.edge + 1),
    ...hole.slice(0, into.edge + 1),
    far,
    near,
    ...outline.slice(from.edge + 1),
  ];
}

/**
 * Closed outlines of a mask, in pixels whose centres are whole numbers. They run half-way between the centres of pixels
 * that belong and those that do not, so that exactly the former lie inside; holes are keyholes. Marching squares by
 * d3-contour; where two pixels touch at a corner only, they may stand in one outline or in two.
 */
export function traceOutlines(mask: PackedMask): readonly Outline[] {
  const { bounds } = mask;
  if (bounds === null) return [];
  const width = bounds.right - bounds.left + 1;
  const height = bounds.bottom - bounds.top + 1;
  const values = new Array<number>(width * height).fill(0);
  forEachPixel(mask, (column, row) => {
    values[(row - bounds.top) * width + column - bounds.left] = 1;
  });
  const traced = contours().size([width, height]).smooth(false).contour(values, 0.5);
  // Its pixels have their centres at halves; its rings repeat their first point at the end.
  const toOutline = (ring: readonly number[][]): Outline =>
    dropCollinear(
      ring
        .slice(0, -1)
        .map(([x = 0, y = 0]) => ({ column: x - 0.5 + bounds.left, row: y - 0.5 + bounds.top })),
    );
  const parts = traced.coordinates.map(([outer = []]) => {
    const outline = toOutline(outer);
    return { outline, joined: outline, area: computeArea(outline) };
  });
  const holes = traced.coordinates.flatMap(([, ...rings]) => rings.map(toOutline));
  for (const hole of holes) {
    const [corner] = hole;
    if (corner === undefined) continue;
    // Of an island in a hole the smallest one around: d3 gives the first.
    const around = parts
      .filter(({ outline }) => encloses(outline, corner))
      .toSorted((a, b) => a.area - b.area)[0];
    if (around === undefined) throw new Error('a hole lies inside some outline');
    around.joined = cutKeyhole(around.joined, hole);
  }
  return parts.map(({ joined }) => joined);
}
