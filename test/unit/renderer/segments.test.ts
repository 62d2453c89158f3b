import { beforeEach, describe, expect, test } from 'vitest';

import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import { packMask } from '../../../src/domain/mask.js';
import type { Segment, Segmentation } from '../../../src/domain/segmentation.js';
import { drawOnActive } from '../../../src/renderer/segmentation/drawnActs.js';
import { addSegment } from '../../../src/renderer/segmentation/segmentActs.js';
import { useEditingStore } from '../../../src/renderer/segmentation/editingStore.js';
import {
  applyTool,
  cancelTool,
  receiveToolProgress,
} from '../../../src/renderer/segmentation/segmentToolActs.js';
import { useSegmentationStore } from '../../../src/renderer/segmentation/segmentationStore.js';
import {
  loadSegmentations,
  receiveSegmentation,
  showPhase,
} from '../../../src/renderer/segmentation/takeSegmentation.js';
import { commands } from '../../../src/renderer/ui/commands.js';
import { usePanelStore } from '../../../src/renderer/ui/panelStore.js';
import { methodsOf, settle, standInEngine } from './standInEngine.js';

const volume = { seriesId: 's1' as SeriesId, phaseIndex: 0 };
const tissue = { value: '85756007', scheme: 'SCT', meaning: 'Tissue' };
const makeSegment = (segmentNumber: number, change: Partial<Segment> = {}): Segment => ({
  segmentNumber,
  segmentLabel: `Segment ${String(segmentNumber)}`,
  category: tissue,
  type: tissue,
  modifier: null,
  colour: '#e69f00',
  opacity: 0.5,
  visible: true,
  locked: false,
  source: 'manual',
  ...change,
});
const makeSegmentation = (
  segments: readonly Segment[],
  change: Partial<Segmentation> = {},
): Segmentation => ({
  segmentationId: 'g1' as SegmentationId,
  ...volume,
  seriesInstanceUID: '1.2.3',
  segmentationLabel: 'Segmentation',
  dimensions: [8, 8, 8],
  overlap: 'overwrite-all',
  segments,
  revision: 1,
  undoLabel: null,
  redoLabel: null,
  undoCount: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  ...change,
});
const place = { phaseIndex: 0, axis: 'axial' as const, sliceIndex: 2, draftId: null };
const region = packMask({ width: 8, height: 8, data: new Uint8Array(64).fill(1) });
const stroke = (tool: 'brush' | 'eraser') => ({
  ...place,
  kind: 'stroke' as const,
  tool,
  covered: { axis: 'axial' as const, slices: [{ sliceIndex: 2, region }] },
});
const outline = (tool: 'lasso' | 'cut-lasso') => ({
  ...place,
  kind: 'outline' as const,
  tool,
  region,
  outline: [
    { x: 0, y: 0 },
    { x: 1, y: 0 },
    { x: 1, y: 1 },
  ],
});
const press = (tool: 'fill' | 'grow-region' | 'island') => ({
  ...place,
  kind: 'place' as const,
  tool,
  pixel: { column: 3, row: 4 },
  voxel: { i: 3, j: 4, k: 2 },
  value: 120,
});

describe('the segments of the window', () => {
  const answers = (stored: readonly Segmentation[]) => ({
    listSegmentations: () => stored,
    createSegmentation: () => makeSegmentation([]),
    addSegment: () => makeSegmentation([makeSegment(1)], { revision: 2 }),
    paintSegment: () => makeSegmentation([makeSegment(1)], { revision: 3 }),
    undoSegmentation: () => makeSegmentation([], { revision: 4 }),
    applySegmentTool: () =>
      new Promise((resolve) => {
        endTool = () => {
          resolve(makeSegmentation([makeSegment(1)]));
        };
      }),
    cancelJob: () => null,
    getSegmentMasks: () => ({ segmentationId: 'g1', revision: 3, masks: [] }),
  });
  let endTool = (): void => undefined;
  let engine: ReturnType<typeof standInEngine>;
  const open = async (stored: readonly Segmentation[]): Promise<void> => {
    engine = standInEngine(answers(stored));
    await loadSegmentations(volume);
  };
  beforeEach(() => open([]));

  test('are of the phase on screen alone', async () => {
    await open([
      makeSegmentation([], { phaseIndex: 1, segmentationId: 'other' as SegmentationId }),
      makeSegmentation([makeSegment(1)]),
    ]);
    expect(useSegmentationStore().list.map((each) => each.segmentationId)).toEqual(['g1']);
    showPhase(1);
    expect(useSegmentationStore().shown?.segmentationId).toBe('other');
    expect(methodsOf(engine)).toEqual(['listSegmentations']); // cine asks for nothing
  });

  test('begin with the first stroke of the brush: a segmentation, a segment, the stroke', async () => {
    await drawOnActive(stroke('brush'));
    expect(methodsOf(engine).slice(0, 4)).toEqual([
      'listSegmentations',
      'createSegmentation',
      'addSegment',
      'paintSegment',
    ]);
    expect(engine.calls[3]?.params).toMatchObject({ segmentNumber: 1, mode: 'add' });
  });

  test('are not begun with the eraser, and the panel says why', async () => {
    await drawOnActive(stroke('eraser'));
    expect(methodsOf(engine)).toEqual(['listSegmentations']);
    expect(useSegmentationStore().problem).toContain('no segment to change');
  });

  test('that are hidden are not painted on, and the panel says why', async () => {
    await open([makeSegmentation([makeSegment(1, { visible: false })])]);
    await drawOnActive(stroke('brush'));
    expect(methodsOf(engine)).not.toContain('paintSegment');
    expect(useSegmentationStore().problem).toContain('hidden');
  });

  test('get a name of their own at once when they are added by hand', async () => {
    await addSegment();
    expect(useSegmentationStore().renaming).toBe(1);
  });

  test('keep the newest state, however late an older one comes', async () => {
    await open([makeSegmentation([makeSegment(1)], { revision: 5 })]);
    const late = makeSegmentation([], { revision: 4 });
    receiveSegmentation({ kind: 'segmentationChanged', segmentation: late, changes: [] });
    expect(useSegmentationStore().shown?.segments).toHaveLength(1);
  });

  test('take undo and redo while their tab lies on top, the session otherwise', async () => {
    await open([makeSegmentation([makeSegment(1)])]);
    commands['session.undo']();
    await settle();
    expect(methodsOf(engine)).not.toContain('undoSegmentation');
    usePanelStore().rightTab = 'segments';
    commands['session.undo']();
    await settle();
    expect(methodsOf(engine)).toContain('undoSegmentation');
  });

  test('are changed by one tool at a time, which tells how far it is and can be cancelled', async () => {
    await open([makeSegmentation([makeSegment(1)])]);
    const store = useSegmentationStore();
    const done = applyTool({ kind: 'keep-largest-island' });
    void applyTool({ kind: 'fill-holes', axis: null });
    const jobId = store.job?.jobId ?? '';
    receiveToolProgress({ kind: 'jobProgressed', jobId, label: 'Keep', done: 4, total: 10 });
    receiveToolProgress({ kind: 'jobProgressed', jobId: 'x', label: '', done: 9, total: 10 });
    expect(store.job).toMatchObject({ label: 'Keep', done: 4, total: 10 });
    await cancelTool();
    expect(store.job?.cancelling).toBe(true);
    expect(engine.calls.at(-1)).toEqual({ method: 'cancelJob', params: { jobId } });
    endTool();
    await done;
    expect(store.job).toBeNull();
    expect(store.note).toContain('nothing to change in “Segment 1”');
    expect(methodsOf(engine).filter((method) => method === 'applySegmentTool')).toHaveLength(1);
  });

  test('are painted on only where values are in the range, once the brush is limited to it', async () => {
    await open([makeSegmentation([makeSegment(1)])]);
    const editing = useEditingStore();
    await drawOnActive({ ...place, kind: 'sample', range: { lower: 40, upper: 90 } });
    await drawOnActive(stroke('brush'));
    editing.limited = true;
    await drawOnActive(stroke('brush'));
    const painted = engine.calls.filter(({ method }) => method === 'paintSegment');
    expect(painted.map(({ params }) => params)).toMatchObject([
      { range: null },
      { range: { lower: 40, upper: 90 } },
    ]);
  });

  test('take an area as a stroke, and through all slices or outside it by a tool', async () => {
    await open([makeSegmentation([makeSegment(1)])]);
    await drawOnActive(outline('cut-lasso'));
    expect(engine.calls[1]).toMatchObject({ method: 'paintSegment', params: { mode: 'erase' } });
    Object.assign(useEditingStore(), { cutSide: 'outside', cutThrough: 'all' });
    const done = drawOnActive(outline('cut-lasso'));
    await settle();
    endTool();
    await done;
    const asked = engine.calls.find(({ method }) => method === 'applySegmentTool');
    expect(asked?.params).toMatchObject({
      tool: { kind: 'cut', slices: null, operation: 'erase-outside', axis: 'axial' },
    });
  });

  test('grow from the value that was pressed on, by the tolerance, on the slice or in the volume', async () => {
    await open([makeSegmentation([makeSegment(1)])]);
    Object.assign(useEditingStore(), { tolerance: 15, growThrough: 'slice' });
    const done = drawOnActive(press('grow-region'));
    await settle();
    endTool();
    await done;
    const asked = engine.calls.find(({ method }) => method === 'applySegmentTool');
    expect(asked?.params).toMatchObject({
      tool: {
        seed: { i: 3, j: 4, k: 2 },
        criterion: { kind: 'range', range: { lower: 105, upper: 135 } },
        region: { kind: 'slice', axis: 'axial', sliceIndex: 2 },
      },
    });
  });

  test('are chosen one after the other by keys, only while they lie on top', async () => {
    await open([makeSegmentation([makeSegment(1), makeSegment(2), makeSegment(3)])]);
    const store = useSegmentationStore();
    commands['segments.next']();
    expect(store.active?.segmentNumber).toBe(1);
    usePanelStore().rightTab = 'segments';
    commands['segments.next']();
    expect(store.active?.segmentNumber).toBe(2);
    commands['segments.previous']();
    commands['segments.previous']();
    expect(store.active?.segmentNumber).toBe(3);
    commands['segments.next']();
    expect(store.active?.segmentNumber).toBe(1);
  });

  test('of a series that was left are not shown on the next', async () => {
    await open([makeSegmentation([makeSegment(1)])]);
    const leaving = loadSegmentations({ ...volume, seriesId: 's2' as SeriesId });
    void loadSegmentations(null);
    await leaving;
    expect(useSegmentationStore().shown).toBeNull();
  });
});
