import type { SegmenterManifest } from '../../contract/manifest.js';
import type { Mask } from '../../domain/mask.js';
import { resizeBilinear } from '../../domain/resize.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Size of the image inside the square frame: the longer side fills it. */
export function scaleToFrame(slice: Size, framePx: number): Size {
  const scale = framePx / Math.max(slice.width, slice.height);
  return {
    width: Math.floor(slice.width * scale + 0.5),
    height: Math.floor(slice.height * scale + 0.5),
  };
}

/**
 * Larger than the model's own logits (4.5 inside and -4 outside, in the median): a mask that a hand has drawn is
 * surer. On 38 slices of the training data, half of each mask repaired by hand and then one more click: with 4 it
 * came to a Dice of 0.56 and 91% of the repaired pixels stayed, with 7 to 0.61 and 97%, with 16 to 0.68 and 98%,
 * with 30 to 0.69 and 98%; with the logits of before the repair to 0.47 and 73%.
 */
const SURE_LOGIT = 20;

/**
 * A mask as the decoder takes it beside prompts: float32 [lowRes, lowRes] of the frame, where a cell that lies in the
 * target is +20, one outside (and beyond the image) -20, and one on the border between them by the share of it.
 */
export function computeMaskLogits(
  mask: Mask,
  {
    inputSizePx,
    lowResSizePx,
  }: Pick<SegmenterManifest['segmenter'], 'inputSizePx' | 'lowResSizePx'>,
): Float32Array {
  const frame = scaleToFrame(mask, inputSizePx);
  const toGrid = (framePx: number): number =>
    Math.max(1, Math.round((framePx * lowResSizePx) / inputSizePx));
  const [width, height] = [toGrid(frame.width), toGrid(frame.height)];
  const shares = resizeBilinear(
    { ...mask, channels: 1, data: mask.data.map((value) => value * 255) },
    width,
    height,
  );
  const logits = new Float32Array(lowResSizePx * lowResSizePx).fill(-SURE_LOGIT);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      logits[row * lowResSizePx + column] =
        ((shares.data[row * width + column] ?? 0) / 127.5 - 1) * SURE_LOGIT;
  return logits;
}
