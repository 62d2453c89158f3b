import path from 'node:path';

import { expect, test } from '@playwright/test';

import { countMaskPixels } from '../../src/domain/mask.js';
import type { Mask } from '../../src/domain/mask.js';
import { computeSlicePlane } from '../../src/domain/plane.js';
import type { Volume } from '../../src/domain/study.js';
import { renderSliceImage } from '../../src/engine/agent/sliceImage.js';
import { getSegmenterModel, loadModels } from '../../src/engine/inference/models.js';
import { createSegmenter } from '../../src/engine/inference/segmenter.js';
import { measuredLimits, noLimits } from '../../src/engine/propagation/limits.js';
import { propagate } from '../../src/engine/propagation/propagate.js';
import type { PropagatedSlice, PropagationRequest } from '../../src/engine/propagation/types.js';
import { repoRoot } from '../e2e/support/launch.js';
import { record } from './support/results.js';

const [sizePx, sliceCount] = [512, 300];
const givenSlice = 150;
const correctedSlice = 280;

/** Radius of an organ that lies in all slices, and its middle, which wanders. */
const shapeAt = (k: number) => ({
  x: 230 + 30 * Math.sin(k / 60),
  y: 256 + 20 * Math.cos(k / 45),
  radius: 70 + 20 * Math.sin(k / 40),
});

/** A CT in Hounsfield units: an organ in soft tissue, with noise. int16 [300, 512, 512] */
function makeCt(): Volume {
  const data = new Int16Array(sizePx * sizePx * sliceCount);
  let state = 1;
  for (let k = 0, at = 0; k < sliceCount; k += 1) {
    const { x, y, radius } = shapeAt(k);
    for (let row = 0; row < sizePx; row += 1)
      for (let column = 0; column < sizePx; column += 1, at += 1) {
        state = (state * 1_664_525 + 1_013_904_223) >>> 0; // Numerical Recipes' generator
        const isInside = (column - x) ** 2 + (row - y) ** 2 < radius ** 2;
        data[at] = (isInside ? 140 : 20) + (state >>> 26);
      }
  }
  return {
    geometry: {
      dimensions: [sizePx, sizePx, sliceCount],
      spacingMm: [0.7, 0.7, 1],
      origin: [0, 0, 0],
      direction: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      orientationKnown: true,
    },
    data,
    samplesPerPixel: 1,
    photometric: 'MONOCHROME2',
    window: { centre: 90, width: 300 },
    paddingRange: null,
  };
}

test('one slice is propagated through a CT of 300 slices', async () => {
  const volume = makeCt();
  const plane = computeSlicePlane(volume.geometry, 'axial');
  const window = volume.window ?? { centre: 90, width: 300 };
  const models = await loadModels([path.join(repoRoot, 'resources', 'models')]);
  const model = getSegmenterModel(models, 'ibis-click');
  const segmenter = await createSegmenter({ model, cacheDir: null });
  const controller = new AbortController();
  const { signal } = controller;
  const { x, y, radius } = shapeAt(givenSlice);
  const given: Mask = {
    width: sizePx,
    height: sizePx,
    data: Uint8Array.from({ length: sizePx * sizePx }, (_, at) =>
      ((at % sizePx) - x) ** 2 + (Math.floor(at / sizePx) - y) ** 2 < radius ** 2 ? 1 : 0,
    ),
  };
  const run = (stop: AbortSignal, again: Partial<PropagationRequest> = {}) =>
    propagate({
      slices: {
        count: sliceCount,
        distancePx: 1 / 0.7, // mm over mm
        load: (sliceIndex) => Promise.resolve(renderSliceImage(volume, plane, sliceIndex, window)),
      },
      segmenter,
      given: new Map([[givenSlice, given]]),
      direction: 'both',
      changed: null,
      before: new Map(),
      // Every slice is to be timed: nothing ends it.
      limits: {
        ...measuredLimits,
        end: noLimits,
      },
      signal: stop,
      ...again,
    });
  const clicks = [{ label: 'include' as const, normalised: { x: x / sizePx, y: y / sizePx } }];
  const image = renderSliceImage(volume, plane, givenSlice, window);
  await segmenter.segment(image, { clicks, box: null, scribbles: [] }, null, signal); // allocates

  const begunMs = performance.now();
  let neighboursMs = 0;
  const made = new Map<number, PropagatedSlice>();
  for await (const event of run(signal)) {
    if (event.kind !== 'slice') continue;
    made.set(event.sliceIndex, event);
    expect(countMaskPixels(event.mask)).toBeGreaterThan(1000);
    if (made.size === 2) neighboursMs = performance.now() - begunMs;
  }
  const wholeMs = performance.now() - begunMs;
  expect(made.size).toBe(sliceCount - 1);

  // One slice is corrected: only what depends on it is made again.
  const mask = made.get(correctedSlice)?.mask;
  if (mask === undefined) throw new Error('the slice was not made');
  made.delete(correctedSlice);
  const againMs = performance.now();
  let remade = 0;
  for await (const event of run(signal, {
    given: new Map([
      [givenSlice, given],
      [correctedSlice, mask],
    ]),
    changed: [correctedSlice],
    before: made,
  }))
    if (event.kind === 'slice') remade += 1;
  const rerunMs = performance.now() - againMs;
  expect(remade).toBeGreaterThanOrEqual(sliceCount - 1 - correctedSlice);

  // Cancelled in the midst of a slice: how long until it is over.
  const stop = new AbortController();
  let abortedMs = 0;
  await expect(
    (async () => {
      for await (const event of run(stop.signal))
        if (event.kind === 'slice' && abortedMs === 0)
          setTimeout(() => {
            abortedMs = performance.now();
            stop.abort();
          }, 5);
    })(),
  ).rejects.toThrow();
  const cancelMs = performance.now() - abortedMs;
  await segmenter.close();
  record(
    {
      name: 'propagation, 512 x 512 x 300 CT, first neighbours',
      value: neighboursMs,
      unit: 'ms',
      target: 1000,
    },
    {
      name: 'propagation, 512 x 512 x 300 CT, whole',
      value: wholeMs / 1000,
      unit: 's',
      target: 60,
      note: 'one axial slice given, 299 made',
    },
    { name: 'propagation, a slice', value: wholeMs / (sliceCount - 1), unit: 'ms' },
    {
      name: 'propagation, one corrected slice gone on from',
      value: rerunMs / 1000,
      unit: 's',
      note: `slice ${String(correctedSlice + 1)} of ${String(sliceCount)}; ${String(remade)} made again`,
    },
    { name: 'propagation, whole / gone on from it', value: wholeMs / rerunMs, unit: 'times' },
    { name: 'propagation, cancel to end', value: cancelMs, unit: 'ms' },
  );
});
