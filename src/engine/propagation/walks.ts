import type { MadeSlice, PropagationRequest } from './types.js';

/** From a given slice on, slice by slice: what it makes stems from that slice and from nothing else. */
export interface Walk {
  readonly from: number;
  readonly step: 1 | -1;
  /** The last slice that it may reach. */
  readonly last: number;
  /** Whether there is another given slice with the target ahead: the target then goes on until there. */
  readonly isMet: boolean;
}

/**
 * The walks that complete a series. Between two given slices that are both new each goes half the way; beyond them, and
 * towards a given slice without the target, a walk goes on until the target ends. When some are new or `changed`, only
 * they walk, and go into what others made as long as they are surer of it (propagate.ts).
 */
export function findWalks(
  given: ReadonlyMap<number, { readonly hasTarget: boolean }>,
  sliceCount: number,
  {
    direction = 'both',
    changed = null,
  }: Partial<Pick<PropagationRequest, 'direction' | 'changed'>> = {},
): Walk[] {
  const known = [...given.keys()].sort((a, b) => a - b);
  const isNew = (index: number): boolean => changed?.includes(index) ?? true;
  return known.flatMap((from, place) => {
    if (given.get(from)?.hasTarget !== true || !isNew(from)) return [];
    return ([-1, 1] as const).flatMap((step): Walk[] => {
      const ahead = known[place + step];
      if (ahead === undefined) {
        if (direction === (step === 1 ? 'down' : 'up')) return [];
        const last = step === 1 ? sliceCount - 1 : 0;
        return last === from ? [] : [{ from, step, last, isMet: false }];
      }
      const isMet = given.get(ahead)?.hasTarget === true;
      const middle = Math.floor((from + ahead) / 2) + (step === 1 ? 0 : 1);
      const last = isMet && isNew(ahead) ? middle : ahead - step;
      return last === from ? [] : [{ from, step, last, isMet }];
    });
  });
}

/**
 * Whether what stems from one slice, on another, depends on a given slice that changed (or came to be, or went): the
 * walk passed there, or began there.
 */
export function isStale(
  { stemsFrom }: Pick<MadeSlice, 'stemsFrom'>,
  sliceIndex: number,
  {
    given,
    changed,
  }: { readonly given: { has(index: number): boolean }; readonly changed: readonly number[] },
): boolean {
  const [low, high] = [Math.min(stemsFrom, sliceIndex), Math.max(stemsFrom, sliceIndex)];
  return !given.has(stemsFrom) || changed.some((index) => index >= low && index <= high);
}
