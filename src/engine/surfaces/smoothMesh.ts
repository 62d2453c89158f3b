import type { Mesh } from '../export/surface.js';

/**
 * Taubin's two steps ("A signal processing approach to fair surface design", SIGGRAPH 1995): inwards, then a little
 * further outwards, so that steps of voxels go and the volume stays. vtk.js has a windowed sinc filter; it takes
 * five times as long (docs/decisions/0074-volumes-in-the-window.md).
 */
const INWARDS = 0.5;
const OUTWARDS = -0.53;
const ROUNDS = 12;

/** Adds up, for each point, the points that its edges go to. In a closed mesh each edge is gone along once each way. */
function sumNeighbours(points: Float32Array, triangles: Uint32Array, sums: Float32Array): void {
  sums.fill(0);
  for (let n = 0; n < triangles.length; n += 3) {
    const a = 3 * (triangles[n] ?? 0);
    const b = 3 * (triangles[n + 1] ?? 0);
    const c = 3 * (triangles[n + 2] ?? 0);
    for (let axis = 0; axis < 3; axis++) {
      sums[a + axis] = (sums[a + axis] ?? 0) + (points[b + axis] ?? 0);
      sums[b + axis] = (sums[b + axis] ?? 0) + (points[c + axis] ?? 0);
      sums[c + axis] = (sums[c + axis] ?? 0) + (points[a + axis] ?? 0);
    }
  }
}

/** The points of a mesh, each drawn towards the middle of its neighbours. float32 [n, 3] */
export function smoothMesh({ points, triangles }: Mesh): Float32Array {
  const moved = Float32Array.from(points);
  const degrees = new Float32Array(points.length / 3);
  for (const point of triangles) degrees[point] = (degrees[point] ?? 0) + 1;
  const sums = new Float32Array(points.length);
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const share = round % 2 === 0 ? INWARDS : OUTWARDS;
    sumNeighbours(moved, triangles, sums);
    for (let point = 0, at = 0; point < degrees.length; point++) {
      const degree = degrees[point] ?? 1; // each point has a triangle
      for (let axis = 0; axis < 3; axis++, at++) {
        const own = moved[at] ?? 0;
        moved[at] = own + share * ((sums[at] ?? 0) / degree - own);
      }
    }
  }
  return moved;
}

/** At each point the mean of the normals around it, by the triangles' areas. float32 [n, 3] */
export function computeNormals(points: Float32Array, triangles: Uint32Array): Float32Array {
  const normals = new Float32Array(points.length);
  for (let n = 0; n < triangles.length; n += 3) {
    const [a, b, c] = [
      3 * (triangles[n] ?? 0),
      3 * (triangles[n + 1] ?? 0),
      3 * (triangles[n + 2] ?? 0),
    ];
    const at = (point: number, axis: number): number => points[point + axis] ?? 0;
    const [ux, uy, uz] = [at(b, 0) - at(a, 0), at(b, 1) - at(a, 1), at(b, 2) - at(a, 2)];
    const [vx, vy, vz] = [at(c, 0) - at(a, 0), at(c, 1) - at(a, 1), at(c, 2) - at(a, 2)];
    const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    for (const point of [a, b, c])
      for (let axis = 0; axis < 3; axis++)
        normals[point + axis] = (normals[point + axis] ?? 0) + (normal[axis] ?? 0);
  }
  for (let at = 0; at < normals.length; at += 3) {
    const size = Math.hypot(normals[at] ?? 0, normals[at + 1] ?? 0, normals[at + 2] ?? 0);
    if (size > 0)
      for (let axis = 0; axis < 3; axis++) normals[at + axis] = (normals[at + axis] ?? 0) / size;
  }
  return normals;
}
