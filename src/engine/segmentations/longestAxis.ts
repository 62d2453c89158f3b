import { voxelToWorld } from '../../domain/geometry.js';
import type { VolumeGeometry, WorldPoint } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import { forEachPixel } from '../../domain/packedBits.js';
import type { SegmentSlices } from '../../domain/segmentation.js';

interface Pixel {
  readonly i: number;
  readonly j: number;
}

/** Corners of the convex hull of a slice (Andrew's monotone chain): the two ends of a longest axis are among them. */
function computeHull(mask: PackedMask): Pixel[] {
  // Only the ends of each row can be corners; rows come in order.
  const rows = new Map<number, { first: number; last: number }>();
  forEachPixel(mask, (i, j) => {
    const row = rows.get(j);
    if (row === undefined) rows.set(j, { first: i, last: i });
    else row.last = i;
  });
  const chain = (points: readonly Pixel[]): Pixel[] => {
    const corners: Pixel[] = [];
    for (const point of points) {
      for (;;) {
        const [a, b] = [corners.at(-2), corners.at(-1)];
        if (a === undefined || b === undefined) break;
        if ((b.i - a.i) * (point.j - a.j) - (b.j - a.j) * (point.i - a.i) > 0) break;
        corners.pop();
      }
      corners.push(point);
    }
    return corners;
  };
  // Down the right edge, and up the left.
  const down = [...rows].map(([j, { last }]) => ({ i: last, j }));
  const up = [...rows].map(([j, { first }]) => ({ i: first, j })).reverse();
  return [...chain(down), ...chain(up)];
}

/** The hull of one slice in the patient, and the box around it. */
interface Outline {
  readonly points: readonly WorldPoint[];
  readonly min: WorldPoint;
  readonly max: WorldPoint;
}

function outlineOf(geometry: VolumeGeometry, k: number, mask: PackedMask): Outline {
  const points = computeHull(mask).map(({ i, j }) => voxelToWorld(geometry, { i, j, k }));
  const extreme = (pick: (...values: number[]) => number): WorldPoint => ({
    x: pick(...points.map(({ x }) => x)),
    y: pick(...points.map(({ y }) => y)),
    z: pick(...points.map(({ z }) => z)),
  });
  return { points, min: extreme(Math.min), max: extreme(Math.max) };
}

/** No two points of the outlines lie farther apart (squared mm). */
function boundDistance(a: Outline, b: Outline): number {
  const along = (axis: 'x' | 'y' | 'z'): number =>
    Math.max(Math.abs(a.max[axis] - b.min[axis]), Math.abs(b.max[axis] - a.min[axis]));
  return along('x') ** 2 + along('y') ** 2 + along('z') ** 2;
}

function computeLargestDistance(a: Outline, b: Outline): number {
  let largest = 0;
  for (const p of a.points)
    for (const q of b.points) {
      const squared = (p.x - q.x) ** 2 + (p.y - q.y) ** 2 + (p.z - q.z) ** 2;
      if (squared > largest) largest = squared;
    }
  return largest;
}

/** Longest distance in mm between the centres of two voxels, exactly and on any grid; null without voxels. */
export async function computeLongestAxis(
  slices: SegmentSlices,
  geometry: VolumeGeometry,
  breathe: () => Promise<void>,
): Promise<number | null> {
  const outlines: Outline[] = [];
  for (const [k, mask] of slices) {
    outlines.push(outlineOf(geometry, k, mask));
    await breathe();
  }
  if (outlines.length === 0) return null;
  // The pair that could be farthest apart comes first: most others then need no look at their points.
  let best = 0;
  let widest: { readonly pair: readonly [Outline, Outline]; readonly bound: number } | null = null;
  for (const [n, a] of outlines.entries())
    for (const b of outlines.slice(n)) {
      const bound = boundDistance(a, b);
      if (widest === null || bound > widest.bound) widest = { pair: [a, b], bound };
    }
  if (widest !== null) best = computeLargestDistance(...widest.pair);
  for (const [n, a] of outlines.entries()) {
    for (const b of outlines.slice(n))
      if (boundDistance(a, b) > best) best = Math.max(best, computeLargestDistance(a, b));
    await breathe();
  }
  return Math.sqrt(best);
}
