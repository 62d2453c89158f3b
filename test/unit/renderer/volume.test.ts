import { beforeEach, describe, expect, test } from 'vitest';

import type {
  PropagationState,
  SlicePropagated,
  SliceReview,
} from '../../../src/contract/propagationChannels.js';
import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import { packMask } from '../../../src/domain/mask.js';
import type { Segmentation } from '../../../src/domain/segmentation.js';
import { loadSegmentations } from '../../../src/renderer/segmentation/takeSegmentation.js';
import { useSegmentationStore } from '../../../src/renderer/segmentation/segmentationStore.js';
import { useViewerStore } from '../../../src/renderer/ui/viewerStore.js';
import { copyMeasures } from '../../../src/renderer/volume/measureActs.js';
import { describeMeasures } from '../../../src/renderer/volume/measures.js';
import { withPreview } from '../../../src/renderer/volume/preview.js';
import {
  cancelPropagation,
  confirmShownSlice,
  loadPropagation,
  receivePropagatedSlice,
  startPropagation,
} from '../../../src/renderer/volume/propagationActs.js';
import { usePropagationStore } from '../../../src/renderer/volume/propagationStore.js';
import { findNextOpen, listReview } from '../../../src/renderer/volume/reviewList.js';
import { methodsOf, settle, standInEngine } from './standInEngine.js';

const doubt = (sentence: string) => ({
  ...{ reason: 'drift', value: 1, limit: 0.5 },
  sentence,
});
const slice = (sliceIndex: number, review: SliceReview, ...sentences: readonly string[]) => ({
  ...{ sliceIndex, score: 0.8, stemsFrom: 10, review },
  doubts: sentences.map((sentence) => doubt(sentence)),
});

describe('the list of slices to look at', () => {
  const state = {
    slices: [
      slice(12, 'open', 'It moved.'),
      slice(9, 'open'),
      slice(8, 'confirmed', 'It is unsure.'),
      slice(7, 'corrected', 'It shrank.', 'It moved.'),
    ],
    ends: [
      {
        ...{ sliceIndex: 12, towards: 'up', stemsFrom: 10, review: 'open' },
        because: doubt('It is very unsure.'),
      },
      {
        ...{ sliceIndex: 5, towards: 'down', stemsFrom: 10, review: 'open' },
        because: 'nothing-found',
      },
      { ...{ sliceIndex: 0, towards: 'down', stemsFrom: 10, review: 'open' }, because: null },
    ],
  } as unknown as PropagationState; // reasons are not looked at here

  test('holds what was doubted and where the target was held to end, with reasons, in order', () => {
    const items = listReview(state);
    expect(items.map(({ sliceIndex, review }) => [sliceIndex, review])).toEqual([
      [5, 'open'],
      [7, 'corrected'],
      [8, 'confirmed'],
      [12, 'open'],
    ]);
    expect(items[1]?.reasons).toEqual(['It shrank.', 'It moved.']);
    expect(items[3]?.reasons).toHaveLength(2);
  });

  test('is gone through round its end, past what was looked at', () => {
    const items = listReview(state);
    expect(findNextOpen(items, 5, 1)).toBe(12);
    expect(findNextOpen(items, 12, 1)).toBe(5);
    expect(findNextOpen(items, 6, -1)).toBe(5);
    expect(findNextOpen(items, 5, -1)).toBe(12);
    expect(findNextOpen([], 5, 1)).toBeNull();
  });
});

describe('what a segment measures, in words', () => {
  const values = { mean: 41.256, deviation: 7.04, minimum: -12, maximum: 96, unit: 'HU' };

  test('has millilitres and cubic millimetres, axes, mean, deviation and range with their units', () => {
    const measures = describeMeasures({
      ...{ segmentNumber: 1, voxelCount: 1234, volumeMl: 1.234, values },
      ...{ longestAxisMm: 20.04, acrossAxesMm: [10.1, 5] },
    });
    expect(measures).toEqual([
      { name: 'Volume', value: '1.23 mL (1234 mm³)' },
      { name: 'Axes', value: '20.0 × 10.1 × 5.0 mm' },
      { name: 'Mean ± SD', value: '41.3 ± 7.04 HU' },
      { name: 'Range', value: '-12 to 96 HU' },
    ]);
  });

  test('claims no size where the images have none', () => {
    const measures = describeMeasures({
      ...{ segmentNumber: 1, voxelCount: 12_345, volumeMl: null, values: null },
      ...{ longestAxisMm: null, acrossAxesMm: null },
    });
    expect(measures).toEqual([{ name: 'Volume', value: '12,345 voxels' }]);
  });
});

describe('a propagation in the window', () => {
  const volume = { seriesId: 's1' as SeriesId, phaseIndex: 0 };
  const tissue = { value: '85756007', scheme: 'SCT', meaning: 'Tissue' };
  const segmentation: Segmentation = {
    ...{ segmentationId: 'g1' as SegmentationId, ...volume, seriesInstanceUID: '1.2.3' },
    ...{ segmentationLabel: 'Segmentation', dimensions: [4, 4, 20], overlap: 'allow' },
    segments: [
      {
        ...{ segmentNumber: 1, segmentLabel: 'Liver', category: tissue, type: tissue },
        ...{ modifier: null, colour: '#e69f00', opacity: 0.5, visible: true, locked: false },
        source: 'manual',
      },
    ],
    ...{ revision: 1, undoLabel: null, redoLabel: null, undoCount: 0 },
    ...{ createdAt: '', updatedAt: '' },
  };
  const mask = packMask({ width: 4, height: 4, data: new Uint8Array(16).fill(1) });
  const state = {
    ...{ segmentationId: 'g1', segmentNumber: 1, axis: 'axial', given: [10], changed: [] },
    ...{ slices: [slice(11, 'open', 'It moved.')], ends: [] },
  };
  let end = (_slices: readonly unknown[]): void => undefined;
  let engine: ReturnType<typeof standInEngine>;

  beforeEach(async () => {
    engine = standInEngine({
      listSegmentations: () => [segmentation],
      getPropagation: () => state,
      getSegmentMasks: () => ({ segmentationId: 'g1', revision: 2, masks: [] }),
      startPropagation: () =>
        new Promise((resolve) => {
          end = (slices) =>
            resolve({ segmentation, slices, cleared: [], ends: [], cancelled: false });
        }),
      cancelJob: () => null,
      reviewPropagatedSlice: () => ({ ...state, slices: [slice(11, 'confirmed', 'It moved.')] }),
      computeSegmentStatistics: () => ({
        ...{ segmentNumber: 1, voxelCount: 2, volumeMl: 0.002, values: null },
        ...{ longestAxisMm: 1, acrossAxesMm: [0, 0] },
      }),
      copyText: () => null,
    });
    await loadSegmentations(volume);
    useViewerStore().position = { phaseIndex: 0, axis: 'axial', sliceIndex: 11 };
  });

  const come = (jobId: string, sliceIndex: number): void =>
    receivePropagatedSlice({
      ...{ kind: 'slicePropagated', jobId, segmentationId: segmentation.segmentationId },
      ...{ segmentNumber: 1, axis: 'axial', mask },
      slice: { sliceIndex, score: 0.9, stemsFrom: 10, doubts: [] },
    } satisfies SlicePropagated);

  test('shows each slice as it comes over what is stored, and only until it is stored', async () => {
    const store = usePropagationStore();
    const done = startPropagation();
    await settle();
    const jobId = store.run?.jobId ?? '';
    come(jobId, 12);
    come('another job', 13);
    expect([...(store.run?.made.keys() ?? [])]).toEqual([12]);
    const stored = [{ segmentNumber: 2, mask }];
    const at = (sliceIndex: number, axis: 'axial' | 'coronal' = 'axial') =>
      withPreview(stored, store.run, segmentation, { axis, sliceIndex });
    expect(at(12).map(({ segmentNumber }) => segmentNumber)).toEqual([2, 1]);
    expect(at(13)).toEqual(stored);
    expect(at(12, 'coronal')).toEqual(stored);
    end([{}]);
    await done;
    expect(store.run).toBeNull();
    expect(store.state?.given).toEqual([10]);
  });

  test('is one at a time, and can be cancelled', async () => {
    const store = usePropagationStore();
    const done = startPropagation();
    await settle();
    await startPropagation();
    expect(methodsOf(engine).filter((method) => method === 'startPropagation')).toHaveLength(1);
    await cancelPropagation();
    expect(store.run?.cancelling).toBe(true);
    expect(engine.calls.at(-1)?.params).toEqual({ jobId: store.run?.jobId });
    end([]);
    await done;
    expect(useSegmentationStore().note).toContain('No further slice');
  });

  test('has the slice on screen confirmed, and none that was not made', async () => {
    await loadPropagation();
    expect(usePropagationStore().open).toHaveLength(1);
    useViewerStore().position = { phaseIndex: 0, axis: 'axial', sliceIndex: 3 };
    await confirmShownSlice();
    expect(methodsOf(engine)).not.toContain('reviewPropagatedSlice');
    useViewerStore().position = { phaseIndex: 0, axis: 'axial', sliceIndex: 11 };
    await confirmShownSlice();
    expect(engine.calls.at(-1)).toMatchObject({ params: { sliceIndex: 11, confirmed: true } });
    expect(usePropagationStore().open).toHaveLength(0);
  });

  test('leaves measures that a spreadsheet takes over', async () => {
    await copyMeasures();
    const { text } = engine.calls.at(-1)?.params as { text: string };
    const [head, line] = text.split('\n').map((cells) => cells.split('\t'));
    expect(head).toContain('volume_mm3');
    expect(line?.[head?.indexOf('volume_mm3') ?? -1]).toBe('2');
    expect(line?.[1]).toBe('Liver');
  });
});
