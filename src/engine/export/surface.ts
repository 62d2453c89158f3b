import caseTable from '@kitware/vtk.js/Filters/General/ImageMarchingCubes/caseTable.js';

import { cross, dot, voxelToWorld } from '../../domain/geometry.js';
import type { Vec3, VolumeGeometry } from '../../domain/geometry.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { computeVoxelBox, unpackBox } from '../../domain/segmentSlices.js';

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

/**
 * The surface of a segment by marching cubes (the case table of vtk.js; its filter is not used, as it prints to the
 * console and knows no direction), half-way between voxels that belong and those that do not. Closed also where the
 * segment touches the edge of the volume; nothing is smoothed.
 */
export function computeSurface(slices: SegmentSlices, geometry: VolumeGeometry): Surface {
  const box = computeVoxelBox(slices);
  if (box === null) return new Float64Array(0);
  // One empty voxel around it: also outside the volume, whose edge is a surface too.
  const offset: Vec3 = [box.min[0] - 1, box.min[1] - 1, box.min[2] - 1];
  const size: Vec3 = [
    box.max[0] - box.min[0] + 3,
    box.max[1] - box.min[1] + 3,
    box.max[2] - box.min[2] + 3,
  ];
  const { data } = unpackBox(slices, offset, size);
  const strideJ = size[0];
  const strideK = size[0] * size[1];
  const cornerStrides = CORNERS.map(([i, j, k]) => i + j * strideJ + k * strideK);
  // A left-handed grid turns the triangles inside out.
  const [a, b, c] = geometry.direction;
  const isMirrored = dot(cross(a, b), c) < 0;
  const numbers: number[] = [];
  const addPoint = (edge: number, i: number, j: number, k: number): void => {
    const [from = 0, to = 0] = caseTable.getEdge(edge);
    const [p, q] = [CORNERS[from] ?? CORNERS[0], CORNERS[to] ?? CORNERS[0]];
    const at = (axis: 0 | 1 | 2): number => ((p?.[axis] ?? 0) + (q?.[axis] ?? 0)) / 2;
    const { x, y, z } = voxelToWorld(geometry, {
      i: i + offset[0] + at(0),
      j: j + offset[1] + at(1),
      k: k + offset[2] + at(2),
    });
    numbers.push(x, y, z);
  };
  for (let k = 0; k < size[2] - 1; k++)
    for (let j = 0; j < size[1] - 1; j++)
      for (let i = 0; i < size[0] - 1; i++) {
        const first = i + j * strideJ + k * strideK;
        let index = 0;
        for (const [bit, corner] of CASE_CORNERS.entries())
          if (data[first + (cornerStrides[corner] ?? 0)] === 1) index |= 1 << bit;
        if (index === 0 || index === 255) continue;
        const edges = caseTable.getCase(index);
        for (let n = 0; (edges[n] ?? -1) >= 0; n += 3) {
          const [e0 = 0, e1 = 0, e2 = 0] = edges.slice(n, n + 3);
          for (const edge of isMirrored ? [e0, e2, e1] : [e0, e1, e2]) addPoint(edge, i, j, k);
        }
      }
  return Float64Array.from(numbers);
}
