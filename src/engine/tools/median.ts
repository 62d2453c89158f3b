import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import type { OnProgress } from './distance.js';

/** Radii in voxels of the median's box: as many whole voxels as the radius in mm holds. */
export const medianRadii = (spacingMm: Vec3, radiusMm: number): Vec3 => [
  Math.floor(radiusMm / spacingMm[0] + 1e-6),
  Math.floor(radiusMm / spacingMm[1] + 1e-6),
  Math.floor(radiusMm / spacingMm[2] + 1e-6),
];

/** Replaces each of `count` values, `stride` apart, by the sum of those within `radius`. */
function sumAlong(
  values: Uint32Array,
  first: number,
  { count, stride, radius }: { count: number; stride: number; radius: number },
  line: Uint32Array,
): void {
  for (let n = 0; n < count; n++) line[n] = values[first + n * stride] ?? 0;
  let sum = 0;
  for (let n = 0; n < Math.min(radius, count); n++) sum += line[n] ?? 0;
  for (let n = 0; n < count; n++) {
    if (n + radius < count) sum += line[n + radius] ?? 0;
    values[first + n * stride] = sum;
    if (n - radius >= 0) sum -= line[n - radius] ?? 0;
  }
}

/**
 * The majority in a box around each voxel: a median of zeros and ones. At the edges of the volume the box is cut off
 * there, and a tie leaves the voxel as it is. Margin of the block: the radii.
 */
export function computeMedian(
  block: VoxelBlock,
  volumeDimensions: Vec3,
  radii: Vec3,
  onProgress?: OnProgress,
): VoxelBlock {
  const [di, dj, dk] = block.dimensions;
  const sums = Uint32Array.from(block.data);
  const line = new Uint32Array(Math.max(di, dj, dk));
  for (let n = 0; n < dj * dk; n++)
    sumAlong(sums, n * di, { count: di, stride: 1, radius: radii[0] }, line);
  onProgress?.(0.25);
  for (let k = 0; k < dk; k++)
    for (let i = 0; i < di; i++)
      sumAlong(sums, k * dj * di + i, { count: dj, stride: di, radius: radii[1] }, line);
  onProgress?.(0.5);
  for (let n = 0; n < di * dj; n++)
    sumAlong(sums, n, { count: dk, stride: di * dj, radius: radii[2] }, line);
  onProgress?.(0.75);

  /** Voxels of the box along an axis that lie in the volume. */
  const countInside = (axis: 0 | 1 | 2): Uint32Array =>
    Uint32Array.from({ length: block.dimensions[axis] }, (_, n) => {
      const place = block.offset[axis] + n;
      const last = Math.min(volumeDimensions[axis] - 1, place + radii[axis]);
      return last - Math.max(0, place - radii[axis]) + 1;
    });
  const [alongI, alongJ, alongK] = [countInside(0), countInside(1), countInside(2)];
  const data = block.data.slice();
  for (let k = 0, at = 0; k < dk; k++)
    for (let j = 0; j < dj; j++) {
      const inLine = (alongJ[j] ?? 0) * (alongK[k] ?? 0);
      for (let i = 0; i < di; i++, at++) {
        const excess = 2 * (sums[at] ?? 0) - inLine * (alongI[i] ?? 0);
        if (excess !== 0) data[at] = excess > 0 ? 1 : 0;
      }
    }
  onProgress?.(1);
  return { ...block, data };
}
