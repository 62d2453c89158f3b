import type { Vec3, VolumeGeometry } from '../../domain/geometry.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { blockOf, computeMesh } from '../export/surface.js';
import type { Mesh, SteppedBlock } from '../export/surface.js';
import { computeNormals, smoothMesh } from './smoothMesh.js';

/** A surface to look at: what is drawn many times a second, without a graphics card too. */
export interface DisplaySurface {
  readonly points: Float32Array; // [n, 3], LPS mm
  readonly normals: Float32Array; // [n, 3], outwards, of length 1
  readonly triangles: Uint32Array; // [m, 3], indices of points, seen from outside against the clock
}

export const emptySurface: DisplaySurface = {
  points: new Float32Array(0),
  normals: new Float32Array(0),
  triangles: new Uint32Array(0),
};

const MOST_VOXELS = 4_000_000; // in the box around the segment: half a second of marching
const MOST_TRIANGLES = 250_000; // 10 frames a second and more without a graphics card
const NEARLY_AS_FINE = 1.5; // axes whose steps are that near to the finest are halved with it

/**
 * Half as many voxels along the axes that are finest. A voxel belongs where at least half of those do that it stands
 * for, so that a slice that was drawn alone stays.
 */
export function halveBlock(block: SteppedBlock, spacingMm: Vec3): SteppedBlock {
  const { offset, dimensions, data, step } = block;
  const sizes = [0, 1, 2].map((axis) => (step[axis] ?? 1) * (spacingMm[axis] ?? 1));
  const finest = Math.min(...sizes);
  const by = (axis: 0 | 1 | 2): 1 | 2 => ((sizes[axis] ?? 1) < NEARLY_AS_FINE * finest ? 2 : 1);
  const [bi, bj, bk] = [by(0), by(1), by(2)];
  const [di, dj, dk] = dimensions;
  const size: Vec3 = [Math.ceil(di / bi), Math.ceil(dj / bj), Math.ceil(dk / bk)];
  const counts = new Uint8Array(size[0] * size[1] * size[2]);
  for (let k = 0, at = 0; k < dk; k++)
    for (let j = 0; j < dj; j++) {
      const row = (Math.floor(k / bk) * size[1] + Math.floor(j / bj)) * size[0];
      for (let i = 0; i < di; i++, at++) {
        const to = row + Math.floor(i / bi);
        counts[to] = (counts[to] ?? 0) + (data[at] ?? 0);
      }
    }
  const least = (bi * bj * bk) / 2;
  for (let at = 0; at < counts.length; at++) counts[at] = (counts[at] ?? 0) >= least ? 1 : 0;
  return {
    offset,
    dimensions: size,
    data: counts,
    step: [step[0] * bi, step[1] * bj, step[2] * bk],
  };
}

const countVoxels = ({ dimensions: [i, j, k] }: SteppedBlock): number => i * j * k;

/** The surface of a segment, smoothed, and coarser where it would be too large to be turned about. */
export function computeDisplaySurface(
  slices: SegmentSlices,
  geometry: VolumeGeometry,
): DisplaySurface {
  if (slices.size === 0) return emptySurface;
  const { spacingMm } = geometry;
  let block = blockOf(slices, geometry);
  while (countVoxels(block) > MOST_VOXELS) block = halveBlock(block, spacingMm);
  let mesh: Mesh = computeMesh(block, geometry);
  while (mesh.triangles.length > 3 * MOST_TRIANGLES && countVoxels(block) > 8) {
    block = halveBlock(block, spacingMm);
    mesh = computeMesh(block, geometry);
  }
  const { triangles } = mesh;
  const points = smoothMesh(mesh);
  return { points, normals: computeNormals(points, triangles), triangles };
}
