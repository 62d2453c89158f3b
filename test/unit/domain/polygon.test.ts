import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { countMaskPixels, uniteMasks } from '../../../src/domain/mask.js';
import type { ImagePoint } from '../../../src/domain/plane.js';
import { rasterisePolygon } from '../../../src/domain/polygon.js';

const point = (column: number, row: number): ImagePoint => ({ column, row });
const show = (outline: readonly ImagePoint[], width: number, height: number): string[] => {
  const { data } = rasterisePolygon(outline, { width, height });
  return Array.from({ length: height }, (_, row) =>
    [...data.subarray(row * width, (row + 1) * width)].map((v) => (v === 1 ? '#' : '.')).join(''),
  );
};
const side = fc.double({ min: -3, max: 13, noNaN: true });
const anyPoint = fc.record({ column: side, row: side });

describe('A lasso', () => {
  it('takes the pixels whose middles it goes around', () => {
    const diamond = [point(2, -0.1), point(4.1, 2), point(2, 4.1), point(-0.1, 2)];
    expect(show(diamond, 5, 5)).toEqual(['..#..', '.###.', '#####', '.###.', '..#..']);
  });

  it('may run out of the image', () => {
    const wide = [point(-9, -9), point(30, -9), point(30, 1.5), point(-9, 1.5)];
    expect(show(wide, 3, 3)).toEqual(['###', '###', '...']);
  });

  it('takes both loops where it crosses itself, and what it goes around twice', () => {
    const eight = [point(-0.5, -0.5), point(5.5, 4.5), point(5.5, -0.5), point(-0.5, 4.5)];
    expect(show(eight, 6, 5)).toEqual(['#....#', '##..##', '######', '##..##', '#....#']);
    const square = [point(-0.5, -0.5), point(2.5, -0.5), point(2.5, 2.5), point(-0.5, 2.5)];
    expect(show([...square, ...square], 3, 3)).toEqual(['###', '###', '###']);
  });

  it('takes nothing without an area', () => {
    expect(show([], 2, 1)).toEqual(['..']);
    expect(show([point(0, 0), point(1, 0)], 2, 1)).toEqual(['..']);
  });

  it('gives each pixel to one side of a cut, also one through the middles of pixels', () => {
    const onGrid = fc.record({
      column: fc.integer({ min: 0, max: 10 }),
      row: fc.integer({ min: 0, max: 10 }),
    });
    fc.assert(
      fc.property(fc.oneof(onGrid, anyPoint), fc.oneof(onGrid, anyPoint), (a, b) => {
        // Both halves of a square that the straight way over two points inside it cuts.
        const corners = [point(-1, -1), point(11, -1), point(11, 11), point(-1, 11)];
        const size = { width: 11, height: 11 };
        const [first, second, third, fourth] = corners;
        if (!first || !second || !third || !fourth) return;
        const left = rasterisePolygon([first, a, b, third, fourth], size);
        const right = rasterisePolygon([first, second, third, b, a], size);
        fc.pre(isInside(a) && isInside(b) && isSimple(first, a, b, third));
        expect(countMaskPixels(uniteMasks(left, right))).toBe(121);
        expect(countMaskPixels(left) + countMaskPixels(right)).toBe(121);
      }),
    );
  });
});

const isInside = ({ column, row }: ImagePoint): boolean =>
  column > -1 && column < 11 && row > -1 && row < 11;
/** Whether the way from corner to corner over a and b goes down and to the right all along. */
const isSimple = (...way: readonly ImagePoint[]): boolean =>
  way.every(({ column, row }, n) => {
    const before = way[n - 1];
    return before === undefined || (column >= before.column && row >= before.row);
  });
