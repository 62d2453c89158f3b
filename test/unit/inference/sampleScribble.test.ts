import { describe, expect, it } from 'vitest';

import { sampleScribble } from '../../../src/engine/inference/sampleScribble.js';

const square = { width: 320, height: 320 };

describe('a scribble, sampled for a segmenter that knows clicks only', () => {
  it('becomes clicks at even distances along the line, round its corners', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 0.1, y: 0 },
      { x: 0.1, y: 0.025 },
      { x: 0.1, y: 0.15 },
    ];
    const clicks = sampleScribble(square, { label: 'exclude', points });
    expect(clicks.map(({ label }) => label)).toEqual(Array(4).fill('exclude'));
    // 0.25 long, four stretches of 0.0625
    const expected = [
      [0.03125, 0],
      [0.09375, 0],
      [0.1, 0.05625],
      [0.1, 0.11875],
    ];
    for (const [index, [x = 0, y = 0]] of expected.entries()) {
      expect(clicks[index]?.normalised.x).toBeCloseTo(x, 9);
      expect(clicks[index]?.normalised.y).toBeCloseTo(y, 9);
    }
  });

  it('measures in pixels: a line across a wide image gets more clicks than the same share of its height', () => {
    const across = (wide: boolean) => [
      { x: 0.1, y: 0.1 },
      wide ? { x: 0.5, y: 0.1 } : { x: 0.1, y: 0.5 },
    ];
    const wideImage = { width: 400, height: 100 };
    const label = 'include' as const;
    expect(sampleScribble(wideImage, { label, points: across(true) })).toHaveLength(7);
    expect(sampleScribble(wideImage, { label, points: across(false) })).toHaveLength(2);
  });

  it('has a bounded number of clicks, however long the line', () => {
    const points = Array.from({ length: 500 }, (_, n) => ({ x: n % 2, y: n / 500 }));
    expect(sampleScribble(square, { label: 'include', points })).toHaveLength(8);
  });

  it('is one click where the line is a dot', () => {
    const dot = { x: 0.3, y: 0.7 };
    expect(sampleScribble(square, { label: 'include', points: [dot] })).toEqual([
      { label: 'include', normalised: dot },
    ]);
    expect(sampleScribble(square, { label: 'include', points: [dot, dot] })).toEqual([
      { label: 'include', normalised: dot },
    ]);
  });
});
