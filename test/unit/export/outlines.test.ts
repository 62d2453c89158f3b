import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { packMask } from '../../../src/domain/mask.js';
import type { Mask } from '../../../src/domain/mask.js';
import { traceOutlines } from '../../../src/engine/export/outlines.js';
import { rasteriseOutlines } from '../../../src/engine/import/rasterise.js';

const anyMask = fc
  .record({ width: fc.integer({ min: 1, max: 14 }), height: fc.integer({ min: 1, max: 14 }) })
  .chain(({ width, height }) =>
    fc
      .tuple(
        fc.array(fc.nat(99), { minLength: width * height, maxLength: width * height }),
        fc.constantFrom(10, 50, 85), // sparse, as likely as not, full of holes
      )
      .map(([values, percent]): Mask => ({
        width,
        height,
        data: Uint8Array.from(values, (value) => (value < percent ? 1 : 0)),
      })),
  );

const parse = (picture: string): Mask => {
  const rows = picture.trim().split(/\s+/);
  return {
    width: rows[0]?.length ?? 0,
    height: rows.length,
    data: Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 1 : 0)),
  };
};

/** Pixels that lie inside an odd number of outlines after they were moved a little, as rounding does. */
const redraw = (mask: Mask, nudge = 0): Mask | null =>
  rasteriseOutlines(
    traceOutlines(packMask(mask)).map((outline) =>
      outline.map(({ column, row }, n) => ({
        column: column + nudge * Math.sin(n * 7),
        row: row + nudge * Math.cos(n * 5),
      })),
    ),
    mask,
  );

describe('outlines of a mask', () => {
  it('enclose exactly its pixels’ centres, whatever the mask', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        expect(redraw(mask)?.data).toEqual(mask.data);
      }),
      { numRuns: 500 },
    );
  });

  it('do so also when their points are rounded', () => {
    fc.assert(
      fc.property(anyMask, (mask) => {
        expect(redraw(mask, 1e-5)?.data).toEqual(mask.data);
      }),
      { numRuns: 300 },
    );
  });

  it('are one for each part, holes joined to it by a keyhole, islands in a hole by themselves', () => {
    const ring = parse('##### #...# #.#.# #...# #####');
    expect(traceOutlines(packMask(ring))).toHaveLength(2);
    const holes = parse('####### #.#.#.# #######');
    expect(traceOutlines(packMask(holes))).toHaveLength(1);
    // A hole in an island in a hole belongs to the island.
    const nested = parse('####### #.....# #.###.# #.#.#.# #.###.# #.....# #######');
    const outlines = traceOutlines(packMask(nested));
    expect(outlines).toHaveLength(2);
    const alone = outlines.map((outline) => rasteriseOutlines([outline], nested)?.data ?? []);
    expect(alone[0]?.map((value, at) => value + (alone[1]?.[at] ?? 0))).toEqual(nested.data);
  });

  it('leave the points of straight lines out, and there are none of an empty mask', () => {
    const outlines = traceOutlines(packMask(parse('.... .##. .##. ....')));
    expect(outlines[0]).toHaveLength(8); // a square with its corners cut
    expect(traceOutlines(packMask(parse('... ...')))).toEqual([]);
  });
});

describe('outlines on an image', () => {
  it('that reach beyond it are told of, not cut', () => {
    const square = [
      { column: -2.5, row: 0.5 },
      { column: 1.5, row: 0.5 },
      { column: 1.5, row: 1.5 },
      { column: -2.5, row: 1.5 },
    ];
    expect(rasteriseOutlines([square], { width: 4, height: 4 })).toBeNull();
  });

  it('that lie so far off that no image reaches there are told of at once', () => {
    const far = [
      { column: 0, row: -1e300 },
      { column: 1e-9, row: 1e300 },
      { column: 0, row: 1e300 },
    ];
    expect(rasteriseOutlines([far], { width: 4, height: 4 })).toBeNull();
  });

  it('give a centre that lies on a line to the left and the upper edge', () => {
    const square = [
      { column: 1, row: 1 },
      { column: 3, row: 1 },
      { column: 3, row: 3 },
      { column: 1, row: 3 },
    ];
    expect(rasteriseOutlines([square], { width: 5, height: 5 })?.data).toEqual(
      parse('..... .##.. .##.. ..... .....').data,
    );
  });
});
