import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { computePercentileWindow } from '../../../src/domain/slice.js';
import {
  applyWindow,
  computePercentiles,
  rangeOfWindow,
  windowOfRange,
} from '../../../src/domain/window.js';
import type { Volume } from '../../../src/domain/study.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

/** Sorting is the slow, obvious way. */
function percentileBySorting(values: readonly number[], percentage: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = ((sorted.length - 1) * percentage) / 100;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

describe('computePercentiles', () => {
  it('finds what sorting finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (values, percentage) => {
          const [found] = computePercentiles(values, [percentage]) ?? [];
          const wanted = percentileBySorting(values, percentage);
          expect(Math.abs((found ?? NaN) - wanted)).toBeLessThanOrEqual(1e-6);
        },
      ),
    );
  });

  it('finds it among values that hardly differ at all', () => {
    expect(computePercentiles([0, Number.MIN_VALUE], [0, 100])).toEqual([0, Number.MIN_VALUE]);
  });

  it('finds the rank in an array too long to sort, with most values in one bin', () => {
    const values = Float32Array.from({ length: 300_000 }, (_, p) =>
      p === 0 ? 1e9 : ((p * 7919) % 300_000) / 1000,
    );
    const [low, high] = computePercentiles(values, [1, 99]) ?? [];
    expect(low).toBeCloseTo(percentileBySorting([...values], 1), 9);
    expect(high).toBeCloseTo(percentileBySorting([...values], 99), 9);
  });

  it('finds the same in every type of array', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -128, max: 127 }), { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (values, percentage) => {
          const excluded = { first: 3, last: 9 };
          const wanted = computePercentiles(values, [percentage], excluded);
          for (const Type of [Int8Array, Int16Array, Int32Array, Float32Array, Float64Array])
            expect(computePercentiles(Type.from(values), [percentage], excluded)).toEqual(wanted);
          const shifted = values.map((value) => value + 128);
          const moved = wanted?.map((value) => value + 128) ?? null;
          for (const Type of [Uint8Array, Uint16Array, Uint32Array])
            expect(
              computePercentiles(Type.from(shifted), [percentage], {
                first: 131,
                last: 137,
              })?.[0] ?? null,
            ).toEqual(moved === null ? null : (expect.closeTo(moved[0] ?? NaN, 9) as number));
        },
      ),
    );
  });

  it('leaves out values that are not finite or not counted', () => {
    expect(
      computePercentiles([NaN, Infinity, -2000, 5], [50], { first: -2000, last: -2000 }),
    ).toEqual([5]);
    expect(computePercentiles([NaN], [50])).toBeNull();
  });
});

describe('applyWindow', () => {
  it('rounds halves up, clips, and shows NaN as black', () => {
    const range = rangeOfWindow({ centre: 40, width: 400 });
    expect([...applyWindow([-1000, -160, 40, 240, 3000, NaN], range)]).toEqual([
      0, 0, 128, 255, 255, 0,
    ]);
  });

  it('splits at the level when the window is empty', () => {
    expect([...applyWindow([6, 7, 8], { low: 7, high: 7 })]).toEqual([0, 0, 255]);
  });

  it('is the same for a range and for its window', () => {
    expect(rangeOfWindow(windowOfRange({ low: -160, high: 240 }))).toEqual({
      low: -160,
      high: 240,
    });
  });
});

describe('computePercentileWindow', () => {
  const volume = (data: Int16Array, padding: Volume['paddingRange']): Volume => ({
    geometry: axialGrid([data.length, 1, 1]),
    samplesPerPixel: 1,
    data,
    photometric: 'MONOCHROME2',
    window: null,
    paddingRange: padding,
  });

  it('leaves padding out of the percentiles', () => {
    const data = Int16Array.from({ length: 201 }, (_, p) => (p < 101 ? p : -2000));
    const window = computePercentileWindow(volume(data, { first: -2000, last: -2000 }), 1, 99);
    expect(rangeOfWindow(window)).toEqual({ low: 1, high: 99 });
  });

  it('still answers for a volume that is all padding', () => {
    const window = computePercentileWindow(
      volume(new Int16Array(4).fill(-2000), { first: -2000, last: -2000 }),
      1,
      99,
    );
    expect(rangeOfWindow(window)).toEqual({ low: 0, high: 255 });
  });
});
