import { describe, expect, it } from 'vitest';

import { emptyMask } from '../../../src/domain/mask.js';
import { computeMaskLogits } from '../../../src/engine/inference/maskLogits.js';

const settings = { kind: 'sam' as const, segmenter: { inputSizePx: 64, lowResSizePx: 16 } };

describe('the logits of a mask that a hand has drawn', () => {
  it('are sure inside and outside, with the image in the corner of the frame', () => {
    const mask = emptyMask(100, 50); // the lower half of the frame lies beyond the image
    for (let row = 0; row < 25; row++) mask.data.fill(1, row * 100, row * 100 + 50);
    const logits = computeMaskLogits(mask, settings);
    expect(logits).toHaveLength(256);
    const at = (column: number, row: number) => logits[row * 16 + column];
    expect(at(1, 1)).toBe(20);
    expect(at(14, 1)).toBe(-20);
    expect(at(1, 6)).toBe(-20);
    expect(at(1, 12)).toBe(-20); // beyond the image
  });

  it('cross zero where the mask ends, also between two cells', () => {
    for (const edge of [40, 43, 46, 49]) {
      const mask = emptyMask(100, 100);
      for (let row = 0; row < 100; row++) mask.data.fill(1, row * 100, row * 100 + edge);
      const row = [...computeMaskLogits(mask, settings)].slice(8 * 16, 9 * 16);
      const last = row.findLastIndex((value) => value > 0);
      const [inside = 0, outside = 0] = row.slice(last, last + 2);
      // Of the straight line between the two cells.
      const crossing = last + 0.5 + inside / (inside - outside);
      expect(Math.abs((crossing * 100) / 16 - edge)).toBeLessThan(2);
    }
  });

  it('are of a mask larger than the grid and of one smaller than it alike', () => {
    for (const size of [8, 300]) {
      const mask = emptyMask(size, size);
      for (let row = 0; row < size / 2; row++) mask.data.fill(1, row * size, (row + 1) * size);
      const logits = computeMaskLogits(mask, settings);
      expect(logits[2 * 16 + 8]).toBe(20);
      expect(logits[13 * 16 + 8]).toBe(-20);
    }
  });

  it('are no surer for a click net than the logits that it was taught with', () => {
    const mask = emptyMask(16, 16);
    mask.data.fill(1, 0, 128);
    const net = { kind: 'click-net' as const, segmenter: { inputSizePx: 16, lowResSizePx: 16 } };
    const logits = computeMaskLogits(mask, net);
    expect(logits[2 * 16 + 8]).toBe(6);
    expect(logits[13 * 16 + 8]).toBe(-6);
  });
});
