import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import type { Segmentation } from '../../../src/domain/segmentation.js';
import { undoSegmentation } from '../../../src/renderer/segmentation/segmentActs.js';
import { loadSegmentations } from '../../../src/renderer/segmentation/takeSegmentation.js';
import { useViewerStore } from '../../../src/renderer/ui/viewerStore.js';
import { usePropagationStore } from '../../../src/renderer/volume/propagationStore.js';
import { dropRerun, noteCorrection, waitForHand } from '../../../src/renderer/volume/rerun.js';
import { methodsOf, standInEngine } from './standInEngine.js';

const REST_MS = 1500;

describe('a run after a correction', () => {
  const volume = { seriesId: 's1' as SeriesId, phaseIndex: 0 };
  const tissue = { value: '85756007', scheme: 'SCT', meaning: 'Tissue' };
  const segmentation: Segmentation = {
    ...{ segmentationId: 'g1' as SegmentationId, ...volume, seriesInstanceUID: '1.2.3' },
    ...{ segmentationLabel: 'Segmentation', dimensions: [4, 4, 20], overlap: 'allow' },
    segments: [1, 2].map((segmentNumber) => ({
      ...{ segmentNumber, segmentLabel: 'Liver', category: tissue, type: tissue },
      ...{ modifier: null, colour: '#e69f00', opacity: 0.5, visible: true, locked: false },
      source: 'manual',
    })),
    ...{
      revision: 1,
      undoLabel: 'Brush',
      undoCount: 1,
      redoLabel: null,
      createdAt: '',
      updatedAt: '',
    },
  };
  const made = (review: 'open' | 'corrected') => ({
    ...{ sliceIndex: 12, score: 0.8, stemsFrom: 10, review },
    doubts: [],
  });
  const state = {
    ...{ segmentationId: 'g1', segmentNumber: 1, axis: 'axial', given: [10, 11] },
    ...{ changed: [11], slices: [made('open')], ends: [] },
  };
  let standing: object = state;
  let end = (_cancelled: boolean): void => undefined;
  let engine: ReturnType<typeof standInEngine>;

  const runs = (): number =>
    methodsOf(engine).filter((method) => method === 'startPropagation').length;
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  beforeEach(async () => {
    vi.useFakeTimers();
    standing = state;
    engine = standInEngine({
      listSegmentations: () => [segmentation],
      getPropagation: () => standing,
      getSegmentMasks: () => ({ segmentationId: 'g1', revision: 2, masks: [] }),
      undoSegmentation: () => segmentation,
      startPropagation: () =>
        new Promise((resolve) => {
          end = (cancelled) =>
            resolve({ segmentation, slices: [], cleared: [], ends: [], cancelled });
        }),
      cancelJob: () => {
        end(true);
        return null;
      },
    });
    await loadSegmentations(volume);
    useViewerStore().position = { phaseIndex: 0, axis: 'axial', sliceIndex: 11 };
  });
  afterEach(() => {
    dropRerun();
    vi.useRealTimers();
  });

  test('begins once for strokes in a row, when the hand has rested, and keeps nothing if it is cancelled', async () => {
    for (let stroke = 0; stroke < 3; stroke++) {
      waitForHand(true);
      await pass(2 * REST_MS); // a long stroke
      waitForHand(false);
      noteCorrection();
      await pass(REST_MS - 100);
    }
    expect(runs()).toBe(0);
    await pass(100);
    expect(runs()).toBe(1);
    expect(engine.calls.at(-1)?.params).toMatchObject({ segmentNumber: 1, keepsPartial: false });
    end(false);
    await pass(5 * REST_MS);
    expect(runs()).toBe(1);
  });

  test('gives way to the next stroke, and begins anew after it', async () => {
    noteCorrection();
    await pass(REST_MS);
    expect(usePropagationStore().run?.automatic).toBe(true);
    waitForHand(true);
    await pass(0);
    expect(usePropagationStore().run).toBeNull();
    await pass(3 * REST_MS);
    expect(runs()).toBe(1);
    waitForHand(false);
    noteCorrection();
    await pass(REST_MS);
    expect(runs()).toBe(2);
  });

  test('begins anew also where the stroke that it gave way to was given up', async () => {
    noteCorrection();
    await pass(REST_MS);
    waitForHand(true);
    await pass(0);
    waitForHand(false);
    await pass(REST_MS);
    expect(runs()).toBe(2);
  });

  test('does not come back for what the user undoes', async () => {
    noteCorrection();
    await undoSegmentation();
    await pass(3 * REST_MS);
    expect(runs()).toBe(0);
    noteCorrection();
    await pass(REST_MS);
    await undoSegmentation();
    await pass(3 * REST_MS);
    expect(runs()).toBe(1);
    expect(usePropagationStore().run).toBeNull();
  });

  test('does not begin while it is switched off, for another segment, or where nothing depends on the slice', async () => {
    usePropagationStore().rerunsAfterCorrection = false;
    noteCorrection();
    await pass(2 * REST_MS);
    usePropagationStore().rerunsAfterCorrection = true;
    noteCorrection();
    useViewerStore().position = { phaseIndex: 0, axis: 'coronal', sliceIndex: 11 };
    await pass(2 * REST_MS);
    useViewerStore().position = { phaseIndex: 0, axis: 'axial', sliceIndex: 11 };
    for (const other of [
      { ...state, changed: null, slices: [] },
      { ...state, changed: [] },
      { ...state, slices: [made('corrected')] },
    ]) {
      standing = other;
      noteCorrection();
      await pass(2 * REST_MS);
    }
    expect(runs()).toBe(0);
  });
});
