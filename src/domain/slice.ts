import { imageToVoxel } from './plane.js';
import { grayToRgb } from './overlay.js';
import { applyWindow, computePercentiles, rangeOfWindow, windowOfRange } from './window.js';
import type { Vec3 } from './geometry.js';
import type { SlicePlane } from './plane.js';
import type { IntensityWindow, Volume } from './study.js';

/** One slice in canonical display orientation, in modality values. */
export interface SliceValues {
  readonly width: number;
  readonly height: number;
  readonly samplesPerPixel: 1 | 3;
  readonly values: Volume['data']; // [height, width] or [height, width, 3]
}

/** Where a slice's pixels lie in a volume: offset of pixel (0, 0) and strides, in voxels. */
function computeStrides(
  dimensions: Vec3,
  plane: SlicePlane,
  sliceIndex: number,
): { readonly start: number; readonly column: number; readonly row: number } {
  if (!Number.isInteger(sliceIndex) || sliceIndex < 0 || sliceIndex >= plane.sliceCount)
    throw new RangeError(`slice ${String(sliceIndex)} lies outside the volume`);
  const strides: Vec3 = [1, dimensions[0], dimensions[0] * dimensions[1]];
  const { i, j, k } = imageToVoxel(plane, sliceIndex, { column: 0, row: 0 });
  return {
    start: i * strides[0] + j * strides[1] + k * strides[2],
    column: strides[plane.columnAxis] * (plane.flipColumns ? -1 : 1),
    row: strides[plane.rowAxis] * (plane.flipRows ? -1 : 1),
  };
}

/** Copies one slice out of a volume; only flips and transposes. Throws a RangeError outside the volume. */
export function extractSlice(volume: Volume, plane: SlicePlane, sliceIndex: number): SliceValues {
  const { samplesPerPixel, data, geometry } = volume;
  const strides = computeStrides(geometry.dimensions, plane, sliceIndex);
  const { width, height } = plane;
  const values = data.slice(0, width * height * samplesPerPixel); // same type; every element is overwritten
  let at = 0;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const voxel = strides.start + column * strides.column + row * strides.row;
      for (let sample = 0; sample < samplesPerPixel; sample++)
        values[at++] = data[voxel * samplesPerPixel + sample] ?? 0;
    }
  return { width, height, samplesPerPixel, values };
}

/** The window a slice is shown in unless told otherwise: the file's, else 1st to 99th percentile of the volume's tissue. */
export function computeDefaultWindow(volume: Volume): IntensityWindow {
  return volume.window ?? computePercentileWindow(volume, 1, 99);
}

/** Percentiles over the whole volume, padding left out. A volume without tissue gets the range 0 to 255. */
export function computePercentileWindow(
  volume: Volume,
  lowPercent: number,
  highPercent: number,
): IntensityWindow {
  const percentages = [lowPercent, highPercent];
  const [low = 0, high = 255] =
    computePercentiles(volume.data, percentages, volume.paddingRange) ?? [];
  return windowOfRange({ low, high });
}

/** uint8 [height, width, 3] as both models see it: windowed, MONOCHROME1 inverted; colour passes through. */
export function renderSlice(
  slice: SliceValues,
  photometric: Volume['photometric'],
  window: IntensityWindow,
): Uint8Array {
  if (slice.samplesPerPixel === 3) return Uint8Array.from(slice.values);
  const gray = applyWindow(slice.values, rangeOfWindow(window));
  if (photometric === 'MONOCHROME1')
    for (let p = 0; p < gray.length; p++) gray[p] = 255 - (gray[p] ?? 0);
  return grayToRgb(gray);
}
