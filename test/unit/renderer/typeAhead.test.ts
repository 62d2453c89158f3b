import { beforeEach, describe, expect, test } from 'vitest';

import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import { addSegment } from '../../../src/renderer/segmentation/segmentActs.js';
import { useSegmentationStore } from '../../../src/renderer/segmentation/segmentationStore.js';
import { holdKey, keepForField, takeHeldKeys } from '../../../src/renderer/ui/typeAhead.js';
import type { HeldKeys } from '../../../src/renderer/ui/typeAhead.js';
import { settle, standInEngine } from './standInEngine.js';

const press = (
  key: string,
  change: Partial<Record<'ctrlKey' | 'altKey' | 'repeat', boolean>> = {},
) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  repeat: false,
  ...change,
});
const hold = (...keys: readonly string[]): HeldKeys | null =>
  keys.reduce<HeldKeys | null>((held, key) => (held === null ? null : holdKey(held, press(key))), {
    text: '',
    ending: null,
  });
const type = (keys: string): boolean[] => Array.from(keys, (key) => keepForField(press(key)));

describe('keys that are held for a name field', () => {
  test('are its text, whatever hotkeys their letters are', () => {
    expect(hold('L', 'e', 's', 'i', 'o', 'n', ' ', '2')).toEqual({
      text: 'Lesion 2',
      ending: null,
    });
    expect(hold('L', '😀', 'x', 'Backspace', 'Backspace')).toEqual({ text: 'L', ending: null });
  });

  test('end with Enter or Escape, after which keys are hotkeys again', () => {
    expect(hold('L', 'Enter')).toEqual({ text: 'L', ending: 'named' });
    expect(hold('L', 'Escape')).toEqual({ text: 'L', ending: 'dropped' });
    expect(hold('L', 'Enter', 'b')).toBeNull();
  });

  test('are not those that write nothing, nor chords', () => {
    expect(hold('ArrowDown')).toBeNull();
    expect(hold('F5')).toBeNull();
    const empty: HeldKeys = { text: '', ending: null };
    expect(holdKey(empty, press('z', { ctrlKey: true }))).toBeNull();
    expect(holdKey(empty, press('l', { altKey: true }))).toBeNull();
  });
});

describe('while a segment is added', () => {
  let answer: () => void;
  beforeEach(() => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    answer = () => {
      resolve(undefined);
    };
    standInEngine({
      createSegmentation: async () => {
        await promise;
        return { segmentationId: 'g1' as SegmentationId, segments: [], revision: 0 };
      },
      addSegment: () => ({ segments: [{ segmentNumber: 7 }] }),
    });
    useSegmentationStore().volume = { seriesId: 's1' as SeriesId, phaseIndex: 0 };
  });

  test('what is typed waits for the field of its name', async () => {
    const added = addSegment();
    expect(type('Les')).toEqual([true, true, true]);
    await settle();
    expect(type('io')).toEqual([true, true]);
    answer();
    while (useSegmentationStore().renaming === null) await Promise.resolve();
    expect(keepForField(press('n'))).toBe(true);
    // The field opens with the next drawing of the window.
    expect(takeHeldKeys()).toEqual({ text: 'Lesion', ending: null });
    expect(type('b')).toEqual([false]);
    await added;
    expect(useSegmentationStore().renaming).toBe(7);
  });

  test('the key that is still down writes nothing', async () => {
    const added = addSegment();
    expect(keepForField(press('G', { repeat: true }))).toBe(true);
    answer();
    await added;
    expect(takeHeldKeys().text).toBe('');
  });

  test('a field that does not open leaves the keys to the image', async () => {
    useSegmentationStore().volume = null;
    const added = addSegment();
    expect(type('b')).toEqual([true]);
    await added;
    expect(useSegmentationStore().renaming).toBeNull();
    expect(type('b')).toEqual([false]);
    expect(takeHeldKeys()).toEqual({ text: '', ending: null });
  });
});
