import { rmSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SegmentationId } from '../../../src/domain/brand.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import type { SlicePlane } from '../../../src/domain/plane.js';
import { makeDataDir, openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';

const axis = 'axial';
const segmentNumber = 1;

describe('the surface of a segment of the demo study', () => {
  const dataDir = makeDataDir();
  let test: TestEngine;
  let segmentationId: SegmentationId;
  let plane: SlicePlane;
  const ask = (knownId: string | null = null) =>
    test.engine.invoke('computeSegmentSurface', { segmentationId, segmentNumber, knownId });
  const paint = async (sliceIndex: number): Promise<void> => {
    const { masks } = await test.engine.invoke('getSegmentMasks', {
      ...{ segmentationId, axis, sliceIndex },
    });
    expect(masks).toEqual([]);
    const mask = emptyMask(plane.width, plane.height);
    for (let row = 80; row < 90; row++)
      mask.data.fill(1, row * mask.width + 60, row * mask.width + 70);
    await test.engine.invoke('paintSegment', {
      ...{ segmentationId, segmentNumber, axis, mode: 'add', toolLabel: 'Brush' },
      slices: [{ sliceIndex, region: packMask(mask) }],
    });
  };
  /** mm along the patient's axes, from the least point to the greatest. */
  const measure = (points: Float32Array): number[] =>
    [0, 1, 2].map((side) => {
      const values = [...points].filter((_, at) => at % 3 === side);
      return Math.max(...values) - Math.min(...values);
    });

  beforeAll(async () => {
    test = await openTestEngine({ dataDir });
    const demo = await test.engine.invoke('openDemoStudy', {});
    if (demo.seriesId === null) throw new Error('the demo study holds a series');
    const { seriesId } = demo;
    const geometry = (await test.engine.invoke('getSeries', { seriesId })).volumes[0]?.geometry;
    if (geometry == null) throw new Error('the demo study is a volume');
    plane = computeSlicePlane(geometry, axis);
    ({ segmentationId } = await test.engine.invoke('createSegmentation', {
      ...{ seriesId, phaseIndex: 0, segmentationLabel: 'Block' },
    }));
    await test.engine.invoke('addSegment', { segmentationId, segmentLabel: 'Block' });
  });
  afterAll(async () => {
    await test.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('has nothing before anything is drawn', async () => {
    expect((await ask())?.triangles).toHaveLength(0);
  });

  it('comes from a thread, grows with the segment, and is not sent again while it holds', async () => {
    await paint(60);
    const slab = await ask();
    if (slab === null) throw new Error('nobody had it yet');
    expect(slab.triangles.length).toBeGreaterThan(0);
    expect(slab.normals).toHaveLength(slab.points.length);
    expect(Math.max(...slab.triangles)).toBeLessThan(slab.points.length / 3);
    expect(await ask(slab.surfaceId)).toBeNull();
    await paint(61);
    await paint(62);
    const block = await ask(slab.surfaceId);
    if (block === null) throw new Error('the segment has changed');
    const [, , before = NaN] = measure(slab.points);
    const [width = NaN, depth = NaN, height = NaN] = measure(block.points);
    expect(height).toBeGreaterThan(before);
    // Voxels of 1 mm: smoothing takes a little off the edges of the block.
    for (const size of [width, depth]) {
      expect(size).toBeGreaterThan(8.5);
      expect(size).toBeLessThan(10.5);
    }
    await test.engine.invoke('undoSegmentation', { segmentationId });
    await test.engine.invoke('undoSegmentation', { segmentationId });
    expect((await ask(block.surfaceId))?.points).toEqual(slab.points);
  });

  it('is refused for a segment that is not there', async () => {
    await expect(
      test.engine.invoke('computeSegmentSurface', { segmentationId, segmentNumber: 9 }),
    ).rejects.toMatchObject({ code: 'not-found' });
  });
});
