import { randomUUID } from 'node:crypto';

import { expect } from 'vitest';

import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import type { PackedMask } from '../../../src/domain/mask.js';
import type { TestEngine } from './helpers.js';

/** A length of 5 mm, called "five", drawn on the third slice of the series as acquired. */
export async function drawFive({ engine }: TestEngine, seriesId: SeriesId): Promise<void> {
  const { volumes } = await engine.invoke('getSeries', { seriesId });
  const [x, y, z] = volumes[0]?.images[2]?.position ?? expect.fail();
  await engine.invoke('addMeasurement', {
    measurementId: randomUUID(),
    seriesId,
    phaseIndex: 0,
    kind: 'length',
    axis: 'acquired',
    sliceIndex: 2,
    points: [
      { x, y, z },
      { x: x + 3, y: y + 4, z },
    ],
    label: 'five',
  });
}

/** A new segmentation of the series, with one segment painted on one slice as acquired. */
export async function paintOne(
  { engine }: TestEngine,
  seriesId: SeriesId,
  painted: {
    readonly segmentationLabel: string;
    readonly segmentLabel: string;
    readonly slice: { readonly sliceIndex: number; readonly region: PackedMask };
  },
): Promise<SegmentationId> {
  const { segmentationLabel, segmentLabel, slice } = painted;
  const { segmentationId } = await engine.invoke('createSegmentation', {
    seriesId,
    phaseIndex: 0,
    segmentationLabel,
  });
  await engine.invoke('addSegment', { segmentationId, segmentLabel });
  await engine.invoke('paintSegment', {
    segmentationId,
    segmentNumber: 1,
    axis: 'acquired',
    mode: 'add',
    toolLabel: 'Brush',
    slices: [slice],
  });
  return segmentationId;
}
