import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { computeDice } from '../../../src/domain/metrics.js';
import type { Mask } from '../../../src/domain/mask.js';
import { createSegmenter } from '../../../src/engine/inference/segmenter.js';
import type { LoadedSegmenter } from '../../../src/engine/inference/segmenter.js';
import { maskOfRows } from '../../unit/domain/parity.js';
import { drawDisc, loadIbisClick, loadSegmenterParity } from './models.js';

const signal = new AbortController().signal;
const none = { clicks: [], box: null, scribbles: [] };

function discMask(
  width: number,
  height: number,
  disc: { readonly column: number; readonly row: number; readonly radius: number },
): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, p) => {
    const [column, row] = [p % width, Math.floor(p / width)];
    return (column - disc.column) ** 2 + (row - disc.row) ** 2 <= disc.radius ** 2 ? 1 : 0;
  });
  return { width, height, data };
}

const parity = loadSegmenterParity('ibis-click');

describe('the ibis-click segmenter', () => {
  let segmenter: LoadedSegmenter;
  beforeAll(async () => {
    segmenter = await createSegmenter({ model: await loadIbisClick(), cacheDir: null });
  });
  afterAll(async () => {
    await segmenter.close();
  });

  it('gives the masks and scores that Python gives with the same file, click after click', async () => {
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

  const small = { column: 700, row: 300, radius: 12 };
  const picture = drawDisc(1000, 640, small);
  const truth = discMask(1000, 640, small);
  const at = (column: number, row: number): { readonly x: number; readonly y: number } => ({
    x: (column + 0.5) / 1000,
    y: (row + 0.5) / 640,
  });

  it('outlines a small target in a large image from one click, by a second look', async () => {
    const clicks = [{ label: 'include' as const, normalised: at(700, 300) }];
    const reply = await segmenter.segment(picture, { ...none, clicks }, null, signal);
    expect(computeDice(reply.mask, truth)).toBeGreaterThan(0.9);
    expect(reply.lowResLogits).toHaveLength(256 * 256);
  });

  it('follows a box and a scribble without any click', async () => {
    const box = { topLeft: at(685, 285), bottomRight: at(715, 315) };
    const boxed = await segmenter.segment(picture, { ...none, box }, null, signal);
    expect(computeDice(boxed.mask, truth)).toBeGreaterThan(0.85);
    const line = [at(694, 300), at(706, 302)];
    const scribbles = [{ label: 'include' as const, points: line }];
    const drawn = await segmenter.segment(picture, { ...none, scribbles }, null, signal);
    expect(computeDice(drawn.mask, truth)).toBeGreaterThan(0.85);
  });

  it('goes on from a mask that a hand has drawn', async () => {
    const clicks = [{ label: 'include' as const, normalised: at(700, 300) }];
    const previous = segmenter.toLogits(truth);
    const reply = await segmenter.segment(picture, { ...none, clicks }, previous, signal);
    expect(computeDice(reply.mask, truth)).toBeGreaterThan(0.9);
  });

  it('has nothing to encode, and answers a cancel at once', async () => {
    await segmenter.encode(picture, signal);
    const controller = new AbortController();
    const clicks = [{ label: 'include' as const, normalised: at(700, 300) }];
    const asked = segmenter.segment(picture, { ...none, clicks }, null, controller.signal);
    controller.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    const after = await segmenter.segment(picture, { ...none, clicks }, null, signal);
    expect(computeDice(after.mask, truth)).toBeGreaterThan(0.9);
  });
});
