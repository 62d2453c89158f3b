import type { Vec3 } from '../../domain/geometry.js';
import type { VoxelBlock } from '../../domain/segmentSlices.js';

export type Grid = Pick<VoxelBlock, 'dimensions' | 'data'>;

/** Called with the share done, 0 to 1, of a piece of work. */
export type OnProgress = (share: number) => void;

/**
 * Along i: distance in mm² to the nearest voxel of value `target` in the same line, by two sweeps. Infinity where the
 * line has none within the limit.
 */
function sweepLines(
  { data, dimensions }: Grid,
  target: 0 | 1,
  stepMm: number,
  limitMm: number,
): Float32Array {
  const [di] = dimensions;
  const squared = new Float32Array(data.length).fill(Infinity);
  const reach = limitMm / stepMm;
  for (let first = 0; first < data.length; first += di) {
    let last = -Infinity; // where the target was met last
    for (let i = 0; i < di; i++) {
      if (data[first + i] === target) last = i;
      const steps = i - last;
      if (steps <= reach) squared[first + i] = (steps * stepMm) ** 2;
    }
    last = Infinity;
    for (let i = di - 1; i >= 0; i--) {
      if (data[first + i] === target) last = i;
      const steps = last - i;
      if (steps > reach) continue;
      const other = (steps * stepMm) ** 2;
      if (other < (squared[first + i] ?? 0)) squared[first + i] = other;
    }
  }
  return squared;
}

/** Lower envelopes of parabolas, one line after the other, with the memory they need. */
function createEnvelope(count: number, stepMm: number, limit: number) {
  const heights = new Float64Array(count);
  const apexes = new Int32Array(count); // of the parabolas in the envelope
  const starts = new Float64Array(count); // mm from which on each of them is the lowest

  /** Replaces values[first + n * stride], n < count, by min over m of values[m] + (distance from n to m)². */
  return (values: Float32Array, first: number, stride: number): void => {
    let parabolas = 0;
    for (let q = 0, at = first; q < count; q++, at += stride) {
      const height = values[at] ?? 0;
      heights[q] = height;
      if (height === Infinity) continue;
      const place = q * stepMm;
      let start = -Infinity;
      while (parabolas > 0) {
        const p = apexes[parabolas - 1] ?? 0;
        const other = p * stepMm;
        start =
          (height + place * place - (heights[p] ?? 0) - other * other) / (2 * (place - other));
        if (start > (starts[parabolas - 1] ?? 0)) break;
        parabolas--;
        start = -Infinity;
      }
      apexes[parabolas] = q;
      starts[parabolas] = start;
      parabolas++;
    }
    if (parabolas === 0) return;
    let lowest = 0;
    for (let n = 0, at = first; n < count; n++, at += stride) {
      const place = n * stepMm;
      while (lowest + 1 < parabolas && (starts[lowest + 1] ?? 0) < place) lowest++;
      const apex = apexes[lowest] ?? 0;
      const value = (place - apex * stepMm) ** 2 + (heights[apex] ?? 0);
      values[at] = value <= limit ? value : Infinity;
    }
  };
}

/**
 * Squared Euclidean distance in mm² from the middle of each voxel to that of the nearest voxel of value `target`,
 * exact on any spacing: float32 [k, j, i]. Infinity where there is none in the block, or none within `limitMm` (a
 * limit saves time). What lies outside the block does not count. After Felzenszwalb and Huttenlocher, "Distance
 * transforms of sampled functions", Theory of Computing 8 (2012): one axis after the other. On a sheared grid (gantry
 * tilt) mm are measured along the grid's axes as if they stood at right angles.
 */
export function computeSquaredDistances(
  grid: Grid,
  spacingMm: Vec3,
  target: 0 | 1,
  { limitMm = Infinity, onProgress }: { limitMm?: number; onProgress?: OnProgress } = {},
): Float32Array {
  const [di, dj, dk] = grid.dimensions;
  const generousMm = limitMm * (1 + 1e-6); // rounding must not cut off what lies at the limit itself
  const limit = generousMm ** 2;
  const squared = sweepLines(grid, target, spacingMm[0], generousMm);
  onProgress?.(1 / 3);
  const alongJ = createEnvelope(dj, spacingMm[1], limit);
  for (let k = 0; k < dk; k++) for (let i = 0; i < di; i++) alongJ(squared, k * dj * di + i, di);
  onProgress?.(2 / 3);
  const alongK = createEnvelope(dk, spacingMm[2], limit);
  for (let at = 0; at < di * dj; at++) alongK(squared, at, di * dj);
  onProgress?.(1);
  return squared;
}
