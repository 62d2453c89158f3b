import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import type { MethodParams } from '../../../src/contract/channels.js';
import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import { countPackedPixels } from '../../../src/domain/packedBits.js';
import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import type { Segmentation } from '../../../src/domain/segmentation.js';
import { openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';

type Tool = MethodParams<'applySegmentTool'>['tool'];
type Corners = readonly [left: number, top: number, right: number, bottom: number];

describe('applySegmentTool', () => {
  let test: TestEngine;
  let seriesId: SeriesId;
  let geometry: VolumeGeometry;
  let segmentationId: SegmentationId;

  beforeAll(async () => {
    test = await openTestEngine();
    const demo = await test.engine.invoke('openDemoStudy', {});
    if (demo.seriesId === null) throw new Error('the demo study holds a series');
    ({ seriesId } = demo);
    const info = (await test.engine.invoke('getSeries', { seriesId })).volumes[0];
    if (info?.geometry == null) throw new Error('the demo series is a volume');
    ({ geometry } = info);
  });
  afterAll(() => test.close());
  beforeEach(async () => {
    const made = await test.engine.invoke('createSegmentation', {
      seriesId,
      phaseIndex: 0,
      segmentationLabel: 'Tools',
    });
    ({ segmentationId } = made);
    for (const segmentLabel of ['Lesion', 'Oedema'])
      await test.engine.invoke('addSegment', { segmentationId, segmentLabel });
  });

  const apply = (tool: Tool, segmentNumber = 1, jobId = 'tool'): Promise<Segmentation> =>
    test.engine.invoke('applySegmentTool', { segmentationId, segmentNumber, tool, jobId });
  const paint = (
    segmentNumber: number,
    sliceIndex: number,
    corners: Corners,
    range: { lower: number; upper: number } | null = null,
  ) => {
    const [width, height] = geometry.dimensions;
    const [left, top, right, bottom] = corners;
    const mask = emptyMask(width, height);
    for (let row = top; row <= bottom; row++)
      mask.data.fill(1, row * width + left, row * width + right + 1);
    return test.engine.invoke('paintSegment', {
      segmentationId,
      segmentNumber,
      axis: 'acquired',
      mode: 'add',
      toolLabel: 'Brush',
      range,
      slices: [{ sliceIndex, region: packMask(mask) }],
    });
  };
  const countOn = async (sliceIndex: number, segmentNumber = 1): Promise<number> => {
    const { masks } = await test.engine.invoke('getSegmentMasks', {
      segmentationId,
      axis: 'acquired',
      sliceIndex,
    });
    const shown = masks.find((one) => one.segmentNumber === segmentNumber);
    return shown === undefined ? 0 : countPackedPixels(shown.mask);
  };

  it('grows a segment by mm under its name, as one act that can be undone', async () => {
    await paint(1, 5, [20, 20, 20, 20]);
    const [mm] = geometry.spacingMm;
    const grown = await apply({ kind: 'grow', radiiMm: [2 * mm, 0, 0] });
    expect(grown).toMatchObject({ undoLabel: 'Grow on Lesion' });
    expect(grown.segments[0]?.source).toBe('semiautomatic');
    expect(await countOn(5)).toBe(5);
    await test.engine.invoke('undoSegmentation', { segmentationId });
    expect(await countOn(5)).toBe(1);
    expect(test.events).toContainEqual({
      kind: 'jobProgressed',
      jobId: 'tool',
      label: 'Grow on Lesion',
      done: expect.any(Number) as number,
      total: 100,
    });
  });

  it("goes by the volume's values, of one slice or of all", async () => {
    const everything = { lower: -1e9, upper: 1e9 };
    const slice = { kind: 'slice' as const, axis: 'acquired' as const, sliceIndex: 5 };
    await apply({ kind: 'threshold', range: everything, region: slice, combination: 'replace' });
    const [width, height] = geometry.dimensions;
    expect(await countOn(5)).toBe(width * height);
    expect(await countOn(6)).toBe(0);
    const seed = { i: 3, j: 4, k: 6 };
    const criterion = { kind: 'range' as const, range: everything };
    const region = { kind: 'volume' as const };
    await apply({ kind: 'grow-region', seed, criterion, region, combination: 'add' });
    expect(await countOn(6)).toBe(width * height);
  });

  it('paints with the brush only where the values are in a range', async () => {
    const [width, height] = geometry.dimensions;
    const all = [0, 0, width - 1, height - 1] as const;
    await paint(1, 5, all, { lower: -1e9, upper: 100 });
    await paint(2, 5, all, { lower: 100.5, upper: 1e9 });
    const [low, high] = [await countOn(5, 1), await countOn(5, 2)];
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(0);
    expect(low + high).toBe(width * height); // the values are whole numbers
    // The very voxels that a threshold finds.
    const slice = { kind: 'slice' as const, axis: 'acquired' as const, sliceIndex: 5 };
    const range = { lower: -1e9, upper: 100 };
    const { revision } = await test.engine.invoke('getSegmentation', { segmentationId });
    const same = await apply({ kind: 'threshold', range, region: slice, combination: 'replace' });
    expect(same.revision).toBe(revision);
  });

  it('makes segments of islands that are split off, with the codes of the first', async () => {
    await paint(1, 5, [10, 10, 14, 14]);
    await paint(1, 5, [20, 20, 22, 22]);
    await paint(1, 9, [20, 20, 20, 21]);
    const { segments, undoLabel } = await apply({ kind: 'split-islands' });
    expect(undoLabel).toBe('Split islands on Lesion');
    expect(segments.map(({ segmentLabel }) => segmentLabel)).toEqual([
      'Lesion',
      'Oedema',
      'Lesion 2',
      'Lesion 3',
    ]);
    expect(segments[2]?.type).toEqual(segments[0]?.type);
    expect(new Set(segments.map(({ colour }) => colour)).size).toBe(4);
    expect([await countOn(5, 1), await countOn(5, 3), await countOn(9, 4)]).toEqual([25, 9, 2]);
    const before = await test.engine.invoke('undoSegmentation', { segmentationId });
    expect(before.segments).toHaveLength(2);
    expect(await countOn(5, 1)).toBe(34);
  });

  it('smooths two neighbours in one act, each taking from the other', async () => {
    for (const slice of [4, 5, 6, 7, 8]) {
      await paint(1, slice, [10, 10, 20, 30]);
      await paint(2, slice, [21, 10, 31, 30]);
    }
    await paint(1, 6, [21, 20, 22, 20]); // a tooth of the first into the second
    expect(await countOn(6, 1)).toBe(11 * 21 + 2);
    const after = await apply({
      kind: 'smooth-jointly',
      segmentNumbers: [1, 2],
      deviationMm: geometry.spacingMm[0],
    });
    expect(after.undoLabel).toBe('Joint smoothing on 2 segments');
    expect(await countOn(6, 1)).toBe(await countOn(6, 2));
    await test.engine.invoke('undoSegmentation', { segmentationId });
    expect(await countOn(6, 1)).toBe(11 * 21 + 2);
  });

  it('makes no act of a tool that changes nothing', async () => {
    const { revision } = await paint(1, 5, [10, 10, 14, 14]);
    expect((await apply({ kind: 'keep-largest-island' })).revision).toBe(revision);
  });

  it('refuses a locked segment, one that is not there, and what the tool cannot do', async () => {
    await paint(1, 5, [10, 10, 14, 14]);
    const voxel = { i: 0, j: 0, k: 0 };
    await expect(apply({ kind: 'keep-island', voxel })).rejects.toMatchObject({
      code: 'not-found',
      message: 'The segment has nothing at this place. Click inside one of its parts.',
    });
    await expect(apply({ kind: 'unite', other: 77 })).rejects.toMatchObject({ code: 'not-found' });
    const change = { locked: true };
    await test.engine.invoke('changeSegment', { segmentationId, segmentNumber: 1, change });
    await expect(apply({ kind: 'keep-largest-island' })).rejects.toMatchObject({
      code: 'session-state',
      message: '"Lesion" is locked. Unlock it to change it.',
    });
  });

  it('changes nothing when it is cancelled, or when the segment changed meanwhile', async () => {
    await paint(1, 5, [10, 10, 14, 14]);
    const { revision } = await paint(1, 9, [10, 10, 14, 14]);
    const cancelled = apply({ kind: 'interpolate-slices', axis: 'acquired' }, 1, 'to-cancel');
    const refusal = expect(cancelled).rejects.toMatchObject({ code: 'cancelled' });
    await test.engine.invoke('cancelJob', { jobId: 'to-cancel' });
    await refusal;
    const now = await test.engine.invoke('getSegmentation', { segmentationId });
    expect(now.revision).toBe(revision);

    const late = apply({ kind: 'interpolate-slices', axis: 'acquired' });
    const refused = expect(late).rejects.toMatchObject({
      code: 'session-state',
      message: 'The segment was changed while the tool was at work. Use the tool once more.',
    });
    await paint(1, 5, [40, 40, 41, 41]);
    await refused;
    expect(await countOn(7)).toBe(0);
    await apply({ kind: 'interpolate-slices', axis: 'acquired' });
    expect(await countOn(7)).toBeGreaterThan(0);
  });
});
