import type { ImageInfo, PixelType } from '../../domain/study.js';

/** Raw pixels of one frame, [rows, columns, samplesPerPixel], before rescale. */
export type FramePixels =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

const bytesOf: Record<PixelType, number> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  float64: 8,
};

export const frameByteLength = (image: ImageInfo): number =>
  image.rows * image.columns * image.samplesPerPixel * bytesOf[image.pixelType];

/** Views little-endian bytes as pixels; null when their number is not what the image says. */
export function readFramePixels(image: ImageInfo, buffer: ArrayBuffer): FramePixels | null {
  if (buffer.byteLength !== frameByteLength(image)) return null;
  switch (image.pixelType) {
    case 'uint8':
      return new Uint8Array(buffer);
    case 'int8':
      return new Int8Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'float32':
      return new Float32Array(buffer);
    case 'float64':
      return new Float64Array(buffer);
  }
}

/** Modality values of one pixel: one, or three for colour. */
export function readPixel(
  image: ImageInfo,
  pixels: FramePixels,
  column: number,
  row: number,
): readonly number[] {
  const start = (row * image.columns + column) * image.samplesPerPixel;
  return Array.from(
    pixels.subarray(start, start + image.samplesPerPixel),
    (raw) => raw * image.rescaleSlope + image.rescaleIntercept,
  );
}
