import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { computeSquaredDistances } from '../../../src/engine/tools/distance.js';
import { anyBlock, anySpacing, blockOf, placeOf, squaredMm } from './blocks.js';

describe('The distance transform', () => {
  it('gives the distance in mm to the nearest voxel on any spacing, as trying them all does', () => {
    fc.assert(
      fc.property(anyBlock(), anySpacing, fc.constantFrom(0, 1), (block, spacing, target) => {
        const squared = computeSquaredDistances(block, spacing, target);
        const targets = [...block.data.keys()].filter((at) => block.data[at] === target);
        for (const at of block.data.keys()) {
          const place = placeOf(block, at);
          const nearest = Math.min(
            ...targets.map((other) => squaredMm(place, placeOf(block, other), spacing)),
          );
          if (nearest === Infinity) expect(squared[at]).toBe(Infinity);
          else expect(Math.abs((squared[at] ?? NaN) - nearest)).toBeLessThan(1e-4 * (1 + nearest));
        }
      }),
    );
  });

  it('gives the same up to a limit, and nothing beyond', () => {
    const anyLimit = fc.double({ min: 0.1, max: 8, noNaN: true });
    fc.assert(
      fc.property(anyBlock(), anySpacing, anyLimit, (block, spacing, limitMm) => {
        const squared = computeSquaredDistances(block, spacing, 1);
        const limited = computeSquaredDistances(block, spacing, 1, { limitMm });
        for (const at of block.data.keys()) {
          const value = squared[at] ?? NaN;
          if (value < limitMm ** 2 * 0.999) expect(limited[at]).toBe(value);
          if (value > limitMm ** 2 * 1.001) expect(limited[at]).toBe(Infinity);
        }
      }),
    );
  });

  it('says how far it is', () => {
    const shares: number[] = [];
    const block = blockOf([2, 2, 2], (at) => at === 0);
    computeSquaredDistances(block, [1, 1, 1], 1, { onProgress: (share) => shares.push(share) });
    expect(shares.at(-1)).toBe(1);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });
});
