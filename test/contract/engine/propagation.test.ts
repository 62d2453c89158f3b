import { rmSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { MethodParams } from '../../../src/contract/channels.js';
import type { PropagationResult } from '../../../src/contract/propagationChannels.js';
import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import { countPackedPixels } from '../../../src/domain/packedBits.js';
import { packMask, unpackMask } from '../../../src/domain/mask.js';
import type { PackedMask } from '../../../src/domain/mask.js';
import { computeDice } from '../../../src/domain/metrics.js';
import { makeDataDir, openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';

const axis = 'axial';
const segmenterId = 'ibis-click';
const givenSlice = 68;

describe('propagating a segment of the demo study', () => {
  const dataDir = makeDataDir();
  let test: TestEngine;
  let seriesId: SeriesId;
  let segmentationId: SegmentationId;

  const propagate = (
    more: Partial<MethodParams<'startPropagation'>> = {},
  ): Promise<PropagationResult> =>
    test.engine.invoke('startPropagation', {
      ...{ segmentationId, segmentNumber: 1, axis, window: null, segmenterId, jobId: 'walk' },
      ...more,
    });
  const standing = () =>
    test.engine.invoke('getPropagation', { segmentationId, segmentNumber: 1, axis });
  const paint = async (mode: 'add' | 'erase', sliceIndex: number, region: PackedMask) =>
    test.engine.invoke('paintSegment', {
      ...{ segmentationId, segmentNumber: 1, axis, mode, toolLabel: 'Brush' },
      slices: [{ sliceIndex, region }],
    });
  const maskOn = async (sliceIndex: number) => {
    const { masks } = await test.engine.invoke('getSegmentMasks', {
      ...{ segmentationId, axis, sliceIndex },
    });
    return masks.find(({ segmentNumber }) => segmentNumber === 1)?.mask ?? null;
  };

  beforeAll(async () => {
    test = await openTestEngine({ dataDir });
    const demo = await test.engine.invoke('openDemoStudy', {});
    if (demo.seriesId === null) throw new Error('the demo study holds a series');
    ({ seriesId } = demo);
    ({ segmentationId } = await test.engine.invoke('createSegmentation', {
      ...{ seriesId, phaseIndex: 0, segmentationLabel: 'Deep gray matter' },
    }));
    await test.engine.invoke('addSegment', { segmentationId, segmentLabel: 'left putamen' });
  });
  afterAll(async () => {
    await test.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('refuses to begin where no given slice has the target', async () => {
    await expect(propagate()).rejects.toMatchObject({ code: 'empty-mask' });
  });

  it('fills slices on both sides as one edit, shows each as it comes, and says what stems from where', async () => {
    const { sessionId } = await test.engine.invoke('startSession', {
      ...{ seriesId, phaseIndex: 0, axis, sliceIndex: givenSlice, window: null },
      ...{ prompt: 'left putamen', policyId: '', segmenterId },
    });
    for (const normalised of [{ x: 0.646, y: 0.436 }])
      await test.engine.invoke('addClick', { sessionId, label: 'include', normalised });
    await test.engine.invoke('addSessionMask', { segmentationId, segmentNumber: 1, sessionId });
    const given = await maskOn(givenSlice);
    if (given === null) throw new Error('the click found nothing');
    expect(await standing()).toMatchObject({ given: [givenSlice], changed: null, slices: [] });

    const { segmentation, slices, ends, cancelled } = await propagate();
    expect(cancelled).toBe(false);
    expect(slices.map(({ sliceIndex }) => sliceIndex)).toContain(givenSlice - 1);
    expect(slices.map(({ sliceIndex }) => sliceIndex)).toContain(givenSlice + 1);
    expect(ends).toHaveLength(2);
    for (const { stemsFrom } of slices) expect(stemsFrom).toBe(givenSlice);
    expect(segmentation.undoLabel).toBe('Propagate left putamen');
    expect(segmentation.segments[0]?.source).toBe('semiautomatic');

    const shown = test.events.flatMap((event) => (event.kind === 'slicePropagated' ? [event] : []));
    expect(shown.map(({ slice }) => slice.sliceIndex).sort((a, b) => a - b)).toEqual(
      slices.map(({ sliceIndex }) => sliceIndex),
    );
    for (const { slice, mask } of shown) expect(await maskOn(slice.sliceIndex)).toEqual(mask);
    const next = await maskOn(givenSlice + 1);
    if (next === null) throw new Error('the next slice is empty');
    expect(computeDice(unpackMask(next), unpackMask(given))).toBeGreaterThan(0.8);
    expect(await maskOn(givenSlice)).toEqual(given);

    await test.engine.invoke('undoSegmentation', { segmentationId });
    expect(await maskOn(givenSlice + 1)).toBeNull();
    expect(await maskOn(givenSlice)).toEqual(given);
    await test.engine.invoke('redoSegmentation', { segmentationId });
    expect(await maskOn(givenSlice + 1)).toEqual(next);
  });

  it('tells what stands by the voxels in force, through undo and redo and the next start', async () => {
    const before = await standing();
    expect(before.given).toEqual([givenSlice]);
    expect(before.changed).toEqual([]);
    expect(before.slices.every(({ review }) => review === 'open')).toBe(true);
    expect(before.ends).toHaveLength(2);
    await test.engine.invoke('undoSegmentation', { segmentationId });
    expect(await standing()).toMatchObject({ given: [givenSlice], changed: null, slices: [] });
    await test.engine.invoke('redoSegmentation', { segmentationId });
    expect(await standing()).toEqual(before);
    await test.close();
    test = await openTestEngine({ dataDir });
    await test.engine.invoke('openDemoStudy', {});
    expect(await standing()).toEqual(before);
  });

  it('calls slices of the acquired stack and of the same anatomical plane the same', async () => {
    const { axis: _axis, ...acquired } = await test.engine.invoke('getPropagation', {
      ...{ segmentationId, segmentNumber: 1, axis: 'acquired' },
    });
    expect(await standing()).toMatchObject(acquired);
  });

  it('keeps what was said to be right as given, and can take that back', async () => {
    const sliceIndex = givenSlice + 1;
    const review = (confirmed: boolean) =>
      test.engine.invoke('reviewPropagatedSlice', {
        ...{ segmentationId, segmentNumber: 1, axis, sliceIndex, confirmed },
      });
    const confirmed = await review(true);
    expect(confirmed.given).toEqual([givenSlice, sliceIndex]);
    expect(confirmed.changed).toEqual([]);
    expect(confirmed.slices.find((slice) => slice.sliceIndex === sliceIndex)?.review).toBe(
      'confirmed',
    );
    expect((await review(false)).given).toEqual([givenSlice]);
    await expect(
      test.engine.invoke('reviewPropagatedSlice', {
        ...{ segmentationId, segmentNumber: 1, axis, sliceIndex: 0, confirmed: true },
      }),
    ).rejects.toMatchObject({ code: 'not-found' });
  });

  it('makes only what depends on a slice that says that the target is not there', async () => {
    const { slices: before } = await standing();
    const wall = givenSlice + 2;
    const covered = await maskOn(wall);
    if (covered === null) throw new Error('the slice is empty already');
    await paint('erase', wall, covered);
    expect(await standing()).toMatchObject({ given: [givenSlice, wall], changed: [wall] });
    const again = await propagate();
    expect(again.slices).toEqual([]);
    const beyond = before.map(({ sliceIndex }) => sliceIndex).filter((index) => index > wall);
    expect(again.cleared).toEqual(beyond);
    for (const index of beyond) expect(await maskOn(index)).toBeNull();
    expect(await maskOn(wall - 1)).not.toBeNull();
    const after = await standing();
    expect(after.changed).toEqual([]);
    expect(after.slices.map(({ sliceIndex }) => sliceIndex)).toEqual(
      before.map(({ sliceIndex }) => sliceIndex).filter((index) => index < wall),
    );
    await test.engine.invoke('undoSegmentation', { segmentationId });
    expect((await standing()).changed).toEqual([wall]);
  });

  it('goes on from a corrected slice, leaves it as it is, and keeps what does not follow from it', async () => {
    await test.engine.invoke('undoSegmentation', { segmentationId }); // the wall is gone
    const { slices: before } = await standing();
    const corrected = givenSlice + 1;
    const covered = await maskOn(corrected);
    if (covered?.bounds == null) throw new Error('the slice is empty');
    const half = unpackMask(covered);
    const middle = Math.round((covered.bounds.left + covered.bounds.right) / 2);
    half.data.fill(0);
    for (let row = covered.bounds.top; row <= covered.bounds.bottom; row++)
      half.data[row * half.width + middle] = 1;
    await paint('erase', corrected, packMask(half));
    const drawn = await maskOn(corrected);
    const kept = await maskOn(givenSlice - 1);
    const { slices, segmentation } = await propagate();
    expect(segmentation.undoLabel).toBe(
      `Propagate left putamen from axial slice ${String(corrected + 1)}`,
    );
    expect(await maskOn(corrected)).toEqual(drawn);
    expect(await maskOn(givenSlice - 1)).toEqual(kept);
    const remade = slices.map(({ sliceIndex }) => sliceIndex);
    expect(remade).not.toContain(corrected);
    for (const { sliceIndex, stemsFrom } of slices) {
      expect(sliceIndex).toBeGreaterThan(givenSlice);
      expect(stemsFrom).toBe(corrected);
    }
    const after = await standing();
    expect(after).toMatchObject({ given: [givenSlice, corrected], changed: [] });
    const below = ({ sliceIndex }: { sliceIndex: number }): boolean => sliceIndex < givenSlice;
    expect(after.slices.filter(below)).toEqual(before.filter(below));
  });

  it('keeps what was made when it is cancelled, and says so', async () => {
    const { given } = await standing();
    const line = unpackMask((await maskOn(givenSlice)) ?? expect.fail());
    const corner = line.data.indexOf(1);
    line.data.fill(0);
    line.data.fill(1, corner - 3, corner);
    await paint('add', givenSlice, packMask(line));
    const shown = test.events.length;
    const walk = propagate({ jobId: 'cut short' });
    await test.waitFor((event) => event.kind === 'slicePropagated' && event.jobId === 'cut short');
    await test.engine.invoke('cancelJob', { jobId: 'cut short' });
    const { cancelled, slices } = await walk;
    expect(cancelled).toBe(true);
    expect(slices.length).toBeGreaterThan(0);
    expect(test.events.length).toBeGreaterThan(shown);
    for (const { sliceIndex } of slices)
      expect(countPackedPixels((await maskOn(sliceIndex)) ?? expect.fail())).toBeGreaterThan(0);
    // What it was given still waits to be gone on from.
    expect(await standing()).toMatchObject({ given, changed: [givenSlice] });
  });

  it('leaves all as it was when it is cancelled and nothing is to be kept', async () => {
    const before = await test.engine.invoke('getSegmentation', { segmentationId });
    const walk = propagate({ jobId: 'dropped', keepsPartial: false });
    await test.waitFor((event) => event.kind === 'slicePropagated' && event.jobId === 'dropped');
    await test.engine.invoke('cancelJob', { jobId: 'dropped' });
    expect(await walk).toMatchObject({ cancelled: true, slices: [], segmentation: before });
    expect(await test.engine.invoke('getSegmentation', { segmentationId })).toEqual(before);
  });

  it('leaves a locked segment alone', async () => {
    await test.engine.invoke('changeSegment', {
      ...{ segmentationId, segmentNumber: 1, change: { locked: true } },
    });
    await expect(propagate()).rejects.toMatchObject({ code: 'session-state' });
  });
});
