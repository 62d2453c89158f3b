import { emptyMask } from '../../../domain/mask.js';
import type { Mask } from '../../../domain/mask.js';
import { computeDice } from '../../../domain/metrics.js';
import type { Segmenter } from '../../agent/types.js';
import { propagate } from '../../propagation/propagate.js';
import type {
  PropagatedSlice,
  PropagationEnd,
  PropagationLimits,
} from '../../propagation/types.js';
import { isStale } from '../../propagation/walks.js';
import { interpolateSlices } from '../../tools/interpolateSlices.js';
import { computeDice3d, computeHausdorff95Mm } from '../metrics3d.js';
import type { VolumeCase } from './loadVolumeCase.js';

/** A volume as far as it is segmented: given slices, and what was made from them. */
export interface Completed {
  readonly given: ReadonlyMap<number, Mask>;
  readonly made: ReadonlyMap<number, PropagatedSlice>;
  readonly ends: readonly PropagationEnd[];
}

export interface CompletionTools {
  readonly segmenter: Segmenter;
  readonly limits: PropagationLimits;
  readonly signal: AbortSignal;
}

/** The slice on which the target was not found any more; it may lie outside the volume. */
export const afterEnd = ({ sliceIndex, towards }: PropagationEnd): number =>
  sliceIndex + (towards === 'up' ? 1 : -1);

/** `before`: what there is already; only what depends on the slices that are new or changed since is made. */
export async function propagateVolume(
  { slices }: VolumeCase,
  given: ReadonlyMap<number, Mask>,
  before: Completed | null,
  { segmenter, limits, signal }: CompletionTools,
): Promise<Completed> {
  const changed =
    before === null
      ? null
      : [...given].flatMap(([index, mask]) => (before.given.get(index) === mask ? [] : [index]));
  const made = new Map<number, PropagatedSlice>();
  const ends: PropagationEnd[] = [];
  if (before !== null && changed !== null) {
    const change = { given, changed };
    for (const [index, slice] of before.made)
      if (!given.has(index) && !isStale(slice, index, change)) made.set(index, slice);
    for (const end of before.ends) if (!isStale(end, afterEnd(end), change)) ends.push(end);
  }
  const earlier = new Map(made);
  const request = { slices, segmenter, given, changed, before: earlier, limits, signal };
  for await (const event of propagate({ ...request, direction: 'both' }))
    if (event.kind === 'slice') made.set(event.sliceIndex, event);
    else ends.push(event);
  // Another walk may have gone on where one had ended.
  const isOpen = (index: number): boolean => !made.has(index) && !given.has(index);
  return { given, made, ends: ends.filter((end) => isOpen(afterEnd(end))) };
}

/** By the shapes of the given slices alone, between them; nothing beyond. */
export function interpolateVolume(
  { truths, spacingMm }: VolumeCase,
  given: ReadonlyMap<number, Mask>,
): Mask[] {
  const [{ width, height } = { width: 0, height: 0 }] = truths;
  const data = new Uint8Array(width * height * truths.length);
  for (const [index, mask] of given) data.set(mask.data, index * width * height);
  const block = { offset: [0, 0, 0], dimensions: [width, height, truths.length], data } as const;
  const filled = interpolateSlices(block, spacingMm, 2);
  return truths.map((_, index) => ({
    width,
    height,
    data: filled.data.subarray(index * width * height, (index + 1) * width * height),
  }));
}

export const masksOf = ({ given, made }: Completed, { truths }: VolumeCase): Mask[] =>
  truths.map(
    ({ width, height }, index) =>
      given.get(index) ?? made.get(index)?.mask ?? emptyMask(width, height),
  );

/** Dice and distance of a whole volume. */
export function judgeVolume(
  masks: readonly Mask[],
  { truths, spacingMm }: Pick<VolumeCase, 'truths' | 'spacingMm'>,
): { readonly dice: number; readonly hausdorff95Mm: number | null } {
  const stack = (slices: readonly Mask[]) => {
    const [{ width, height } = { width: 0, height: 0 }] = slices;
    const data = new Uint8Array(width * height * slices.length);
    slices.forEach((slice, index) => {
      data.set(slice.data, index * width * height);
    });
    return { dimensions: [width, height, slices.length], data } as const;
  };
  const [found, truth] = [stack(masks), stack(truths)];
  return {
    dice: computeDice3d(found, truth),
    hausdorff95Mm: computeHausdorff95Mm(found, truth, spacingMm),
  };
}

export const BAD_DICE = 0.7; // of a slice: one that a user should be shown

/** How well the doubts find what is bad. */
export function countDoubts(
  { made }: Pick<Completed, 'made'>,
  { truths }: VolumeCase,
): { slices: number; flagged: number; flaggedBad: number; bad: number } {
  let [flagged, flaggedBad, bad] = [0, 0, 0];
  for (const { sliceIndex, mask, doubts } of made.values()) {
    const truth = truths[sliceIndex];
    const isBad = truth !== undefined && computeDice(mask, truth) < BAD_DICE;
    if (doubts.length > 0) flagged++;
    if (isBad) bad++;
    if (isBad && doubts.length > 0) flaggedBad++;
  }
  return { slices: made.size, flagged, flaggedBad, bad };
}
