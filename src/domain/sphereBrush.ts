import type { Vec3, VoxelIndex } from './geometry.js';
import { packBlock } from './segmentSlices.js';
import type { SegmentSlices } from './segmentation.js';

const axes = [0, 1, 2] as const;

/**
 * Voxels whose middles a ball passes over on its straight way between two places; empty where that is outside the
 * volume. In mm, so that it is a ball in the patient; along an axis whose voxels are longer than the ball it is one
 * voxel thick.
 */
export function paintSphereStroke(
  from: VoxelIndex,
  to: VoxelIndex,
  radiusMm: number,
  { dimensions, spacingMm }: { readonly dimensions: Vec3; readonly spacingMm: Vec3 },
): SegmentSlices {
  const radii = axes.map((axis) => Math.max(0.5, radiusMm / spacingMm[axis])); // voxels
  const radius = (axis: 0 | 1 | 2): number => radii[axis] ?? 0.5;
  const [a, b]: readonly [Vec3, Vec3] = [
    [from.i, from.j, from.k],
    [to.i, to.j, to.k],
  ];
  const low = (axis: 0 | 1 | 2): number =>
    Math.max(0, Math.ceil(Math.min(a[axis], b[axis]) - radius(axis)));
  const high = (axis: 0 | 1 | 2): number =>
    Math.min(dimensions[axis] - 1, Math.floor(Math.max(a[axis], b[axis]) + radius(axis)));
  const size = (axis: 0 | 1 | 2): number => high(axis) - low(axis) + 1;
  const block: Vec3 = [size(0), size(1), size(2)];
  if (Math.min(...block) <= 0) return new Map();

  // In units of the radii the brush is a ball of radius 1.
  const way = (axis: 0 | 1 | 2): number => (b[axis] - a[axis]) / radius(axis);
  const [dx, dy, dz] = [way(0), way(1), way(2)];
  const squared = dx * dx + dy * dy + dz * dz;
  const data = new Uint8Array(block[0] * block[1] * block[2]);
  let at = 0;
  for (let k = low(2); k <= high(2); k++)
    for (let j = low(1); j <= high(1); j++)
      for (let i = low(0); i <= high(0); i++, at++) {
        const x = (i - a[0]) / radius(0);
        const y = (j - a[1]) / radius(1);
        const z = (k - a[2]) / radius(2);
        const along =
          squared === 0 ? 0 : Math.min(1, Math.max(0, (x * dx + y * dy + z * dz) / squared));
        const distance = (x - along * dx) ** 2 + (y - along * dy) ** 2 + (z - along * dz) ** 2;
        if (distance <= 1 + 1e-9) data[at] = 1;
      }
  return packBlock({ offset: [low(0), low(1), low(2)], dimensions: block, data }, dimensions);
}
