import { encode } from 'fast-png';

import type { Mask } from '../../domain/mask.js';
import type { NormalisedPoint } from '../../domain/plane.js';
import type { Prompts } from '../../domain/prompts.js';
import { computeTextDots } from './bitmapFont.js';
import { RESEARCH_NOTICE } from './types.js';

type Colour = readonly [number, number, number];
const MASK_COLOUR: Colour = [80, 220, 120];
const INCLUDE_COLOUR: Colour = [60, 230, 110];
const EXCLUDE_COLOUR: Colour = [255, 80, 80];
const TEXT_COLOUR: Colour = [235, 235, 235];
const SHADOW: Colour = [0, 0, 0];
const FILL_ALPHA = 0.22;
const LONGEST_SIDE_PX = 1024;

/** A windowed slice, uint8 [height, width, 3], and the size of its pixels in mm. */
export interface SlicePicture {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
  readonly pixelSpacingMm: readonly [number, number]; // along columns, along rows
}

export const encodeRgbPng = (width: number, height: number, rgb: Uint8Array): Uint8Array =>
  encode({ width, height, data: rgb, channels: 3, depth: 8, text: { Comment: RESEARCH_NOTICE } });

/** The picture of a slice: its longest side 1024 pixels, in true proportions, and the slice's pixel below each of its. */
export function layOut(slice: SlicePicture): {
  readonly width: number;
  readonly height: number;
  readonly pixelAt: (x: number, y: number) => number;
} {
  const [mmX, mmY] = slice.pixelSpacingMm;
  const scale = LONGEST_SIDE_PX / Math.max(slice.width * mmX, slice.height * mmY);
  const width = Math.max(1, Math.round(slice.width * mmX * scale));
  const height = Math.max(1, Math.round(slice.height * mmY * scale));
  return {
    width,
    height,
    pixelAt: (x, y) =>
      Math.floor((y * slice.height) / height) * slice.width + Math.floor((x * slice.width) / width),
  };
}

/** The slice in true proportions with the mask's outline and faint fill, and on it the prompts, clicks numbered. */
export function encodeOverlayPicture(
  slice: SlicePicture,
  mask: Mask,
  { clicks, box, scribbles }: Prompts,
): Uint8Array {
  const { width, height, pixelAt } = layOut(slice);
  const rgb = new Uint8Array(width * height * 3);

  const set = (x: number, y: number, colour: Colour): void => {
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    rgb.set(colour, 3 * (y * width + x));
  };
  const fill = (left: number, top: number, wide: number, high: number, colour: Colour): void => {
    for (let y = top; y < top + high; y++)
      for (let x = left; x < left + wide; x++) set(x, y, colour);
  };

  const isInside = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && mask.data[pixelAt(x, y)] === 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const pixel = 3 * pixelAt(x, y);
      const inside = isInside(x, y);
      // Two picture pixels wide, inside the target.
      const edge =
        inside &&
        !(isInside(x - 2, y) && isInside(x + 2, y) && isInside(x, y - 2) && isInside(x, y + 2));
      const alpha = edge ? 1 : inside ? FILL_ALPHA : 0;
      for (let channel = 0; channel < 3; channel++)
        rgb[3 * (y * width + x) + channel] = Math.round(
          (1 - alpha) * (slice.rgb[pixel + channel] ?? 0) + alpha * (MASK_COLOUR[channel] ?? 0),
        );
    }

  const write = (text: string, left: number, top: number, dot: number, colour: Colour): void => {
    const dots = computeTextDots(text);
    for (const [x, y] of dots)
      fill(left + x * dot - 1, top + y * dot - 1, dot + 2, dot + 2, SHADOW);
    for (const [x, y] of dots) fill(left + x * dot, top + y * dot, dot, dot, colour);
  };
  /** Straight lines from point to point, with a dark rim on which they stay visible. */
  const drawLine = (points: readonly NormalisedPoint[], colour: Colour): void => {
    const places = points.map(({ x, y }) => [x * width, y * height] as const);
    for (const [grow, shade] of [
      [1, SHADOW],
      [0, colour],
    ] as const)
      for (const [index, [x, y]] of places.entries()) {
        const [fromX, fromY] = places[index - 1] ?? [x, y];
        const steps = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY)));
        for (let step = 0; step <= steps; step++)
          fill(
            Math.round(fromX + ((x - fromX) * step) / steps) - 1 - grow,
            Math.round(fromY + ((y - fromY) * step) / steps) - 1 - grow,
            3 + 2 * grow,
            3 + 2 * grow,
            shade,
          );
      }
  };
  for (const { label, points } of scribbles)
    drawLine(
      points.map(({ normalised }) => normalised),
      label === 'include' ? INCLUDE_COLOUR : EXCLUDE_COLOUR,
    );
  if (box !== null) {
    const { x: left, y: top } = box.topLeft.normalised;
    const { x: right, y: bottom } = box.bottomRight.normalised;
    const corners = [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
      [left, top],
    ] as const;
    drawLine(
      corners.map(([x, y]) => ({ x, y })),
      INCLUDE_COLOUR,
    );
  }
  for (const { index, label, normalised } of clicks) {
    const x = Math.round(normalised.x * width);
    const y = Math.round(normalised.y * height);
    const colour = label === 'include' ? INCLUDE_COLOUR : EXCLUDE_COLOUR;
    for (const [grow, shade] of [
      [1, SHADOW],
      [0, colour],
    ] as const) {
      fill(x - 8 - grow, y - 1 - grow, 17 + 2 * grow, 3 + 2 * grow, shade);
      if (label === 'include') fill(x - 1 - grow, y - 8 - grow, 3 + 2 * grow, 17 + 2 * grow, shade);
    }
    write(String(index + 1), x + 10, y - 18, 3, colour);
  }
  write(RESEARCH_NOTICE, 8, height - 18, 2, TEXT_COLOUR);
  return encodeRgbPng(width, height, rgb);
}
