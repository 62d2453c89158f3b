import type { Mask } from '../../domain/mask.js';
import { computeTextDots } from './bitmapFont.js';
import { encodeRgbPng, layOut } from './overlayPicture.js';
import type { SlicePicture } from './overlayPicture.js';
import { RESEARCH_NOTICE } from './types.js';

type Rgb = readonly [number, number, number];

const FILL_ALPHA = 0.22;
const OUTLINE_PX = 2;
const NOTICE_COLOUR: Rgb = [235, 235, 235];

/** The slice in true proportions with each segment's outline and faint fill in its own colour; later ones on top. */
export function encodeSegmentPicture(
  slice: SlicePicture,
  segments: readonly { readonly mask: Mask; readonly rgb: Rgb }[],
): Uint8Array {
  const { width, height, pixelAt } = layOut(slice);
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const pixel = 3 * pixelAt(x, y);
      rgb.set(slice.rgb.subarray(pixel, pixel + 3), 3 * (y * width + x));
    }

  for (const { mask, rgb: colour } of segments) {
    const isInside = (x: number, y: number): boolean =>
      x >= 0 && y >= 0 && x < width && y < height && mask.data[pixelAt(x, y)] === 1;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        if (!isInside(x, y)) continue;
        const isDeep =
          isInside(x - OUTLINE_PX, y) &&
          isInside(x + OUTLINE_PX, y) &&
          isInside(x, y - OUTLINE_PX) &&
          isInside(x, y + OUTLINE_PX);
        const alpha = isDeep ? FILL_ALPHA : 1;
        const at = 3 * (y * width + x);
        colour.forEach((value, channel) => {
          rgb[at + channel] = Math.round((1 - alpha) * (rgb[at + channel] ?? 0) + alpha * value);
        });
      }
  }

  for (const [column, row] of computeTextDots(RESEARCH_NOTICE))
    for (const [x, y] of [
      [8 + 2 * column, height - 18 + 2 * row],
      [9 + 2 * column, height - 18 + 2 * row],
    ] as const)
      if (x < width && y >= 0 && y < height) rgb.set(NOTICE_COLOUR, 3 * (y * width + x));
  return encodeRgbPng(width, height, rgb);
}
