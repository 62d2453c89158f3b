import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { findRegionAt } from '../../../src/domain/floodFill.js';
import type { Mask } from '../../../src/domain/mask.js';

const [width, height] = [7, 6];
const masks: fc.Arbitrary<Mask> = fc
  .array(fc.constantFrom(0, 1, 1), { minLength: width * height, maxLength: width * height })
  .map((data) => ({ width, height, data: Uint8Array.from(data) }));

/** The same, one pixel further at a time until nothing is added. */
function spread({ data }: Mask, start: number): Uint8Array {
  const region = new Uint8Array(width * height);
  region[start] = 1;
  for (let grew = true; grew;) {
    grew = false;
    for (let at = 0; at < data.length; at++) {
      if (region[at] === 1 || data[at] !== 1) continue;
      const column = at % width;
      const near = [
        at - width,
        at + width,
        ...(column > 0 ? [at - 1] : []),
        ...(column < width - 1 ? [at + 1] : []),
      ];
      if (!near.some((other) => region[other] === 1)) continue;
      region[at] = 1;
      grew = true;
    }
  }
  return region;
}

describe('the region at a place', () => {
  it('is what hangs together with it by sides, and nothing where the mask is not', () => {
    fc.assert(
      fc.property(masks, fc.nat(width * height - 1), (mask, start) => {
        const found = findRegionAt(mask, {
          column: start % width,
          row: Math.floor(start / width),
        });
        if (mask.data[start] === 1) expect(found?.data).toEqual(spread(mask, start));
        else expect(found).toBeNull();
      }),
    );
  });

  it('is none outside the image', () => {
    const full = { width: 2, height: 2, data: new Uint8Array(4).fill(1) };
    expect(findRegionAt(full, { column: -1, row: 0 })).toBeNull();
    expect(findRegionAt(full, { column: 0, row: 2 })).toBeNull();
  });
});
