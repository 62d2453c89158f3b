import { cross, dot, length, normalise, subtract, voxelToWorld } from '../../domain/geometry.js';
import type { Vec3, VolumeGeometry, WorldPoint } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import { forEachPixel } from '../../domain/packedBits.js';
import type { SegmentSlices } from '../../domain/segmentation.js';

type Flat = readonly [x: number, y: number];

/** The corners on one side of the convex hull of points in order (Andrew's monotone chain). */
function chain(points: readonly Flat[]): Flat[] {
  const corners: Flat[] = [];
  for (const point of points) {
    for (;;) {
      const [a, b] = [corners.at(-2), corners.at(-1)];
      if (a === undefined || b === undefined) break;
      if ((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0) break;
      corners.pop();
    }
    corners.push(point);
  }
  return corners;
}

/** Corners of the convex hull of a slice, in pixels: the two ends of a longest axis are among them. */
function computeHull(mask: PackedMask): Flat[] {
  // Only the ends of each row can be corners; rows come in order.
  const first = new Int32Array(mask.height).fill(-1);
  const last = new Int32Array(mask.height);
  forEachPixel(mask, (i, j) => {
    if (first[j] === -1) first[j] = i;
    last[j] = i;
  });
  const ends = (columns: Int32Array): Flat[] =>
    [...columns].flatMap((i, j) => (first[j] === -1 ? [] : [[i, j] as const]));
  // Down the right edge, and up the left.
  return [...chain(ends(last)), ...chain(ends(first).reverse())];
}

/** The hull of one slice in the patient, and a circle around it. */
interface Outline {
  readonly points: readonly WorldPoint[];
  readonly centre: Vec3; // LPS mm
  readonly radiusMm: number;
}

const toVec = ({ x, y, z }: WorldPoint): Vec3 => [x, y, z];

function outlineOf(geometry: VolumeGeometry, k: number, mask: PackedMask): Outline {
  const { left, right, top, bottom } = mask.bounds ?? { left: 0, right: 0, top: 0, bottom: 0 };
  const middle = { i: (left + right) / 2, j: (top + bottom) / 2, k };
  const centre = toVec(voxelToWorld(geometry, middle));
  const points = computeHull(mask).map(([i, j]) => voxelToWorld(geometry, { i, j, k }));
  const radiusMm = points.reduce(
    (most, point) => Math.max(most, length(subtract(toVec(point), centre))),
    0,
  );
  return { points, centre, radiusMm };
}

/** No two points of the outlines lie farther apart (squared mm). `normal`: of the slices, which are parallel. */
function boundDistance(a: Outline, b: Outline, normal: Vec3): number {
  const between = subtract(a.centre, b.centre);
  const across = dot(between, normal);
  const along = Math.sqrt(Math.max(0, dot(between, between) - across * across));
  const most = along + a.radiusMm + b.radiusMm;
  return (across * across + most * most) * (1 + 1e-9); // never below the truth by rounding
}

function findFarthest(a: readonly WorldPoint[], b: readonly WorldPoint[]): Pair | null {
  let farthest: Pair | null = null;
  for (const p of a)
    for (const q of b) {
      const squared = (p.x - q.x) ** 2 + (p.y - q.y) ** 2 + (p.z - q.z) ** 2;
      if (farthest === null || squared > farthest.squared) farthest = { squared, ends: [p, q] };
    }
  return farthest;
}

/** The longest axis, and the longest across it. */
export interface SegmentAxes {
  /** Longest distance between the centres of two voxels. */
  readonly longestMm: number;
  /** Longest extent across that axis, and the extent across both. */
  readonly acrossMm: readonly [number, number];
}

interface Pair {
  readonly squared: number; // mm²
  readonly ends: readonly [WorldPoint, WorldPoint];
}

/** Exactly and on any grid; null without voxels. */
export async function computeAxes(
  slices: SegmentSlices,
  geometry: VolumeGeometry,
  breathe: () => Promise<void>,
): Promise<SegmentAxes | null> {
  const normal = normalise(cross(geometry.direction[0], geometry.direction[1]));
  const outlines: Outline[] = [];
  for (const [k, mask] of slices) {
    outlines.push(outlineOf(geometry, k, mask));
    await breathe();
  }
  if (outlines.length === 0) return null;
  // The pair that could be farthest apart comes first: most others then need no look at their points.
  let widest: { readonly pair: readonly [Outline, Outline]; readonly bound: number } | null = null;
  for (const [n, a] of outlines.entries())
    for (const b of outlines.slice(n)) {
      const bound = boundDistance(a, b, normal);
      if (widest === null || bound > widest.bound) widest = { pair: [a, b], bound };
    }
  let best = widest && findFarthest(widest.pair[0].points, widest.pair[1].points);
  for (const [n, a] of outlines.entries()) {
    for (const b of outlines.slice(n)) {
      if (best !== null && boundDistance(a, b, normal) <= best.squared) continue;
      const found = findFarthest(a.points, b.points);
      if (found !== null && found.squared > (best?.squared ?? -1)) best = found;
    }
    await breathe();
  }
  if (best === null) return null;
  const points = outlines.flatMap((outline) => outline.points.map(toVec));
  return { longestMm: Math.sqrt(best.squared), acrossMm: measureAcross(points, best.ends) };
}

/** A direction across another one; which one does not matter. */
const findAcross = (direction: Vec3): Vec3 =>
  normalise(cross(direction, Math.abs(direction[0]) < 0.9 ? [1, 0, 0] : [0, 1, 0]));

/** Extents of points across the line through two of them: the longest, and the one across that. */
function measureAcross(
  points: readonly Vec3[],
  [from, to]: Pair['ends'],
): readonly [number, number] {
  const along = subtract(toVec(to), toVec(from));
  const axis: Vec3 = length(along) === 0 ? [0, 0, 1] : normalise(along);
  const right = findAcross(axis);
  const up = cross(axis, right);
  // Seen along the axis, only corners of the hull can be far apart.
  const corners = hullOf(points.map((point) => [dot(point, right), dot(point, up)] as const));
  let [longest, direction]: [number, readonly [number, number]] = [0, [1, 0]];
  for (const p of corners)
    for (const q of corners) {
      const [x, y] = [q[0] - p[0], q[1] - p[1]];
      if (Math.hypot(x, y) <= longest) continue;
      longest = Math.hypot(x, y);
      direction = [x / longest, y / longest];
    }
  let [least, most] = [Infinity, -Infinity];
  for (const [x, y] of corners) {
    const across = y * direction[0] - x * direction[1];
    least = Math.min(least, across);
    most = Math.max(most, across);
  }
  return [longest, most - least];
}

function hullOf(points: readonly Flat[]): Flat[] {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  return [...chain(sorted), ...chain(sorted.toReversed())];
}
