import { frameByteLength, viewAs } from '../../domain/pixels.js';
import type { ImageInfo, PixelArray } from '../../domain/study.js';

/** Views little-endian bytes as pixels; null when their number is not what the image says. */
export const readFramePixels = (image: ImageInfo, buffer: ArrayBuffer): PixelArray | null =>
  buffer.byteLength === frameByteLength(image)
    ? viewAs(image.pixelType, new Uint8Array(buffer))
    : null;

/** Modality values of one pixel: one, or three for colour. */
export function readPixel(
  image: ImageInfo,
  pixels: PixelArray,
  column: number,
  row: number,
): readonly number[] {
  const start = (row * image.columns + column) * image.samplesPerPixel;
  return Array.from(
    pixels.subarray(start, start + image.samplesPerPixel),
    (raw) => raw * image.rescaleSlope + image.rescaleIntercept,
  );
}
