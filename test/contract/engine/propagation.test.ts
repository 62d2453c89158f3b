import { rmSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { MethodParams } from '../../../src/contract/channels.js';
import type { PropagationResult } from '../../../src/contract/propagationChannels.js';
import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import { countPackedPixels } from '../../../src/domain/packedBits.js';
import { unpackMask } from '../../../src/domain/mask.js';
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
      givenSlices: [givenSlice],
      ...more,
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

  it('refuses a changed slice that is not given', async () => {
    await expect(propagate({ changedSlices: [3] })).rejects.toMatchObject({ code: 'bad-message' });
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

  it('makes only what depends on a slice that says that the target is not there', async () => {
    await test.engine.invoke('undoSegmentation', { segmentationId });
    const { slices: before } = await propagate();
    const wall = givenSlice + 2;
    expect(before.some(({ sliceIndex }) => sliceIndex === wall)).toBe(true);
    const covered = await maskOn(wall);
    if (covered === null) throw new Error('the slice is empty already');
    await test.engine.invoke('paintSegment', {
      ...{ segmentationId, segmentNumber: 1, axis, mode: 'erase', toolLabel: 'Eraser' },
      slices: [{ sliceIndex: wall, region: covered }],
    });
    const again = await propagate({
      ...{ givenSlices: [givenSlice, wall], changedSlices: [wall] },
      before: before.map(({ sliceIndex, score, stemsFrom }) => ({ sliceIndex, score, stemsFrom })),
    });
    expect(again.slices).toEqual([]);
    const beyond = before.map(({ sliceIndex }) => sliceIndex).filter((index) => index > wall);
    expect(again.cleared).toEqual(beyond);
    for (const index of beyond) expect(await maskOn(index)).toBeNull();
    expect(await maskOn(wall - 1)).not.toBeNull();
  });

  it('keeps what was made when it is cancelled, and says so', async () => {
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
  });

  it('leaves a locked segment alone', async () => {
    await test.engine.invoke('changeSegment', {
      ...{ segmentationId, segmentNumber: 1, change: { locked: true } },
    });
    await expect(propagate()).rejects.toMatchObject({ code: 'session-state' });
  });
});
