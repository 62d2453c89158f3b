import { cross, dot, length, normalise, subtract, voxelToWorld } from '../../domain/geometry.js';
import type { Vec3, VolumeGeometry, WorldPoint } from '../../domain/geometry.js';
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
  const first = new Int32Array(mask.height).fill(-1);
  const last = new Int32Array(mask.height);
  forEachPixel(mask, (i, j) => {
    if (first[j] === -1) first[j] = i;
    last[j] = i;
  });
  const ends = (columns: Int32Array): Pixel[] =>
    [...columns].flatMap((i, j) => (first[j] === -1 ? [] : [{ i, j }]));
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
  const points = computeHull(mask).map(({ i, j }) => voxelToWorld(geometry, { i, j, k }));
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
  const normal = normalise(cross(geometry.direction[0], geometry.direction[1]));
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
      const bound = boundDistance(a, b, normal);
      if (widest === null || bound > widest.bound) widest = { pair: [a, b], bound };
    }
  if (widest !== null) best = computeLargestDistance(...widest.pair);
  for (const [n, a] of outlines.entries()) {
    for (const b of outlines.slice(n))
      if (boundDistance(a, b, normal) > best) best = Math.max(best, computeLargestDistance(a, b));
    await breathe();
  }
  return Math.sqrt(best);
}
