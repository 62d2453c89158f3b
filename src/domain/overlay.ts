import type { Mask } from './mask.js';

/** How the current mask is drawn on what the policy sees. */
export interface OverlayStyle {
  readonly rgb: readonly [number, number, number];
  readonly alpha: number; // in [0, 1]
}

/** Forest green at 0.4, as in IBISAgent's released inference code. */
export const IBIS_OVERLAY: OverlayStyle = { rgb: [34, 139, 34], alpha: 0.4 };

/** uint8 [h, w] -> uint8 [h, w, 3]. */
export function grayToRgb(gray: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  for (let p = 0; p < gray.length; p++) {
    const value = gray[p] ?? 0;
    rgb[3 * p] = value;
    rgb[3 * p + 1] = value;
    rgb[3 * p + 2] = value;
  }
  return rgb;
}

/** uint8 [h, w, 3] -> uint8 [h, w]: ITU-R 601 luma in Pillow's fixed point, so that equal channels stay as they are. */
export function computeLuma(rgb: Uint8Array): Uint8Array {
  const gray = new Uint8Array(rgb.length / 3);
  for (let p = 0, at = 0; p < gray.length; p++, at += 3)
    gray[p] =
      (19595 * (rgb[at] ?? 0) + 38470 * (rgb[at + 1] ?? 0) + 7471 * (rgb[at + 2] ?? 0) + 0x8000) >>
      16;
  return gray;
}

/** uint8 [h, w, 3] -> the same size in gray, so that gray pictures stay as they are. */
export const withoutColour = (rgb: Uint8Array): Uint8Array => grayToRgb(computeLuma(rgb));

/** A copy of `rgb` (uint8 [h, w, 3]) with the mask blended on it, round half up. Throws when the sizes differ. */
export function blendOverlay(rgb: Uint8Array, mask: Mask, style: OverlayStyle): Uint8Array {
  if (rgb.length !== mask.data.length * 3) throw new Error('image and mask differ in size');
  const blended = rgb.slice();
  for (let p = 0; p < mask.data.length; p++) {
    if (mask.data[p] !== 1) continue;
    for (let channel = 0; channel < 3; channel++) {
      const value = rgb[3 * p + channel] ?? 0;
      const colour = style.rgb[channel] ?? 0;
      blended[3 * p + channel] = Math.floor((1 - style.alpha) * value + style.alpha * colour + 0.5);
    }
  }
  return blended;
}
