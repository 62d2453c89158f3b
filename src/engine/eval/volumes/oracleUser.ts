import { ORACLE_STOP_IOU, computeOracleClick } from '../../../domain/clickSimulator.js';
import { emptyMask } from '../../../domain/mask.js';
import type { Mask } from '../../../domain/mask.js';
import { computeIou } from '../../../domain/metrics.js';
import { imageToNormalised } from '../../../domain/plane.js';
import type { PromptClick, Segmenter } from '../../agent/types.js';
import type { VolumeCase } from './loadVolumeCase.js';

export interface ClickedSlice {
  readonly mask: Mask;
  readonly clicks: number;
}

/**
 * Clicks on a slice as one who knows the truth: `count` times, or fewer where nothing is wrong any more. `start`: a mask
 * to repair, which is good enough at the IoU where the oracle stops; null: the first mask comes of the clicks alone.
 */
export async function clickOnSlice(
  { images, truths }: Pick<VolumeCase, 'images' | 'truths'>,
  sliceIndex: number,
  { count, start }: { readonly count: number; readonly start: Mask | null },
  segmenter: Segmenter,
  signal: AbortSignal,
): Promise<ClickedSlice> {
  const [image, truth] = [images[sliceIndex], truths[sliceIndex]];
  if (image === undefined || truth === undefined) throw new RangeError('there is no such slice');
  let mask = start ?? emptyMask(image.width, image.height);
  let logits = start?.data.includes(1) === true ? segmenter.toLogits(start) : null;
  const clicks: PromptClick[] = [];
  while (clicks.length < count) {
    if (start !== null && computeIou(mask, truth) >= ORACLE_STOP_IOU) break;
    const click = computeOracleClick(mask, truth);
    if (click === null) break;
    clicks.push({ label: click.label, normalised: imageToNormalised(image, click.point) });
    const prompts = { clicks, box: null, scribbles: [] };
    const reply = await segmenter.segment(image, prompts, logits, signal);
    mask = reply.mask;
    logits = reply.lowResLogits;
  }
  return { mask, clicks: clicks.length };
}

/**
 * Slices that a user would begin with: the largest alone, or several spread over the target so that each stands for as
 * many others. `atEnds`: the outermost ones and the rest at equal distances. Only slices with `leastPixels` count.
 */
export function chooseKeySlices(
  areas: readonly number[],
  count: number,
  { leastPixels, atEnds }: { readonly leastPixels: number; readonly atEnds: boolean },
): number[] {
  const target = areas.flatMap((area, index) => (area >= leastPixels ? [index] : []));
  if (target.length === 0) return [];
  if (count === 1) return [areas.indexOf(Math.max(...areas))];
  const shares = Array.from({ length: count }, (_, n) =>
    atEnds ? n / (count - 1) : (n + 0.5) / count,
  );
  const places = shares.map((share) =>
    atEnds ? Math.round(share * (target.length - 1)) : Math.floor(share * target.length),
  );
  return [...new Set(places.flatMap((place) => target[place] ?? []))];
}
