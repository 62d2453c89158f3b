import { cross, dot } from '../../domain/geometry.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import { forEachPixel } from '../../domain/packedBits.js';
import { countVoxels } from '../../domain/segmentSlices.js';
import type { SegmentStatistics } from '../../domain/segmentStatistics.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { Volume } from '../../domain/study.js';
import { createBreather } from './breathe.js';
import { computeAxes } from './axes.js';

/** mm3 of one voxel, sheared grids included. */
const computeVoxelVolume = ({ spacingMm, direction: [a, b, c] }: VolumeGeometry): number =>
  Math.abs(dot(a, cross(b, c))) * spacingMm[0] * spacingMm[1] * spacingMm[2];

async function computeValues(
  slices: SegmentSlices,
  volume: Volume,
  unit: string,
  breathe: () => Promise<void>,
): Promise<SegmentStatistics['values']> {
  const [di, dj] = volume.geometry.dimensions;
  const { data } = volume;
  let [count, sum, squares, shift] = [0, 0, 0, 0];
  let [minimum, maximum] = [Infinity, -Infinity];
  for (const [k, mask] of slices) {
    forEachPixel(mask, (i, j) => {
      const value = data[(k * dj + j) * di + i] ?? NaN;
      if (!Number.isFinite(value)) return; // files of floats mark "no value" so
      if (count === 0) shift = value; // sums of small numbers keep their digits
      count++;
      sum += value - shift;
      squares += (value - shift) ** 2;
      if (value < minimum) minimum = value;
      if (value > maximum) maximum = value;
    });
    await breathe();
  }
  if (count === 0) return null;
  const deviation = Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  return { mean: shift + sum / count, deviation, minimum, maximum, unit };
}

/** In pieces, so that the engine answers others meanwhile: a large segment takes some hundred milliseconds. */
export async function computeSegmentStatistics(options: {
  readonly segmentNumber: number;
  readonly slices: SegmentSlices;
  readonly geometry: VolumeGeometry;
  /** Whether the images say how large their pixels are. */
  readonly isCalibrated: boolean;
  /** Null for colour images. */
  readonly volume: Volume | null;
  readonly unit: string;
}): Promise<SegmentStatistics> {
  const { segmentNumber, slices, geometry, isCalibrated, volume, unit } = options;
  const breathe = createBreather();
  const voxelCount = countVoxels(slices);
  const axes = isCalibrated ? await computeAxes(slices, geometry, breathe) : null;
  return {
    segmentNumber,
    voxelCount,
    volumeMl: isCalibrated ? (voxelCount * computeVoxelVolume(geometry)) / 1000 : null,
    longestAxisMm: axes?.longestMm ?? null,
    acrossAxesMm: axes?.acrossMm ?? null,
    values: volume === null ? null : await computeValues(slices, volume, unit, breathe),
  };
}
