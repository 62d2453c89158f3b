import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { computeBrushRadii, paintStroke } from '../../../src/domain/brush.js';
import { countMaskPixels, emptyMask } from '../../../src/domain/mask.js';

const paint = (
  sizePx: number,
  from: readonly [number, number],
  to: readonly [number, number] = from,
) => {
  const mask = emptyMask(20, 16);
  const [point, next] = [from, to].map(([column, row]) => ({ column, row }));
  if (point === undefined || next === undefined) throw new Error('a stroke needs a place');
  const rect = paintStroke(mask, point, next, computeBrushRadii(sizePx, [1, 1]));
  const pixels = [...mask.data].flatMap((value, p) =>
    value === 1 ? [`${String(p % 20)},${String(Math.floor(p / 20))}`] : [],
  );
  return { mask, rect, pixels };
};

describe('a brush', () => {
  it('of one pixel paints the pixel under the pointer, wherever in it the pointer is', () => {
    for (const offset of [-0.49, 0, 0.3, 0.49])
      expect(paint(1, [5 + offset, 7 - offset]).pixels).toEqual(['5,7']);
  });

  it('of two and three pixels paints squares without and with a middle', () => {
    expect(paint(2, [5.2, 7.4]).pixels).toEqual(['5,7', '6,7', '5,8', '6,8']);
    expect(paint(3, [5.2, 7.4]).pixels).toHaveLength(9);
  });

  it('paints a disc of its size', () => {
    const { mask } = paint(9, [10, 8]);
    expect(Math.abs(countMaskPixels(mask) - Math.PI * 4.5 ** 2)).toBeLessThan(9);
  });

  it('leaves no gap, however fast the pointer is', () => {
    const place = fc.tuple(
      fc.double({ min: -3, max: 22, noNaN: true }),
      fc.double({ min: -3, max: 18, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), place, place, (size, from, to) => {
        const whole = new Set(paint(size, from, to).pixels);
        // Every place on the way is painted by the whole stroke too.
        for (const share of [0, 0.21, 0.5, 0.77, 1]) {
          const [c, r] = [0, 1].map((n) => {
            const [a, b] = [from[n] ?? 0, to[n] ?? 0];
            // Between the snapped ends, as the stroke itself goes.
            const snap = (v: number) => (size % 2 === 1 ? Math.round(v) : Math.floor(v) + 0.5);
            return Math.round(snap(a) + share * (snap(b) - snap(a)));
          });
          if (c === undefined || r === undefined || c < 0 || r < 0 || c > 19 || r > 15) continue;
          if (size > 1) expect(whole.has(`${String(c)},${String(r)}`)).toBe(true);
        }
      }),
    );
  });

  it('says where it has been, and that it was outside', () => {
    const { rect, mask } = paint(5, [1, 2], [6, 2]);
    expect(rect).toEqual({ left: 0, top: 0, right: 8, bottom: 4 });
    expect(countMaskPixels(mask)).toBeGreaterThan(30);
    expect(paint(5, [40, 40]).rect).toBeNull();
  });

  it('is round in mm on pixels that are not square', () => {
    const radii = computeBrushRadii(10, [0.5, 2]);
    expect(radii).toEqual({ column: 5, row: 1.25 });
    expect(computeBrushRadii(1, [0.5, 2])).toEqual({ column: 0.5, row: 0.5 });
  });
});
