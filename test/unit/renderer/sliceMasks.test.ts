import { describe, expect, test } from 'vitest';

import { packMask } from '../../../src/domain/mask.js';
import { createSliceMasks } from '../../../src/renderer/segmentation/sliceMasks.js';
import type { SegmentMask } from '../../../src/renderer/viewer/viewerApi.js';
import { settle } from './standInEngine.js';

const maskOf = (segmentNumber: number): SegmentMask => ({
  segmentNumber,
  mask: packMask({ width: 2, height: 1, data: new Uint8Array([1, 0]) }),
});

/** Answers wait until they are given. */
function makeMasks() {
  const asked: string[] = [];
  const answers: ((masks: readonly SegmentMask[] | null) => void)[] = [];
  let changes = 0;
  const masks = createSliceMasks({
    load: (axis, sliceIndex, segmentNumbers) => {
      asked.push([axis, sliceIndex, ...(segmentNumbers ?? [])].join(' '));
      return new Promise((resolve) => answers.push(resolve));
    },
    onChanged: () => {
      changes++;
    },
  });
  const answer = async (given: readonly SegmentMask[] | null): Promise<void> => {
    answers.shift()?.(given);
    await settle();
  };
  return { masks, asked, answer, changes: () => changes };
}

describe('masks of slices', () => {
  test('are asked for when first shown, once, and told of when they come', async () => {
    const { masks, asked, answer, changes } = makeMasks();
    expect(masks.on('axial', 3)).toEqual([]);
    expect(masks.on('axial', 3)).toEqual([]);
    await answer([maskOf(1)]);
    expect(masks.on('axial', 3)).toEqual([maskOf(1)]);
    expect(asked).toEqual(['axial 3']);
    expect(changes()).toBe(1);
  });

  test('of an empty slice cause no new drawing', async () => {
    const { masks, answer, changes } = makeMasks();
    masks.on('axial', 3);
    await answer([]);
    expect(changes()).toBe(0);
  });

  test('stay on screen after a change until the new ones are there, and only what changed is asked for', async () => {
    const { masks, asked, answer } = makeMasks();
    masks.on('axial', 3);
    await answer([maskOf(1)]);
    masks.on('axial', 4);
    await answer([maskOf(1)]);
    masks.expire((_axis, sliceIndex) => (sliceIndex === 4 ? 'all' : []));
    expect(masks.on('axial', 3)).toEqual([maskOf(1)]);
    expect(masks.on('axial', 4)).toEqual([maskOf(1)]);
    await answer([maskOf(2)]);
    expect(masks.on('axial', 4)).toEqual([maskOf(2)]);
    expect(asked).toEqual(['axial 3', 'axial 4', 'axial 4']);
  });

  test('are asked for again only of the segments that changed; the others, and what came as it was, stay the same objects', async () => {
    const { masks, asked, answer, changes } = makeMasks();
    masks.on('axial', 3);
    await answer([maskOf(1), maskOf(2), maskOf(3)]);
    const before = masks.on('axial', 3);
    masks.expire(() => [2]);
    masks.expire(() => [3]);
    masks.on('axial', 3);
    await answer([maskOf(3)]);
    expect(asked).toEqual(['axial 3', 'axial 3 2 3']);
    expect(changes()).toBe(2);
    const after = masks.on('axial', 3);
    expect(after.map(({ segmentNumber }) => segmentNumber)).toEqual([1, 3]);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[2]);
    masks.expire(() => [3]);
    masks.on('axial', 3);
    await answer([maskOf(3)]);
    expect(changes()).toBe(2); // nothing is drawn anew
  });

  test('are asked for again where they changed while they were on their way', async () => {
    const { masks, asked, answer } = makeMasks();
    masks.on('axial', 3);
    masks.expire(() => 'all');
    let isTrue = false;
    const waiting = masks.refresh('axial', 3).then(() => (isTrue = true));
    await answer([maskOf(1)]);
    expect(isTrue).toBe(false);
    await answer([maskOf(2)]);
    await waiting;
    expect(masks.on('axial', 3)).toEqual([maskOf(2)]);
    expect(asked).toHaveLength(2);
  });

  test('of another segmentation are forgotten, also when they come late', async () => {
    const { masks, answer, changes } = makeMasks();
    masks.on('axial', 3);
    masks.clear();
    await answer([maskOf(1)]);
    expect(changes()).toBe(0);
    expect(masks.on('axial', 3)).toEqual([]);
  });

  test('that cannot be had are not asked for without end', async () => {
    const { masks, asked, answer } = makeMasks();
    masks.on('axial', 3);
    await answer(null);
    masks.on('axial', 3);
    expect(asked).toHaveLength(1);
  });
});
