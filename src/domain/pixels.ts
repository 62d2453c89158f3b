import type { ImageInfo, PixelArray, PixelType } from './study.js';

export const bytesPerSample: Readonly<Record<PixelType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  float64: 8,
};

/** Bytes of one frame as the engine serves it: [rows, columns, samplesPerPixel]. */
export const frameByteLength = (info: ImageInfo): number =>
  info.rows * info.columns * info.samplesPerPixel * bytesPerSample[info.pixelType];

/** A typed view of bytes; copies where the alignment asks for it. All supported machines are little endian. */
export function viewAs(type: PixelType, bytes: Uint8Array): PixelArray {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  switch (type) {
    case 'uint8':
      return new Uint8Array(buffer, byteOffset, byteLength);
    case 'int8':
      return new Int8Array(buffer, byteOffset, byteLength);
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, byteLength >> 1);
    case 'int16':
      return new Int16Array(buffer, byteOffset, byteLength >> 1);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, byteLength >> 2);
    case 'int32':
      return new Int32Array(buffer, byteOffset, byteLength >> 2);
    case 'float32':
      return new Float32Array(buffer, byteOffset, byteLength >> 2);
    case 'float64':
      return new Float64Array(buffer, byteOffset, byteLength >> 3);
  }
}
