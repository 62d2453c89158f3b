import { decode as decodePng } from 'fast-png';

import { IbisError } from '../../contract/errors.js';
import type { PixelType } from '../../domain/study.js';
import { decodeJpegFile } from './codecs.js';

export interface PlainImageHeader {
  readonly columns: number;
  readonly rows: number;
  readonly samplesPerPixel: 1 | 3;
  readonly pixelType: PixelType;
}

export const isPng = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47;
export const isJpeg = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

const broken = (format: string): IbisError =>
  new IbisError('broken-file', `The ${format} file is damaged and cannot be read.`);

/** IHDR: width, height, bit depth, colour type (0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGB + alpha). */
export function readPngHeader(bytes: Uint8Array): PlainImageHeader {
  if (bytes.length < 26) throw broken('PNG');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const columns = view.getUint32(16);
  const rows = view.getUint32(20);
  const depth = view.getUint8(24);
  const colourType = view.getUint8(25);
  if (columns === 0 || rows === 0 || columns * rows > 1 << 30) throw broken('PNG');
  const gray = colourType === 0 || colourType === 4;
  return {
    columns,
    rows,
    samplesPerPixel: gray ? 1 : 3,
    pixelType: gray && depth === 16 ? 'uint16' : 'uint8',
  };
}

/** The first frame header (SOF) of a JPEG file: size and number of components. */
export function readJpegHeader(bytes: Uint8Array): PlainImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 2;
  while (at + 10 < bytes.length) {
    if (view.getUint8(at) !== 0xff) throw broken('JPEG');
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) {
      const rows = view.getUint16(at + 5);
      const columns = view.getUint16(at + 7);
      const components = view.getUint8(at + 9);
      if (rows === 0 || columns === 0) throw broken('JPEG');
      return { columns, rows, samplesPerPixel: components === 1 ? 1 : 3, pixelType: 'uint8' };
    }
    at += 2 + view.getUint16(at + 2);
  }
  throw broken('JPEG');
}

export async function decodePlainImage(
  kind: 'png' | 'jpeg',
  bytes: Uint8Array,
): Promise<Uint8Array> {
  if (kind === 'jpeg') {
    const { columns, rows, samplesPerPixel } = readJpegHeader(bytes);
    return decodeJpegFile(bytes, { columns, rows, samplesPerPixel });
  }
  return decodePngPixels(bytes);
}

/** Gray as stored (1, 2 and 4 bits widened to 8), colour in 8 bits, alpha dropped. */
function decodePngPixels(bytes: Uint8Array): Uint8Array {
  let png;
  try {
    png = decodePng(bytes);
  } catch (cause) {
    throw new IbisError('broken-file', 'The PNG file is damaged and cannot be read.', { cause });
  }
  const { width, height, depth, channels, palette } = png;
  const pixelCount = width * height;
  if (depth < 8) return unpackSmallDepth(png.data, width, height, depth, palette);
  if (palette !== undefined) return applyPngPalette(png.data, palette);
  const gray = channels <= 2;
  const kept = gray ? 1 : 3;
  if (gray && depth === 16) {
    const out = new Uint16Array(pixelCount);
    for (let n = 0; n < pixelCount; n++) out[n] = png.data[n * channels] ?? 0;
    return new Uint8Array(out.buffer);
  }
  const shift = depth === 16 ? 8 : 0;
  const out = new Uint8Array(pixelCount * kept);
  for (let n = 0; n < pixelCount; n++)
    for (let c = 0; c < kept; c++) out[n * kept + c] = (png.data[n * channels + c] ?? 0) >> shift;
  return out;
}

/** Rows of 1-, 2- or 4-bit pixels begin on a byte; highest bits first. */
function unpackSmallDepth(
  data: ArrayLike<number>,
  width: number,
  height: number,
  depth: number,
  palette: readonly (readonly number[])[] | undefined,
): Uint8Array {
  const rowBytes = Math.ceil((width * depth) / 8);
  const levels = (1 << depth) - 1;
  const values = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const byte = data[y * rowBytes + (bit >> 3)] ?? 0;
      values[y * width + x] = (byte >> (8 - depth - (bit & 7))) & levels;
    }
  if (palette !== undefined) return applyPngPalette(values, palette);
  return values.map((value) => Math.round((value * 255) / levels));
}

function applyPngPalette(
  indices: ArrayLike<number>,
  palette: readonly (readonly number[])[],
): Uint8Array {
  const out = new Uint8Array(indices.length * 3);
  for (let n = 0; n < indices.length; n++)
    out.set(palette[indices[n] ?? 0]?.slice(0, 3) ?? [], n * 3);
  return out;
}
