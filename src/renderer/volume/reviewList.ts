import type { PropagationState, SliceReview } from '../../contract/propagationChannels.js';

/** A slice that should be looked at, and why. */
export interface ReviewItem {
  readonly sliceIndex: number;
  readonly reasons: readonly string[];
  readonly review: SliceReview;
}

/** Doubted slices, and those where the target was held to end before the volume does; in order. */
export function listReview({
  slices,
  ends,
}: Pick<PropagationState, 'slices' | 'ends'>): readonly ReviewItem[] {
  const items = new Map<number, ReviewItem>();
  const add = (item: ReviewItem): void => {
    const known = items.get(item.sliceIndex);
    items.set(item.sliceIndex, {
      ...item,
      reasons: [...(known?.reasons ?? []), ...item.reasons],
      // A slice that was changed or confirmed has been looked at, whatever was doubted of it.
      review: known === undefined || known.review === 'open' ? item.review : known.review,
    });
  };
  for (const { sliceIndex, doubts, review } of slices)
    if (doubts.length > 0)
      add({ sliceIndex, review, reasons: doubts.map(({ sentence }) => sentence) });
  for (const { sliceIndex, because, review } of ends)
    if (because !== null)
      add({
        sliceIndex,
        review,
        reasons: [
          because === 'nothing-found'
            ? 'Held to end here: nothing was found beyond.'
            : `Held to end here. On the next slice: ${because.sentence}`,
        ],
      });
  return [...items.values()].sort((a, b) => a.sliceIndex - b.sliceIndex);
}

/** The next slice to look at from `from` on, round the end; null: there is none. */
export function findNextOpen(
  items: readonly ReviewItem[],
  from: number,
  direction: 1 | -1,
): number | null {
  const open = items.filter(({ review }) => review === 'open').map(({ sliceIndex }) => sliceIndex);
  const ordered = direction === 1 ? open : open.toReversed();
  return ordered.find((index) => direction * (index - from) > 0) ?? ordered[0] ?? null;
}
