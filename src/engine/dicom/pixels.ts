import { viewAs } from '../../domain/pixels.js';
import type { PixelArray, PixelType } from '../../domain/study.js';
import { outputOf } from './pixelLayout.js';
import type { Palette, PixelLayout } from './types.js';

/**
 * Samples as a codec (or a native frame) leaves them: little endian, in `bitsAllocated` bits of a sample,
 * interleaved (RGBRGB) unless `planar`.
 */
export interface RawSamples {
  readonly bytes: Uint8Array;
  readonly bitsAllocated: 8 | 16 | 32 | 64;
  readonly planar: boolean;
  /** Colour model of the samples now: codecs turn some into RGB by themselves. */
  readonly photometric: string;
}

const toBytes = (array: PixelArray): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Reverses the bytes of each sample, in place. */
export function swapBytes(bytes: Uint8Array, bytesPerSample: number): Uint8Array {
  for (let at = 0; at + bytesPerSample <= bytes.length; at += bytesPerSample)
    bytes.subarray(at, at + bytesPerSample).reverse();
  return bytes;
}

function planarToInterleaved(
  bytes: Uint8Array,
  pixelCount: number,
  samples: number,
  bytesPerSample: number,
): Uint8Array {
  const out = new Uint8Array(pixelCount * samples * bytesPerSample);
  for (let sample = 0; sample < samples; sample++)
    for (let pixel = 0; pixel < pixelCount; pixel++) {
      const from = (sample * pixelCount + pixel) * bytesPerSample;
      const to = (pixel * samples + sample) * bytesPerSample;
      for (let b = 0; b < bytesPerSample; b++) out[to + b] = bytes[from + b] ?? 0;
    }
  return out;
}

/**
 * Values of `bitsStored` bits below `highBit`, the rest (overlays, rubbish) dropped and the sign extended.
 * Widths of 8, 16 and 32 bits.
 */
export function keepStoredBits(array: PixelArray, layout: PixelLayout): PixelArray {
  const { bitsStored, highBit, signed } = layout;
  const width = array.BYTES_PER_ELEMENT * 8;
  if (bitsStored >= width || width > 32) return array;
  const up = 32 - 1 - highBit;
  const down = 32 - bitsStored;
  if (signed) for (let n = 0; n < array.length; n++) array[n] = ((array[n] ?? 0) << up) >> down;
  else for (let n = 0; n < array.length; n++) array[n] = ((array[n] ?? 0) << up) >>> down;
  return array;
}

const clampByte = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/** YBR_FULL to RGB, 8 bits, in place; PS3.3 C.7.6.3.1.2 (full range, chroma centred on 128). */
export function ybrToRgb(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at + 2 < bytes.length; at += 3) {
    const y = bytes[at] ?? 0;
    const cb = (bytes[at + 1] ?? 0) - 128;
    const cr = (bytes[at + 2] ?? 0) - 128;
    bytes[at] = clampByte(Math.round(y + 1.402 * cr));
    bytes[at + 1] = clampByte(Math.round(y - 0.344136 * cb - 0.714136 * cr));
    bytes[at + 2] = clampByte(Math.round(y + 1.772 * cb));
  }
  return bytes;
}

/** Native YBR_FULL_422: Y0 Y1 Cb Cr for each pair of pixels -> Y Cb Cr for each pixel. */
export function expand422(bytes: Uint8Array, pixelCount: number): Uint8Array {
  const out = new Uint8Array(pixelCount * 3);
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const pair = (pixel >> 1) * 4;
    out[pixel * 3] = bytes[pair + (pixel & 1)] ?? 0;
    out[pixel * 3 + 1] = bytes[pair + 2] ?? 0;
    out[pixel * 3 + 2] = bytes[pair + 3] ?? 0;
  }
  return out;
}

function applyPalette(indices: PixelArray, palette: Palette): Uint8Array {
  const out = new Uint8Array(indices.length * 3);
  const last = palette.red.length - 1;
  for (let n = 0; n < indices.length; n++) {
    const entry = Math.min(last, Math.max(0, (indices[n] ?? 0) - palette.first));
    out[n * 3] = palette.red[entry] ?? 0;
    out[n * 3 + 1] = palette.green[entry] ?? 0;
    out[n * 3 + 2] = palette.blue[entry] ?? 0;
  }
  return out;
}

function storedType(layout: PixelLayout, bitsAllocated: 8 | 16 | 32 | 64): PixelType {
  if (layout.sampleKind === 'float') return bitsAllocated === 64 ? 'float64' : 'float32';
  if (bitsAllocated === 8) return layout.signed ? 'int8' : 'uint8';
  if (bitsAllocated === 16) return layout.signed ? 'int16' : 'uint16';
  if (bitsAllocated === 32) return layout.signed ? 'int32' : 'uint32';
  return 'float64';
}

/** Samples as stored -> the bytes that ImageInfo promises. */
export function finishPixels(samples: RawSamples, layout: PixelLayout): Uint8Array {
  const pixelCount = layout.rows * layout.columns;
  const bytesPerSample = samples.bitsAllocated / 8;
  const interleaved = samples.planar
    ? planarToInterleaved(samples.bytes, pixelCount, layout.samplesPerPixel, bytesPerSample)
    : samples.bytes;
  if (layout.sampleKind === 'float') return interleaved;
  const stored = keepStoredBits(
    viewAs(storedType(layout, samples.bitsAllocated), interleaved),
    layout,
  );
  if (layout.palette !== null) return applyPalette(stored, layout.palette);
  if (layout.samplesPerPixel > 1) return finishColour(stored, samples.photometric, layout);
  if (layout.modalityLut !== null) {
    const { first, values } = layout.modalityLut;
    const last = values.length - 1;
    return toBytes(
      Uint16Array.from(stored, (value) => values[Math.min(last, Math.max(0, value - first))] ?? 0),
    );
  }
  // A codec may hand out narrower samples than the header allocates (8-bit JPEG in 16 allocated bits).
  const wanted = outputOf(layout).pixelType;
  return wanted === storedType(layout, samples.bitsAllocated)
    ? toBytes(stored)
    : convert(stored, wanted);
}

function convert(values: PixelArray, type: PixelType): Uint8Array {
  const sizes = { 8: 1, 16: 2, 32: 4, 64: 8 } as const;
  const bits = type.endsWith('64') ? 64 : type.endsWith('32') ? 32 : type.endsWith('16') ? 16 : 8;
  const out = viewAs(type, new Uint8Array(values.length * sizes[bits]));
  for (let n = 0; n < values.length; n++) out[n] = values[n] ?? 0;
  return toBytes(out);
}

/** Colour is handed out in 8 bits: of deeper samples the upper 8 stored bits. A fourth sample is dropped. */
function finishColour(stored: PixelArray, photometric: string, layout: PixelLayout): Uint8Array {
  const samples = layout.samplesPerPixel;
  const shift = Math.max(0, layout.bitsStored - 8);
  const pixelCount = layout.rows * layout.columns;
  const rgb = new Uint8Array(pixelCount * 3);
  for (let pixel = 0; pixel < pixelCount; pixel++)
    for (let channel = 0; channel < 3; channel++)
      rgb[pixel * 3 + channel] = (stored[pixel * samples + channel] ?? 0) >>> shift;
  return photometric === 'YBR_FULL' || photometric === 'YBR_FULL_422' ? ybrToRgb(rgb) : rgb;
}
