import { describe, expect, it } from 'vitest';

import { createFrameStore, nearestFirst } from '../../../src/renderer/viewer/frameStore.js';
import { imageOf } from './viewerFixtures.js';
import type { ImageId } from '../../../src/domain/brand.js';

const image = (n: number) => imageOf({ imageId: `i${n}` as ImageId, pixelType: 'uint8' }); // 4 bytes
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A store whose frames arrive when the test says so. */
function heldStore(budgetBytes = 1000, concurrency = 1) {
  const asked: string[] = [];
  const answers = new Map<string, (ok: boolean) => void>();
  const store = createFrameStore({
    fetchFrame: (imageId, signal) =>
      new Promise((resolve, reject) => {
        asked.push(imageId);
        signal.addEventListener('abort', () => reject(new Error('called off')));
        answers.set(imageId, (ok) => {
          if (ok) resolve(new ArrayBuffer(4));
          else reject(new Error('gone'));
        });
      }),
    budgetBytes,
    concurrency,
    onFrame: () => undefined,
  });
  const answer = async (imageId: string, ok = true): Promise<void> => {
    answers.get(imageId)?.(ok);
    await turn();
  };
  return { store, asked, answer };
}

describe('frames in memory', () => {
  it('asked for by the screen go before those fetched ahead, the newest first', async () => {
    const { store, asked, answer } = heldStore();
    store.prefetch([image(0), image(1), image(2)]);
    expect(asked).toEqual(['i0']); // one at a time
    for (const n of [5, 6, 7, 8]) void store.request(image(n));
    expect(asked).toEqual(['i0', 'i5', 'i6']); // two more for the screen
    await answer('i5');
    expect(asked.at(-1)).toBe('i8');
    await answer('i6');
    expect(asked.at(-1)).toBe('i7');
    await answer('i7');
    await answer('i8');
    await answer('i0');
    expect(asked.at(-1)).toBe('i1');
  });

  it('are fetched once for many askers', async () => {
    const { store, asked, answer } = heldStore();
    const both = Promise.all([store.request(image(1)), store.request(image(1))]);
    await answer('i1');
    expect((await both)[0]).toBe((await both)[1]);
    await store.request(image(1));
    expect(asked).toEqual(['i1']);
  });

  it('never take more than the budget: the one used longest ago goes', async () => {
    const { store, answer } = heldStore(8);
    for (const n of [1, 2]) {
      void store.request(image(n));
      await answer(`i${n}`);
    }
    store.get(image(1).imageId); // used again
    void store.request(image(3));
    await answer('i3');
    expect(store.usedBytes()).toBe(8);
    expect([1, 2, 3].map((n) => store.has(image(n).imageId))).toEqual([true, false, true]);
  });

  it('are not fetched ahead beyond the budget', async () => {
    const { store, asked, answer } = heldStore(8);
    store.prefetch([image(0), image(1), image(2)]);
    await answer('i0');
    await answer('i1');
    expect(asked).toEqual(['i0', 'i1']);
  });

  it('that fail are told to who asked, are not tried again ahead, and may be asked for again', async () => {
    const { store, asked, answer } = heldStore();
    const failed = expect(store.request(image(1))).rejects.toThrow('gone');
    await answer('i1', false);
    await failed;
    store.prefetch([image(1)]);
    expect(asked).toEqual(['i1']);
    const again = store.request(image(1));
    await answer('i1');
    await expect(again).resolves.toHaveLength(4);
  });

  it('of a wrong size are refused', async () => {
    const store = createFrameStore({
      fetchFrame: async () => new ArrayBuffer(3),
      budgetBytes: 100,
      concurrency: 1,
      onFrame: () => undefined,
    });
    await expect(store.request(image(1))).rejects.toThrow('another size');
  });

  it('are let go at closing, and those waited for are called off', async () => {
    const { store, asked, answer } = heldStore();
    void store.request(image(0));
    await answer('i0');
    const waiting = [1, 2, 3, 4, 5].map((n) => store.request(image(n)));
    expect(asked).toHaveLength(4); // two are not even asked for yet
    const settled = Promise.allSettled(waiting);
    store.close();
    expect((await settled).map(({ status }) => status)).toEqual(Array(5).fill('rejected'));
    expect(store.usedBytes()).toBe(0);
    expect(asked).toHaveLength(4);
  });
});

it('the images around the shown one come nearest first', () => {
  const images = [0, 1, 2, 3, 4].map(image);
  expect(nearestFirst(images, 3).map(({ imageId }) => imageId)).toEqual([
    'i3',
    'i2',
    'i4',
    'i1',
    'i0',
  ]);
});
