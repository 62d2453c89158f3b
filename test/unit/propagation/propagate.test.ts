import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { computeDice } from '../../../src/domain/metrics.js';
import type { Mask } from '../../../src/domain/mask.js';
import { createSliceImage } from '../../../src/engine/agent/sliceImage.js';
import { carryMask } from '../../../src/engine/propagation/carryMask.js';
import { propagate } from '../../../src/engine/propagation/propagate.js';
import { measuredLimits } from '../../../src/engine/propagation/limits.js';
import { findWalks, isStale } from '../../../src/engine/propagation/walks.js';
import type { SliceImage } from '../../../src/engine/agent/types.js';
import type {
  PropagatedSlice,
  PropagationEnd,
  PropagationRequest,
} from '../../../src/engine/propagation/types.js';

const size = 40;

interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

const drawDisc = ({ x, y, radius }: Disc): Mask => ({
  width: size,
  height: size,
  data: Uint8Array.from({ length: size * size }, (_, at) =>
    ((at % size) - x) ** 2 + (Math.floor(at / size) - y) ** 2 < radius ** 2 ? 1 : 0,
  ),
});

/** Bright discs on dark ground with a fixed grain; null: a slice without one. */
const drawSlice = (disc: Disc | null): SliceImage => {
  const rgb = new Uint8Array(size * size * 3);
  const inside = disc === null ? null : drawDisc(disc);
  for (let at = 0; at < size * size; at++)
    rgb.fill((inside?.data[at] === 1 ? 180 : 60) + ((at * 7919) % 23), at * 3, at * 3 + 3);
  return createSliceImage(size, size, rgb);
};

/** A disc that drifts and shrinks, on slices 2 to 17 of 20. */
const discAt = (sliceIndex: number): Disc | null =>
  sliceIndex < 2 || sliceIndex > 17
    ? null
    : { x: 14 + 0.6 * sliceIndex, y: 20, radius: 9 - Math.abs(sliceIndex - 9) * 0.5 };
/** The same as it tapers off upwards, and a wider structure of the same gray that it stands on from slice 18 on. */
const discOnTrunkAt = (sliceIndex: number): Disc | null =>
  sliceIndex < 18 ? discAt(sliceIndex) : { x: 25, y: 20, radius: 5 + (sliceIndex - 17) * 0.8 };
const truthAt = (sliceIndex: number): Mask => {
  const disc = discAt(sliceIndex);
  return drawDisc(disc ?? { x: 0, y: 0, radius: 0 });
};

/**
 * Takes of the previous mask and one pixel around it what is bright, and is as sure as that is like the previous mask:
 * what a segmenter does, of nothing but gray values.
 */
const asked: number[] = [];
const segmenter: PropagationRequest['segmenter'] = {
  toLogits: (mask) => Float32Array.from(mask.data, (value) => (value === 1 ? 6 : -6)),
  segment: (slice, { clicks }, previous, signal) => {
    signal.throwIfAborted();
    if (previous === null || clicks.length !== 1) throw new Error('one click and a mask are due');
    asked.push(previous.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0));
    const near = (at: number): boolean =>
      [0, -1, 1, -size, size].some((step) => (previous[at + step] ?? -6) > 0);
    const data = Uint8Array.from({ length: size * size }, (_, at) =>
      near(at) && (slice.rgb[at * 3] ?? 0) > 120 ? 1 : 0,
    );
    const mask = { width: size, height: size, data };
    const wanted = { ...mask, data: Uint8Array.from(previous, (value) => (value > 0 ? 1 : 0)) };
    const score = computeDice(mask, wanted);
    return Promise.resolve({ mask, score, lowResLogits: previous, elapsedMs: 1 });
  },
};

async function run(
  given: readonly number[],
  options: Partial<PropagationRequest> = {},
): Promise<{ made: PropagatedSlice[]; ends: PropagationEnd[]; order: number[] }> {
  const made: PropagatedSlice[] = [];
  const ends: PropagationEnd[] = [];
  for await (const event of propagate({
    slices: {
      count: 20,
      distancePx: 1,
      load: (sliceIndex) => Promise.resolve(drawSlice(discAt(sliceIndex))),
    },
    segmenter,
    given: new Map(given.map((sliceIndex) => [sliceIndex, truthAt(sliceIndex)])),
    direction: 'both',
    changed: null,
    before: new Map(),
    limits: measuredLimits,
    signal: new AbortController().signal,
    ...options,
  }))
    if (event.kind === 'slice') made.push(event);
    else ends.push(event);
  return { made, ends, order: made.map(({ sliceIndex }) => sliceIndex) };
}

describe('propagate', () => {
  it('follows the target in both directions until it ends, and says where and why', async () => {
    const { made, ends, order } = await run([9]);
    expect(order.toSorted((a, b) => a - b)).toEqual([
      2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17,
    ]);
    for (const { sliceIndex, mask } of made)
      expect(computeDice(mask, truthAt(sliceIndex))).toBeGreaterThan(0.85);
    expect(ends).toContainEqual({
      kind: 'end',
      sliceIndex: 17,
      towards: 'up',
      stemsFrom: 9,
      because: 'nothing-found',
    });
    expect(ends).toContainEqual({
      kind: 'end',
      sliceIndex: 2,
      towards: 'down',
      stemsFrom: 9,
      because: 'nothing-found',
    });
  });

  it('ends where the target tapered off and something wider of the same gray begins', async () => {
    const onTrunk: Partial<PropagationRequest> = {
      direction: 'up',
      slices: {
        count: 30,
        distancePx: 1,
        load: (sliceIndex) => Promise.resolve(drawSlice(discOnTrunkAt(sliceIndex))),
      },
    };
    const { order, ends } = await run([9], onTrunk);
    expect(order).toContain(17);
    expect(Math.max(...order)).toBeLessThan(21);
    expect(ends[0]?.because).toMatchObject({ reason: 'swells-again' });

    // Neither the segmenter's score nor the gray values nor a jump beside the neighbour told that.
    const unheld = await run([9], {
      ...onTrunk,
      limits: { ...measuredLimits, end: { ...measuredLimits.end, mostRegrowth: Infinity } },
    });
    expect(unheld.order).toContain(29);
  });

  it('goes on into wider slices from one where the target was only beginning', async () => {
    const { order } = await run([3], { direction: 'up' });
    expect(order).toContain(17);
  });

  it('makes the slices next to the given ones first', async () => {
    const { order } = await run([9]);
    expect(order.slice(0, 4)).toEqual([8, 10, 7, 11]);
  });

  it('goes one way when asked to', async () => {
    const { order } = await run([9], { direction: 'up' });
    expect(order).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
  });

  it('meets in the middle between given slices, each slice made from the nearer one', async () => {
    const { made, order } = await run([5, 12]);
    expect(order.toSorted((a, b) => a - b)).toEqual([
      2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17,
    ]);
    for (const { sliceIndex, stemsFrom } of made) expect(stemsFrom).toBe(sliceIndex <= 8 ? 5 : 12);
  });

  it('makes again what lies beyond a corrected slice, and before it only where it is surer', async () => {
    const first = await run([4], { direction: 'up' });
    const before = new Map(first.made.map((slice) => [slice.sliceIndex, slice]));
    const unsure = new Map(
      [...before].map(([at, slice]) => [at, { ...slice, score: at > 7 ? 0 : 1 }]),
    );
    const again = await run([4, 10], { changed: [10], before: unsure });
    expect(again.order.toSorted((a, b) => a - b)).toEqual([8, 9, 11, 12, 13, 14, 15, 16, 17]);
    for (const { stemsFrom } of again.made) expect(stemsFrom).toBe(10);
  });

  it('ends before a given slice that says that the target is not there', async () => {
    const given = new Map([
      [9, truthAt(9)],
      [12, truthAt(19)], // empty
    ]);
    const { order, ends } = await run([], { given, direction: 'up' });
    expect(order).toEqual([10, 11]);
    expect(ends).toEqual([
      { kind: 'end', sliceIndex: 11, towards: 'up', stemsFrom: 9, because: null },
    ]);
  });

  it('flags what passes a limit, with the reason and the value', async () => {
    const doubt = { ...measuredLimits.doubt, mostDrift: 0.05 };
    const { made } = await run([9], { limits: { ...measuredLimits, doubt } });
    const drifted = made.flatMap(({ doubts }) => doubts.filter(({ reason }) => reason === 'drift'));
    expect(drifted.length).toBeGreaterThan(0);
    for (const { value, limit } of drifted) expect(value).toBeGreaterThan(limit);
  });

  it('ends where a limit of the end is passed, and says which', async () => {
    const end = { ...measuredLimits.end, mostDrift: 0.09 };
    const { made, ends } = await run([9], { limits: { ...measuredLimits, end }, direction: 'up' });
    expect(ends[0]?.because).toMatchObject({ reason: 'drift', limit: 0.09 });
    expect(ends[0]?.sliceIndex).toBeLessThan(17);
    for (const { signs } of made) expect(signs.drift).toBeLessThanOrEqual(0.09);
  });

  it('stops at once when cancelled, keeping what was made', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const walk = async (): Promise<void> => {
      for await (const event of propagate({
        slices: {
          count: 20,
          distancePx: 1,
          load: (sliceIndex) => Promise.resolve(drawSlice(discAt(sliceIndex))),
        },
        segmenter,
        given: new Map([[9, truthAt(9)]]),
        direction: 'both',
        changed: null,
        before: new Map(),
        limits: measuredLimits,
        signal: controller.signal,
      })) {
        seen.push(event.sliceIndex);
        if (seen.length === 3) controller.abort();
      }
    };
    await expect(walk()).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toEqual([8, 10, 7]);
  });

  it('asks the segmenter once a slice, and once where it learns that the target has ended', async () => {
    asked.length = 0;
    const { made, ends } = await run([5, 12]);
    expect(asked.length).toBe(made.length + ends.length);
  });
});

describe('carryMask', () => {
  it('moves the outline to where the image shows it', () => {
    const before = { x: 18, y: 20, radius: 8 };
    const after = { x: 20, y: 20, radius: 8 };
    const gray = (disc: Disc) => ({
      width: size,
      height: size,
      data: drawSlice(disc).rgb.filter((_, at) => at % 3 === 0),
    });
    const shares = carryMask(gray(before), gray(after), drawDisc(before));
    const carried = {
      ...drawDisc(after),
      data: Uint8Array.from(shares, (s) => (s >= 0.5 ? 1 : 0)),
    };
    const stayed = computeDice(drawDisc(before), drawDisc(after));
    expect(computeDice(carried, drawDisc(after))).toBeGreaterThan(0.97);
    expect(stayed).toBeLessThan(0.9);
  });

  it('leaves the mask as it is where the image does not change', () => {
    const disc = { x: 18, y: 20, radius: 8 };
    const gray = {
      width: size,
      height: size,
      data: drawSlice(disc).rgb.filter((_, at) => at % 3 === 0),
    };
    const shares = carryMask(gray, gray, drawDisc(disc));
    expect([...shares].map((share) => (share >= 0.5 ? 1 : 0))).toEqual([...drawDisc(disc).data]);
  });
});

describe('findWalks', () => {
  const target = { hasTarget: true };
  const givenAt = (...indices: number[]) => new Map(indices.map((index) => [index, target]));

  it('reaches every slice without a mask once, from the nearest given one', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 24 }), { minLength: 1, maxLength: 8 }),
        (given) => {
          const reached = findWalks(givenAt(...given), 25).flatMap(({ from, step, last }) =>
            Array.from({ length: Math.abs(last - from) }, (_, n) => ({
              from,
              at: from + step * (n + 1),
            })),
          );
          const all = Array.from({ length: 25 }, (_, index) => index);
          expect(reached.map(({ at }) => at).sort((a, b) => a - b)).toEqual(
            all.filter((index) => !given.includes(index)),
          );
          for (const { from, at } of reached)
            expect(Math.abs(at - from)).toBe(
              Math.min(...given.map((index) => Math.abs(at - index))),
            );
        },
      ),
    );
  });

  it('walks from a changed slice alone, up to the given ones beside it', () => {
    expect(findWalks(givenAt(3, 9, 15), 20, { changed: [9] })).toEqual([
      { from: 9, step: -1, last: 4, isMet: true },
      { from: 9, step: 1, last: 14, isMet: true },
    ]);
  });

  it('goes up to a slice that says that the target is not there', () => {
    const given = new Map([
      [3, target],
      [9, { hasTarget: false }],
    ]);
    expect(findWalks(given, 20)).toEqual([
      { from: 3, step: -1, last: 0, isMet: false },
      { from: 3, step: 1, last: 8, isMet: false },
    ]);
  });

  it('has nothing to do without a given slice', () => {
    expect(findWalks(new Map(), 20)).toEqual([]);
  });
});

describe('isStale', () => {
  const given = new Set([3, 9]);

  it('holds what was made on the way past a changed slice, or from it', () => {
    const stale = (stemsFrom: number, sliceIndex: number): boolean =>
      isStale({ stemsFrom }, sliceIndex, { given, changed: [9] });
    expect(stale(3, 12)).toBe(true);
    expect(stale(9, 6)).toBe(true);
    expect(stale(3, 8)).toBe(false);
    expect(stale(3, 1)).toBe(false);
  });

  it('holds what stems from a slice that is not given any more', () => {
    expect(isStale({ stemsFrom: 5 }, 6, { given, changed: [] })).toBe(true);
  });
});
