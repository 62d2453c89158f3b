import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';
import type { OnProgress } from './distance.js';

const CUT_OFF = 4; // standard deviations beyond which a Gaussian is taken as 0

/** Voxels of room that smoothing needs around the segments. */
export const smoothingMargin = (spacingMm: Vec3, deviationMm: number): Vec3 => [
  Math.ceil((CUT_OFF * deviationMm) / spacingMm[0]),
  Math.ceil((CUT_OFF * deviationMm) / spacingMm[1]),
  Math.ceil((CUT_OFF * deviationMm) / spacingMm[2]),
];

/** Weights of a Gaussian at 0, 1, ... voxels from its middle; not normalised. */
function computeWeights(deviationVoxels: number): Float64Array {
  const reach = Math.ceil(CUT_OFF * deviationVoxels);
  return Float64Array.from({ length: reach + 1 }, (_, n) =>
    Math.exp(-0.5 * (n / deviationVoxels) ** 2),
  );
}

interface Line {
  readonly count: number;
  readonly stride: number;
  /** Of the line's first voxel in the volume, and how many the volume has there. */
  readonly offset: number;
  readonly volumeCount: number;
}

/** Smooths one line in place; a mean over what lies in the volume, whose outside is unknown. */
function createLineSmoother(line: Line, weights: Float64Array) {
  const { count, stride, offset, volumeCount } = line;
  const reach = weights.length - 1;
  const scales = Float64Array.from({ length: count }, (_, n) => {
    let sum = 0;
    for (let m = -reach; m <= reach; m++) {
      const place = offset + n + m;
      if (place >= 0 && place < volumeCount) sum += weights[Math.abs(m)] ?? 0;
    }
    return 1 / sum;
  });
  const padded = new Float64Array(count + 2 * reach);
  return (values: Float32Array, first: number): void => {
    let hasAny = false;
    for (let n = 0; n < count; n++) {
      const value = values[first + n * stride] ?? 0;
      padded[reach + n] = value;
      hasAny ||= value !== 0;
    }
    if (!hasAny) return;
    for (let n = 0; n < count; n++) {
      const middle = reach + n;
      let sum = (padded[middle] ?? 0) * (weights[0] ?? 0);
      for (let m = 1; m <= reach; m++)
        sum += ((padded[middle - m] ?? 0) + (padded[middle + m] ?? 0)) * (weights[m] ?? 0);
      values[first + n * stride] = sum * (scales[n] ?? 0);
    }
  };
}

/** A block smoothed by a Gaussian of `deviationMm`: float32 [k, j, i], 0 to 1. Margin: `smoothingMargin`. */
export function smoothBlock(
  { offset, dimensions, data }: VoxelBlock,
  volume: { readonly dimensions: Vec3; readonly spacingMm: Vec3 },
  deviationMm: number,
): Float32Array {
  const [di, dj, dk] = dimensions;
  const values = Float32Array.from(data);
  const smoother = (axis: 0 | 1 | 2, stride: number) =>
    createLineSmoother(
      {
        count: dimensions[axis],
        stride,
        offset: offset[axis],
        volumeCount: volume.dimensions[axis],
      },
      computeWeights(deviationMm / volume.spacingMm[axis]),
    );
  const alongI = smoother(0, 1);
  for (let n = 0; n < dj * dk; n++) alongI(values, n * di);
  const alongJ = smoother(1, di);
  for (let k = 0; k < dk; k++) for (let i = 0; i < di; i++) alongJ(values, k * dj * di + i);
  const alongK = smoother(2, di * dj);
  for (let n = 0; n < di * dj; n++) alongK(values, n);
  return values;
}

/**
 * Smooths segments together, so that neither gaps nor overlaps come between them: each is smoothed by a Gaussian, their
 * union is where these add up to at least one half, and each voxel of the union goes to the segment that is strongest
 * there. A voxel of several segments counts for the first, and of equals the first wins. All blocks lie in one box, with
 * `smoothingMargin` around the segments.
 */
export function smoothJointly(
  blocks: readonly VoxelBlock[],
  volume: { readonly dimensions: Vec3; readonly spacingMm: Vec3 },
  deviationMm: number,
  onProgress?: OnProgress,
): VoxelBlock[] {
  const [first] = blocks;
  if (first === undefined) return [];
  const count = first.data.length;
  const taken = new Uint8Array(count);
  const sum = new Float32Array(count);
  const strongest = new Float32Array(count);
  const winners = new Int32Array(count).fill(-1);
  for (const [index, block] of blocks.entries()) {
    const own = block.data.map((value, at) => value & (1 - (taken[at] ?? 0)));
    for (let at = 0; at < count; at++) if (own[at] === 1) taken[at] = 1;
    const smoothed = smoothBlock({ ...block, data: own }, volume, deviationMm);
    for (let at = 0; at < count; at++) {
      const value = smoothed[at] ?? 0;
      sum[at] = (sum[at] ?? 0) + value;
      if (value <= (strongest[at] ?? 0)) continue;
      strongest[at] = value;
      winners[at] = index;
    }
    onProgress?.((index + 1) / blocks.length);
  }
  return blocks.map((block, index) => {
    const data = new Uint8Array(count);
    for (let at = 0; at < count; at++)
      if (winners[at] === index && (sum[at] ?? 0) >= 0.5) data[at] = 1;
    return { ...block, data };
  });
}
