import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import {
  blendOverlay,
  grayToRgb,
  IBIS_OVERLAY,
  withoutColour,
} from '../../../src/domain/overlay.js';
import { resizeBilinear } from '../../../src/domain/resize.js';
import { applyWindow, computePercentiles } from '../../../src/domain/window.js';
import { loadParityCases, maskOfRows, rowsOf, rowsSchema } from './parity.js';

describe('windowing agrees with Python', () => {
  const cases = loadParityCases(
    'window',
    z.object({
      values: rowsSchema,
      low: z.number().optional(),
      high: z.number().optional(),
      centre: z.number().optional(),
      width: z.number().optional(),
      lo: z.number(),
      hi: z.number(),
      gray: rowsSchema,
    }),
  );
  it.each(cases)('computes the range [$lo, $hi] and the same gray levels', (parity) => {
    const values = Float64Array.from(parity.values.flat());
    const { low, high, centre, width } = parity;
    const range =
      low !== undefined && high !== undefined
        ? computePercentiles(values, [low, high])
        : [(centre ?? NaN) - (width ?? NaN) / 2, (centre ?? NaN) + (width ?? NaN) / 2];
    expect(range?.[0]).toBeCloseTo(parity.lo, 9);
    expect(range?.[1]).toBeCloseTo(parity.hi, 9);
    const gray = applyWindow(values, { low: range?.[0] ?? NaN, high: range?.[1] ?? NaN });
    expect(rowsOf(gray, parity.values[0]?.length ?? 0)).toEqual(parity.gray);
  });
});

describe('gray without colour agrees with Python', () => {
  const cases = loadParityCases(
    'gray',
    z.object({ rgb: z.array(z.array(z.array(z.number()))), gray: rowsSchema }),
  );
  it.each(cases)('takes the luma of a picture of $gray.length rows', ({ rgb, gray }) => {
    expect(withoutColour(Uint8Array.from(rgb.flat(2)))).toEqual(
      grayToRgb(Uint8Array.from(gray.flat())),
    );
  });
});

describe('the mask overlay agrees with Python', () => {
  const cases = loadParityCases(
    'overlay',
    z.object({ rgb: z.array(rowsSchema), mask: rowsSchema, expected: z.array(rowsSchema) }),
  );
  it.each(cases)('blends every pixel alike', ({ rgb, mask, expected }) => {
    const blended = blendOverlay(Uint8Array.from(rgb.flat(2)), maskOfRows(mask), IBIS_OVERLAY);
    expect([...blended]).toEqual(expected.flat(2));
  });
});

describe('resizing agrees with Pillow', () => {
  const checksumSchema = z.object({
    sum: z.number(),
    weightedSum: z.number(),
    firstRow: z.array(z.number()),
    row128: z.array(z.number()),
  });
  const cases = loadParityCases(
    'resize',
    z.object({
      image: rowsSchema.optional(),
      ramp: z.object({ widthPx: z.number(), heightPx: z.number() }).optional(),
      widthPx: z.number(),
      heightPx: z.number(),
      expected: rowsSchema.optional(),
      checksum: checksumSchema.optional(),
    }),
  );
  it.each(cases)('gives the same $widthPx x $heightPx pixels', (parity) => {
    const { ramp } = parity;
    const rows =
      parity.image ??
      Array.from({ length: ramp?.heightPx ?? 0 }, (_, row) =>
        Array.from(
          { length: ramp?.widthPx ?? 0 },
          (_unused, column) => (3 * column + 5 * row) % 256,
        ),
      );
    const image = {
      width: rows[0]?.length ?? 0,
      height: rows.length,
      channels: 1,
      data: Uint8Array.from(rows.flat()),
    };
    const resized = resizeBilinear(image, parity.widthPx, parity.heightPx);
    const out = rowsOf(resized.data, parity.widthPx);
    expect(out).toHaveLength(parity.heightPx);
    if (parity.expected !== undefined) expect(out).toEqual(parity.expected);
    if (parity.checksum !== undefined)
      expect({
        sum: resized.data.reduce((sum, value) => sum + value, 0),
        weightedSum: resized.data.reduce((sum, value, p) => sum + value * (p % 251), 0),
        firstRow: out[0],
        row128: out[128],
      }).toEqual(parity.checksum);
    expect(parity.expected ?? parity.checksum).toBeDefined();
  });

  it('treats the channels of a colour image alone', () => {
    const gray = Uint8Array.from({ length: 15 }, (_, p) => (p * 37) % 256);
    const colour = new Uint8Array(45);
    gray.forEach((value, p) => {
      colour[3 * p] = value;
      colour[3 * p + 1] = 255 - value;
      colour[3 * p + 2] = 7;
    });
    const one = resizeBilinear({ width: 5, height: 3, channels: 1, data: gray }, 8, 2).data;
    const three = resizeBilinear({ width: 5, height: 3, channels: 3, data: colour }, 8, 2).data;
    expect([...three].filter((_, p) => p % 3 === 0)).toEqual([...one]);
    expect([...three].filter((_, p) => p % 3 === 2).every((value) => value === 7)).toBe(true);
  });
});
