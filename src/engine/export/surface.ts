import caseTable from '@kitware/vtk.js/Filters/General/ImageMarchingCubes/caseTable.js';

import { cross, dot, voxelToWorld } from '../../domain/geometry.js';
import type { Vec3, VolumeGeometry } from '../../domain/geometry.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { unpackBlock } from '../../domain/segmentSlices.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';

/** Corners of a cube in the order of vtk.js' edges: i fastest, then j, then k. */
const CORNERS: readonly Vec3[] = [
  [0, 0, 0],
  [1, 0, 0],
  [0, 1, 0],
  [1, 1, 0],
  [0, 0, 1],
  [1, 0, 1],
  [0, 1, 1],
  [1, 1, 1],
];
/** Which corner each bit of a case stands for: the table goes round a face. */
const CASE_CORNERS = [0, 1, 3, 2, 4, 5, 7, 6] as const;

/** Triangles in LPS mm: 9 numbers each (three corners), seen from outside against the clock. */
export type Surface = Float64Array;

/** The same with each point once. */
export interface Mesh {
  readonly points: Float64Array; // [n, 3], LPS mm
  readonly triangles: Uint32Array; // [m, 3], indices of points, seen from outside against the clock
}

/** A block whose voxels are several of the volume's: `step` along each axis. */
export interface SteppedBlock extends VoxelBlock {
  readonly step: Vec3;
}

/** One empty voxel on all sides: also outside the volume, whose edge is a surface too. */
function surround({ offset, dimensions, data, step }: SteppedBlock): SteppedBlock {
  const [di, dj, dk] = dimensions;
  const [width, height] = [di + 2, dj + 2];
  const padded = new Uint8Array(width * height * (dk + 2));
  for (let k = 0; k < dk; k++)
    for (let j = 0; j < dj; j++) {
      const from = (k * dj + j) * di;
      padded.set(data.subarray(from, from + di), ((k + 1) * height + j + 1) * width + 1);
    }
  return {
    offset: [offset[0] - step[0], offset[1] - step[1], offset[2] - step[2]],
    dimensions: [width, height, dk + 2],
    data: padded,
    step,
  };
}

/**
 * The surface of a block by marching cubes (the case table of vtk.js; its filter is not used, as it prints to the
 * console and knows no direction), half-way between voxels that belong and those that do not. Closed also where the
 * block ends; nothing is smoothed.
 */
export function computeMesh(block: SteppedBlock, geometry: VolumeGeometry): Mesh {
  const { offset, dimensions: size, data, step } = surround(block);
  const strideJ = size[0];
  const strideK = size[0] * size[1];
  const cornerStrides = CASE_CORNERS.map((corner) => {
    const [i, j, k] = CORNERS[corner] ?? [0, 0, 0];
    return i + j * strideJ + k * strideK;
  });
  // A left-handed grid turns the triangles inside out.
  const [a, b, c] = geometry.direction;
  const isMirrored = dot(cross(a, b), c) < 0;
  const points: number[] = [];
  const triangles: number[] = [];
  const known = new Map<number, number>(); // place of an edge's middle, in half voxels -> its point
  const addPoint = (edge: number, i: number, j: number, k: number): number => {
    const [from = 0, to = 0] = caseTable.getEdge(edge);
    const [p, q] = [CORNERS[from] ?? CORNERS[0], CORNERS[to] ?? CORNERS[0]];
    const half = (axis: 0 | 1 | 2): number => (p?.[axis] ?? 0) + (q?.[axis] ?? 0);
    const place: Vec3 = [2 * i + half(0), 2 * j + half(1), 2 * k + half(2)];
    const key = (place[2] * 2 * size[1] + place[1]) * 2 * size[0] + place[0];
    const point = known.get(key);
    if (point !== undefined) return point;
    const { x, y, z } = voxelToWorld(geometry, {
      i: offset[0] + (step[0] - 1 + place[0] * step[0]) / 2,
      j: offset[1] + (step[1] - 1 + place[1] * step[1]) / 2,
      k: offset[2] + (step[2] - 1 + place[2] * step[2]) / 2,
    });
    points.push(x, y, z);
    const added = points.length / 3 - 1;
    known.set(key, added);
    return added;
  };
  for (let k = 0; k < size[2] - 1; k++)
    for (let j = 0; j < size[1] - 1; j++)
      for (let i = 0; i < size[0] - 1; i++) {
        const first = i + j * strideJ + k * strideK;
        let index = 0;
        for (let bit = 0; bit < 8; bit++)
          index |= (data[first + (cornerStrides[bit] ?? 0)] ?? 0) << bit;
        if (index === 0 || index === 255) continue;
        const edges = caseTable.getCase(index);
        for (let n = 0; (edges[n] ?? -1) >= 0; n += 3) {
          const [e0 = 0, e1 = 0, e2 = 0] = edges.slice(n, n + 3);
          for (const edge of isMirrored ? [e0, e2, e1] : [e0, e1, e2])
            triangles.push(addPoint(edge, i, j, k));
        }
      }
  return { points: Float64Array.from(points), triangles: Uint32Array.from(triangles) };
}

/** The smallest block around a segment; no voxels for an empty one. */
export const blockOf = (slices: SegmentSlices, { dimensions }: VolumeGeometry): SteppedBlock => ({
  ...unpackBlock(slices, dimensions, 0),
  step: [1, 1, 1],
});

/** The surface of a segment, voxel by voxel, as files hold it. */
export function computeSurface(slices: SegmentSlices, geometry: VolumeGeometry): Surface {
  if (slices.size === 0) return new Float64Array(0);
  const { points, triangles } = computeMesh(blockOf(slices, geometry), geometry);
  const surface = new Float64Array(3 * triangles.length);
  for (const [n, point] of triangles.entries())
    surface.set(points.subarray(3 * point, 3 * point + 3), 3 * n);
  return surface;
}
