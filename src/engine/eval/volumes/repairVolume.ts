import { emptyMask } from '../../../domain/mask.js';
import type { Mask } from '../../../domain/mask.js';
import { computeDice } from '../../../domain/metrics.js';
import { afterEnd, propagateVolume } from './completeVolume.js';
import type { Completed, CompletionTools } from './completeVolume.js';
import type { VolumeCase } from './loadVolumeCase.js';
import { clickOnSlice } from './oracleUser.js';

export const MOST_CLICKS = 20; // on a whole volume
export const REPAIR_BELOW_DICE = 0.85; // a better slice is left as it is
const CLICKS_A_SLICE = 6; // fewer where it is good before: three left small end slices bad, on held-out volumes

/** What a user is told to look at: flagged slices, and on both sides of each end. */
function listForReview({ made, ends }: Completed, sliceCount: number): number[] {
  const flagged = [...made.values()].flatMap(({ sliceIndex, doubts }) =>
    doubts.length > 0 ? [sliceIndex] : [],
  );
  const atEnds = ends.flatMap((end) => [end.sliceIndex, afterEnd(end)]);
  return [...new Set([...flagged, ...atEnds])].filter((index) => index >= 0 && index < sliceCount);
}

/** The slice of the list that is worst, as a user sees who goes through it; null where nothing is worth a repair. */
function findWorst(volume: VolumeCase, completed: Completed): { index: number; mask: Mask } | null {
  const open = listForReview(completed, volume.slices.count)
    .filter((index) => !completed.given.has(index))
    .flatMap((index) => {
      const truth = volume.truths[index];
      if (truth === undefined) return [];
      const mask = completed.made.get(index)?.mask ?? emptyMask(truth.width, truth.height);
      return [{ index, mask, dice: computeDice(mask, truth) }];
    })
    .filter(({ dice }) => dice < REPAIR_BELOW_DICE)
    .sort((a, b) => a.dice - b.dice || a.index - b.index);
  return open[0] ?? null;
}

/**
 * A user who repairs the worst of what is listed with up to six clicks (one, to say that the target is not there),
 * has what depends on it made again, and goes on. Yields the volume after each repair, with all clicks until then.
 */
export async function* repairVolume(
  volume: VolumeCase,
  begun: { readonly completed: Completed; readonly clicks: number },
  tools: CompletionTools,
): AsyncGenerator<{ readonly completed: Completed; readonly clicks: number }> {
  let { completed, clicks } = begun;
  while (clicks < MOST_CLICKS) {
    const worst = findWorst(volume, completed);
    if (worst === null) return;
    const isThere = (volume.areas[worst.index] ?? 0) > 0;
    const repaired = isThere
      ? await clickOnSlice(
          volume,
          worst.index,
          { count: Math.min(CLICKS_A_SLICE, MOST_CLICKS - clicks), start: worst.mask },
          tools.segmenter,
          tools.signal,
        )
      : { mask: emptyMask(worst.mask.width, worst.mask.height), clicks: 1 };
    const given = new Map([...completed.given, [worst.index, repaired.mask]]);
    clicks += repaired.clicks;
    completed = await propagateVolume(volume, given, completed, tools);
    yield { completed, clicks };
  }
}
