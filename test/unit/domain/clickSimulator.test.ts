import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { computeOracleClick } from '../../../src/domain/clickSimulator.js';
import { computeDice, computeIou } from '../../../src/domain/metrics.js';
import { loadParityCases, maskOfRows, rowsSchema } from './parity.js';
import type { Mask } from '../../../src/domain/mask.js';

describe('the oracle click simulator', () => {
  const cases = loadParityCases(
    'oracle',
    z.object({
      mask: rowsSchema,
      truth: rowsSchema,
      click: z
        .object({
          column: z.number(),
          row: z.number(),
          label: z.enum(['include', 'exclude']),
          distancePx: z.number(),
        })
        .nullable(),
      iou: z.number(),
      dice: z.number(),
    }),
  );
  it.each(cases)('clicks where Python clicks (IoU $iou)', (parity) => {
    const mask = maskOfRows(parity.mask);
    const truth = maskOfRows(parity.truth);
    const click = computeOracleClick(mask, truth);
    expect(click?.point ?? null).toEqual(
      parity.click && { column: parity.click.column, row: parity.click.row },
    );
    expect(click?.label).toBe(parity.click?.label);
    if (parity.click !== null) expect(click?.distancePx).toBeCloseTo(parity.click.distancePx, 9);
    expect(computeIou(mask, truth)).toBeCloseTo(parity.iou, 12);
    expect(computeDice(mask, truth)).toBeCloseTo(parity.dice, 12);
  });

  const bits = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 63, maxLength: 63 });
  it('measures the depth that a search over all pixels measures', () => {
    fc.assert(
      fc.property(bits, (values) => {
        const truth: Mask = { width: 9, height: 7, data: Uint8Array.from(values) };
        const empty: Mask = { width: 9, height: 7, data: new Uint8Array(63) };
        const click = computeOracleClick(empty, truth);
        const depths = values.map((value, p) => {
          if (value === 0) return 0;
          const [column, row] = [p % 9, Math.floor(p / 9)];
          let best = Infinity;
          for (let r = -1; r <= 7; r++)
            for (let c = -1; c <= 9; c++) {
              const isInside = r >= 0 && r < 7 && c >= 0 && c < 9 && values[r * 9 + c] === 1;
              if (!isInside) best = Math.min(best, Math.hypot(c - column, r - row));
            }
          return best;
        });
        const deepest = Math.max(...depths);
        expect(click?.distancePx ?? 0).toBeCloseTo(deepest, 9);
      }),
    );
  });
});
