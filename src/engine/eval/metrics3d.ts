import type { Vec3 } from '../../domain/geometry.js';
import { countOverlap, diceOf } from '../../domain/metrics.js';
import type { Overlap } from '../../domain/metrics.js';
import { computeSquaredDistances } from '../tools/distance.js';
import type { Grid } from '../tools/distance.js';

/** Throws when the sizes differ. */
function countVoxelOverlap(a: Grid, b: Grid): Overlap {
  if (a.dimensions.some((size, axis) => size !== b.dimensions[axis]))
    throw new Error('grids differ in size');
  return countOverlap(a.data, b.data);
}

/** Dice of two sets of voxels (0 or 1) on one grid, in [0, 1]; two empty ones agree fully (1). */
export function computeDice3d(a: Grid, b: Grid): number {
  return diceOf(countVoxelOverlap(a, b));
}

/** First and last voxel along i, j and k of what lies in either; null when both are empty. */
function findBounds(a: Grid, b: Grid): { readonly min: Vec3; readonly max: Vec3 } | null {
  const [di, dj] = a.dimensions;
  const min: [number, number, number] = [Infinity, Infinity, Infinity];
  const max: [number, number, number] = [-1, -1, -1];
  for (let at = 0; at < a.data.length; at++) {
    if (a.data[at] !== 1 && b.data[at] !== 1) continue;
    const voxel = [at % di, Math.floor(at / di) % dj, Math.floor(at / (di * dj))] as const;
    for (const axis of [0, 1, 2] as const) {
      min[axis] = Math.min(min[axis], voxel[axis]);
      max[axis] = Math.max(max[axis], voxel[axis]);
    }
  }
  return max[0] < 0 ? null : { min, max };
}

/** The box of the grid with one empty voxel around it. */
function cutPadded({ dimensions: [di, dj], data }: Grid, min: Vec3, max: Vec3): Grid {
  const size = ([0, 1, 2] as const).map((axis) => max[axis] - min[axis] + 3);
  const [wide = 0, high = 0, deep = 0] = size;
  const cut = new Uint8Array(wide * high * deep);
  for (let k = min[2]; k <= max[2]; k++)
    for (let j = min[1]; j <= max[1]; j++)
      for (let i = min[0]; i <= max[0]; i++)
        cut[((k - min[2] + 1) * high + j - min[1] + 1) * wide + i - min[0] + 1] =
          data[(k * dj + j) * di + i] ?? 0;
  return { dimensions: [wide, high, deep], data: cut };
}

/** Voxels of a padded grid that share a face with one outside. */
function findSurface({ dimensions, data }: Grid): Grid {
  const [di, dj] = dimensions;
  const faces = [-1, 1, -di, di, -di * dj, di * dj];
  return {
    dimensions,
    data: data.map((value, at) =>
      value === 1 && faces.some((step) => data[at + step] !== 1) ? 1 : 0,
    ),
  };
}

/** Value below which `share` of the sorted values lie, between two of them linearly (as numpy's percentile). */
function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [Math.floor(place), Math.ceil(place)];
  const below = sorted[low] ?? NaN;
  return below + (place - low) * ((sorted[high] ?? NaN) - below);
}

/**
 * 95% Hausdorff distance in mm: how near to one surface 95% of the other's voxels lie, the worse of both directions.
 * The surface are the voxels that share a face with one outside; distances run between the middles of voxels. 0 when
 * both are empty, null when one is.
 */
export function computeHausdorff95Mm(a: Grid, b: Grid, spacingMm: Vec3): number | null {
  const { inA, inB } = countVoxelOverlap(a, b);
  const bounds = findBounds(a, b);
  if (bounds === null) return 0;
  if (inA === 0 || inB === 0) return null;
  const [surfaceA, surfaceB] = [a, b].map((grid) =>
    findSurface(cutPadded(grid, bounds.min, bounds.max)),
  );
  if (surfaceA === undefined || surfaceB === undefined) return null;
  const oneWay = (from: Grid, to: Grid): number => {
    const squared = computeSquaredDistances(to, spacingMm, 1);
    return quantile(
      Float64Array.from(
        squared.filter((_, at) => from.data[at] === 1),
        Math.sqrt,
      ).sort(),
      0.95,
    );
  };
  return Math.max(oneWay(surfaceA, surfaceB), oneWay(surfaceB, surfaceA));
}
