import type { SlicePlane } from '../../domain/plane.js';
import type { ImageInfo, PixelArray } from '../../domain/study.js';

/** Pixels of one slice in canonical orientation, ready to draw: modality values, or 8-bit colour. */
export interface SlicePixels {
  readonly width: number;
  readonly height: number;
  readonly samplesPerPixel: 1 | 3;
  /** [height, width, samplesPerPixel] */
  readonly data: Uint8Array | Float32Array;
  readonly minimum: number;
  readonly maximum: number;
  /** Some frames were not there yet: their rows are drawn darkest. */
  readonly partial: boolean;
}

interface Source {
  /** Frame k of the volume, or undefined while it is not loaded. */
  readonly frame: (k: number) => PixelArray | undefined;
  readonly images: readonly ImageInfo[];
}

const isPlain8Bit = (image: ImageInfo): boolean =>
  image.pixelType === 'uint8' && image.rescaleSlope === 1 && image.rescaleIntercept === 0;

/** Colour of more than 8 bits is shown by its high byte. */
const colourShift = (image: ImageInfo): number => (image.pixelType === 'uint16' ? 1 / 256 : 1);

/**
 * Cuts slice `sliceIndex` out of the frames: only flips and transpositions, so that a slice pixel is a voxel.
 * Padding is drawn darkest. Frames stay as they were stored; only the slice is converted.
 */
export function cutSliceImage(source: Source, plane: SlicePlane, sliceIndex: number): SlicePixels {
  const { width, height } = plane;
  const first = source.images[0];
  const samplesPerPixel = first?.samplesPerPixel ?? 1;
  // 8-bit data stays 8-bit; all else becomes float32, which is what the GPU samples anyway.
  const data =
    samplesPerPixel === 3 || source.images.every(isPlain8Bit)
      ? new Uint8Array(width * height * samplesPerPixel)
      : new Float32Array(width * height);
  const sign = { column: plane.flipColumns ? -1 : 1, row: plane.flipRows ? -1 : 1 };
  const start = {
    column: plane.flipColumns ? width - 1 : 0,
    row: plane.flipRows ? height - 1 : 0,
  };
  const hole = new Uint8Array(width * height); // 1: padding or not loaded
  let partial = false;

  /** Copies a run of `count` pixels of frame k; strides are in pixels. */
  const copy = (
    k: number,
    from: number,
    fromStride: number,
    to: number,
    toStride: number,
    count: number,
  ): void => {
    const frame = source.frame(k);
    const image = source.images[k];
    if (frame === undefined || image === undefined) {
      partial = true;
      for (let n = 0; n < count; n++) hole[to + n * toStride] = 1;
      return;
    }
    if (samplesPerPixel === 3) {
      const factor = colourShift(image);
      for (let n = 0; n < count; n++)
        for (let s = 0; s < 3; s++)
          data[(to + n * toStride) * 3 + s] =
            (frame[(from + n * fromStride) * 3 + s] ?? 0) * factor;
      return;
    }
    const { rescaleSlope: slope, rescaleIntercept: intercept, padding } = image;
    const low = padding?.first ?? Infinity;
    const high = padding?.last ?? -Infinity;
    for (let n = 0; n < count; n++) {
      const raw = frame[from + n * fromStride] ?? 0;
      const target = to + n * toStride;
      data[target] = raw * slope + intercept;
      if (raw >= low && raw <= high) hole[target] = 1;
    }
  };

  const { columnAxis, rowAxis, normalAxis } = plane;
  for (let row = 0; row < height; row++) {
    const r = start.row + sign.row * row; // voxel index along the row axis
    for (let column = 0; column < width; column += columnAxis === 2 ? 1 : width) {
      const c = start.column + sign.column * column;
      const voxel = [0, 0, 0];
      voxel[columnAxis] = c;
      voxel[rowAxis] = r;
      voxel[normalAxis] = sliceIndex;
      const [i = 0, j = 0, k = 0] = voxel;
      const columns = source.images[k]?.columns ?? 0;
      const stride = columnAxis === 0 ? 1 : columns; // when the columns run along k, each pixel is a run of its own
      copy(
        k,
        j * columns + i,
        sign.column * stride,
        row * width + column,
        1,
        columnAxis === 2 ? 1 : width,
      );
    }
  }
  const range = fillHoles(data, hole, first?.photometric === 'MONOCHROME1', samplesPerPixel);
  return { width, height, samplesPerPixel, data, ...range, partial };
}

/** Draws holes darkest, and tells the range of the rest. */
function fillHoles(
  data: Uint8Array | Float32Array,
  hole: Uint8Array,
  brightIsLow: boolean,
  samplesPerPixel: number,
): { minimum: number; maximum: number } {
  if (samplesPerPixel === 3) return { minimum: 0, maximum: 255 };
  let minimum = Infinity;
  let maximum = -Infinity;
  let holes = 0;
  for (let p = 0; p < data.length; p++) {
    if (hole[p] === 1) {
      holes++;
      continue;
    }
    const value = data[p] ?? 0;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  if (minimum > maximum) [minimum, maximum] = [0, 0];
  const darkest = brightIsLow ? maximum : minimum;
  if (holes > 0) for (let p = 0; p < data.length; p++) if (hole[p] === 1) data[p] = darkest;
  return { minimum, maximum };
}
