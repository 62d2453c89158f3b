import type { Mesh } from '../export/surface.js';

/**
 * Taubin's two steps ("A signal processing approach to fair surface design", SIGGRAPH 1995): inwards, then a little
 * further outwards, so that steps of voxels go and the volume stays. vtk.js has a windowed sinc filter; it takes thirty
 * times as long.
 */
const INWARDS = 0.5;
const OUTWARDS = -0.53;
const ROUNDS = 12;

/** The points of a mesh, each drawn towards the middle of its neighbours. float32 [n, 3] */
export function smoothMesh({ points, triangles }: Mesh): Float32Array {
  const count = points.length / 3;
  // In a closed mesh each edge belongs to two triangles, which run through it in opposite ways: each way is met once.
  const degrees = new Uint32Array(count);
  for (const point of triangles) degrees[point] = (degrees[point] ?? 0) + 1;
  let from = Float32Array.from(points);
  let to = new Float32Array(from.length);
  for (let round = 0; round < 2 * ROUNDS; round++) {
    const share = round % 2 === 0 ? INWARDS : OUTWARDS;
    to.fill(0);
    for (let n = 0; n < triangles.length; n += 3)
      for (let c = 0; c < 3; c++) {
        const point = 3 * (triangles[n + c] ?? 0);
        const next = 3 * (triangles[n + ((c + 1) % 3)] ?? 0);
        for (let axis = 0; axis < 3; axis++)
          to[point + axis] = (to[point + axis] ?? 0) + (from[next + axis] ?? 0);
      }
    for (let at = 0; at < to.length; at++) {
      const degree = degrees[Math.floor(at / 3)] ?? 0;
      const own = from[at] ?? 0;
      to[at] = degree === 0 ? own : own + share * ((to[at] ?? 0) / degree - own);
    }
    [from, to] = [to, from];
  }
  return from;
}
