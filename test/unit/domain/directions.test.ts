import { expect, it } from 'vitest';
import { z } from 'zod';

import { checkDirection } from '../../../src/domain/directions.js';
import { parsePolicyText } from '../../../src/domain/grammar.js';
import { loadParityCases, maskOfRows, rowsSchema } from './parity.js';

const cases = loadParityCases(
  'directions',
  z.object({
    text: z.string(),
    axis: z.enum(['acquired', 'axial', 'coronal', 'sagittal']),
    truth: rowsSchema,
    first: z.boolean(),
    right: z.boolean().nullable(),
  }),
);

it('finds the words of a step to point where its click lies as Python finds them', () => {
  const found = cases.map(({ text, axis, truth, first }) => {
    const parsed = parsePolicyText(text);
    return parsed.ok ? checkDirection(parsed.value, axis, maskOfRows(truth), first) : null;
  });
  expect(found).toEqual(cases.map(({ right }) => right));
});
