import { describe, expect, it } from 'vitest';

import { createLivewire } from '../../../src/renderer/viewer/livewire.js';
import { findMiddleRange } from '../../../src/renderer/viewer/valueRange.js';

describe('the range of the values under a stroke', () => {
  it('is the middle of them, so that a few from beyond an edge do not count', () => {
    const values = Float32Array.from({ length: 200 }, (_, at) =>
      at < 3 ? -1000 : 100 + (at % 10),
    );
    expect(findMiddleRange(values, new Uint8Array(200).fill(1))).toEqual({
      lower: 100,
      upper: 109,
    });
  });
  it('is one value where the stroke covers one, and nothing where it covers none', () => {
    expect(findMiddleRange([5, 7, 9], [0, 1, 0])).toEqual({ lower: 7, upper: 7 });
    expect(findMiddleRange([5, 7, 9], [0, 0, 0])).toBeNull();
    expect(findMiddleRange([NaN], [1])).toBeNull();
  });
});

describe('a livewire', () => {
  it('goes along the edge of a square, and not straight through it', () => {
    const [width, height] = [40, 40];
    const pixels = Float32Array.from({ length: width * height }, (_, at) => {
      const [column, row] = [at % width, Math.floor(at / width)];
      return column >= 10 && column < 30 && row >= 10 && row < 30 ? 200 : 0;
    });
    const wire = createLivewire({ width, height, pixels, window: { centre: 100, width: 200 } });
    wire.from({ column: 10, row: 10 });
    const path = wire.pathTo({ column: 29, row: 29 });
    expect(path[0]).toEqual({ column: 10, row: 10 });
    expect(path.at(-1)).toEqual({ column: 29, row: 29 });
    const isAtEdge = ({ column, row }: { column: number; row: number }): boolean =>
      [column, row].some((x) => Math.abs(x - 9.5) <= 1.5 || Math.abs(x - 29.5) <= 1.5);
    expect(path.every(isAtEdge)).toBe(true);
    expect(path.length).toBeGreaterThan(30);
  });
  it('stays where it is while the pointer does', () => {
    const wire = createLivewire({
      width: 8,
      height: 8,
      pixels: new Float32Array(64),
      window: { centre: 0, width: 1 },
    });
    wire.from({ column: 3, row: 3 });
    expect(wire.pathTo({ column: 3.2, row: 2.9 })).toEqual([{ column: 3, row: 3 }]);
  });
});
