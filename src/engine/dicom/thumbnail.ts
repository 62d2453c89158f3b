import { encode } from 'fast-png';

import type { ImageInfo, PixelArray } from '../../domain/study.js';
import { viewAs } from '../../domain/pixels.js';

const LONGEST_SIDE_PX = 128;

/** 1st to 99th percentile of the values that are not padding. */
function percentileRange(values: PixelArray, info: ImageInfo): readonly [number, number] {
  const step = Math.max(1, Math.floor(values.length / 65_536));
  const sample: number[] = [];
  for (let n = 0; n < values.length; n += step) {
    const value = values[n] ?? 0;
    const padded =
      info.padding !== null && value >= info.padding.first && value <= info.padding.last;
    if (!padded && Number.isFinite(value)) sample.push(value);
  }
  sample.sort((a, b) => a - b);
  const at = (fraction: number): number => sample[Math.floor((sample.length - 1) * fraction)] ?? 0;
  return [at(0.01), at(0.99)];
}

/** Range of stored values that is shown from black to white. */
function shownRange(values: PixelArray, info: ImageInfo): readonly [number, number] {
  if (info.samplesPerPixel === 3) return [0, 255];
  if (info.window === null) return percentileRange(values, info);
  const { centre, width } = info.window;
  const toStored = (value: number): number => (value - info.rescaleIntercept) / info.rescaleSlope;
  return [toStored(centre - width / 2), toStored(centre + width / 2)];
}

/** PNG of a frame, windowed, at most 128 px on its longer side, pixels squared by their spacing. */
export function makeThumbnail(bytes: Uint8Array, info: ImageInfo): Uint8Array {
  const values = viewAs(info.pixelType, bytes);
  const [low, high] = shownRange(values, info);
  const { rows, columns, samplesPerPixel: samples } = info;
  const widthMm = columns * (info.spacingMm?.column ?? 1);
  const heightMm = rows * (info.spacingMm?.row ?? 1);
  const longest = Math.max(widthMm, heightMm);
  const side = Math.min(LONGEST_SIDE_PX, Math.max(rows, columns));
  const width = Math.max(1, Math.round((side * widthMm) / longest));
  const height = Math.max(1, Math.round((side * heightMm) / longest));
  const range = high - low || 1;
  const invert = info.photometric === 'MONOCHROME1';
  const data = new Uint8Array(width * height * samples);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const row = Math.min(rows - 1, Math.floor(((y + 0.5) * rows) / height));
      const column = Math.min(columns - 1, Math.floor(((x + 0.5) * columns) / width));
      for (let c = 0; c < samples; c++) {
        const value = values[(row * columns + column) * samples + c] ?? 0;
        const shade = Math.min(255, Math.max(0, Math.round(((value - low) / range) * 255)));
        data[(y * width + x) * samples + c] = invert ? 255 - shade : shade;
      }
    }
  return encode({ width, height, data, channels: samples, depth: 8 });
}
