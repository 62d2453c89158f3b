import { describe, expect, it } from 'vitest';

import { createSegmenter } from '../../../src/engine/inference/segmenter.js';
import { startWorkerHost } from '../../../src/engine/inference/workerHost.js';
import { drawDisc, loadMinisam } from './models.js';

const signal = new AbortController().signal;
const click = {
  clicks: [{ label: 'include' as const, normalised: { x: 0.4, y: 0.4 } }],
  box: null,
  scribbles: [],
};

describe('an inference worker', () => {
  it('leaves the event loop free while the encoder runs', async () => {
    const segmenter = await createSegmenter({ model: await loadMinisam(), cacheDir: null });
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const begun = performance.now();
    await segmenter.encode(drawDisc(64, 64, { column: 30, row: 30, radius: 9 }), signal);
    const encodeMs = performance.now() - begun;
    clearInterval(timer);
    await segmenter.close();
    expect(encodeMs).toBeGreaterThan(200);
    expect(longest).toBeLessThan(encodeMs / 2);
  });

  it('tells those who wait that it was closed, and those who come later', async () => {
    const segmenter = await createSegmenter({ model: await loadMinisam(), cacheDir: null });
    const slices = [30, 31, 32].map((size) => drawDisc(size, 30, { column: 9, row: 9, radius: 5 }));
    const pending = slices.map((slice) => segmenter.encode(slice, signal));
    const settled = Promise.allSettled(pending);
    await segmenter.close();
    expect((await settled).slice(1)).toMatchObject([
      { status: 'rejected', reason: { code: 'model-failed', message: 'The model was closed.' } },
      { status: 'rejected', reason: { code: 'model-failed' } },
    ]);
    await expect(
      segmenter.segment(drawDisc(30, 30, { column: 9, row: 9, radius: 5 }), click, null, signal),
    ).rejects.toMatchObject({ code: 'model-failed' });
    await expect(segmenter.close()).resolves.toBeUndefined();
  });

  it('reports a fault of the model with a code and goes on', async () => {
    const host = startWorkerHost();
    const slice = drawDisc(30, 30, { column: 9, row: 9, radius: 5 });
    await expect(host.call({ kind: 'encode', slice })).rejects.toMatchObject({
      code: 'model-failed',
    });
    await expect(host.call({ kind: 'encode', slice })).rejects.toMatchObject({
      code: 'model-failed',
    });
    await host.close();
  });

  it('does not begin what was cancelled before', async () => {
    const host = startWorkerHost();
    const controller = new AbortController();
    controller.abort();
    const slice = drawDisc(30, 30, { column: 9, row: 9, radius: 5 });
    await expect(
      host.call({ kind: 'encode', slice }, { signal: controller.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await host.close();
  });
});
