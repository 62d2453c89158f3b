import type { PropagationRequest } from './types.js';

/** From a given slice on, slice by slice: what it makes stems from that slice and from nothing else. */
export interface Walk {
  readonly from: number;
  readonly step: 1 | -1;
  /** The last slice that it may reach. */
  readonly last: number;
  /** Whether another walk comes to meet it: the target then goes on until there. */
  readonly isMet: boolean;
}

/**
 * The walks that complete a series. Between two given slices each goes half the way; beyond them, and towards a given
 * slice without the target, a walk goes on until the target ends. So a slice depends on the nearest given one alone,
 * and when some are new or `changed`, only their own walks are made again.
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
  return known.flatMap((from, index) => {
    if (given.get(from)?.hasTarget !== true || changed?.includes(from) === false) return [];
    return ([-1, 1] as const).flatMap((step): Walk[] => {
      const neighbour = known[index + step];
      const isMet = neighbour !== undefined && given.get(neighbour)?.hasTarget === true;
      const isOutward = neighbour === undefined;
      if (isOutward && direction === (step === 1 ? 'down' : 'up')) return [];
      const lower = Math.min(from, neighbour ?? from);
      const middle = Math.floor(lower + Math.abs((neighbour ?? from) - from) / 2);
      const edge = step === 1 ? sliceCount - 1 : 0;
      const wall = neighbour === undefined ? edge : neighbour - step;
      const last = isMet ? middle + (step === 1 ? 0 : 1) : wall;
      return step * (last - from) > 0 ? [{ from, step, last, isMet }] : [];
    });
  });
}
