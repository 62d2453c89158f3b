import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { targetSchema } from '../../../src/contract/targets.js';
import {
  findTruths,
  rankInstances,
  selectSlices,
  splitInstances,
} from '../../../src/engine/eval/selectCases.js';
import { loadParityCases, maskOfRows, rowsOf, rowsSchema } from '../domain/parity.js';

const { slices } = targetSchema.shape;
const instances = z.enum(['merged', 'largest', 'each']);

describe('the cases of a data set agree with Python', () => {
  const rules = loadParityCases(
    'slice-rules',
    z.object({
      areas: z.array(z.number()),
      rule: slices,
      minPixels: z.number(),
      slices: z.array(z.number()),
    }),
  );
  it.each(rules)('picks slices $slices by the rule $rule.rule', (parity) => {
    const { areas, rule, minPixels } = parity;
    expect(selectSlices(areas, { slices: rule, minPixels })).toEqual(parity.slices);
  });

  const splits = loadParityCases(
    'instances',
    z.object({ region: rowsSchema, instances, minPixels: z.number(), masks: z.array(rowsSchema) }),
  );
  it.each(splits)('splits a region into instances: $instances, $minPixels px', (parity) => {
    const region = maskOfRows(parity.region);
    const masks = splitInstances(region, parity);
    expect(masks.map(({ data, width }) => rowsOf(data, width))).toEqual(parity.masks);
  });

  const ranked = loadParityCases(
    'ranked-instances',
    z.object({
      values: rowsSchema,
      by: z.enum(['area', 'x', 'y']),
      order: z.enum(['ascending', 'descending']),
      rank: z.number(),
      margin: z.number(),
      mask: rowsSchema.nullable(),
    }),
  );
  it.each(ranked)('finds number $rank by $by, $order, margin $margin', (parity) => {
    const [first = []] = parity.values;
    const slice = {
      width: first.length,
      height: parity.values.length,
      values: parity.values.flat(),
    };
    const mask = rankInstances(slice, parity);
    expect(mask === null ? null : rowsOf(mask.data, mask.width)).toEqual(parity.mask);
  });

  it('takes no slice with more instances than can be told apart', () => {
    const slice = { width: 3, height: 1, values: [1, 2, 3] };
    const merged = { instances: 'merged' as const, minPixels: 1 };
    expect(findTruths(slice, { ...merged, maxInstances: 2 })).toEqual([]);
    expect(findTruths(slice, { ...merged, maxInstances: 3 })).toHaveLength(1);
  });

  it('takes listed slices as they are, as far as the volume goes', () => {
    const rule = { rule: 'list' as const, sliceIndices: [0, 2, 9] };
    expect(selectSlices([0, 5, 5], { slices: rule, minPixels: 1 })).toEqual([0, 2]);
  });

  it('finds no largest part in an empty slice', () => {
    const region = { width: 2, height: 1, data: new Uint8Array(2) };
    expect(splitInstances(region, { instances: 'largest', minPixels: 1 })).toEqual([]);
  });
});
