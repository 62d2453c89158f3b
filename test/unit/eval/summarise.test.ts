import { describe, expect, it } from 'vitest';

import {
  computeDifferences,
  computeInterval,
  computeMeans,
} from '../../../src/engine/eval/summarise.js';
import type { EvalMethod } from '../../../src/contract/evalMethods.js';
import type { EvalRow } from '../../../src/contract/evalReport.js';

const row = (targetId: string, caseId: string, method: EvalMethod, dice: number): EvalRow => ({
  caseId,
  targetId,
  sliceIndex: 0,
  method,
  dice,
  iou: dice / 2,
  steps: 2,
  stopReason: 'policy-stop',
  elapsedMs: 10,
  diceByStep: [],
});

const rows = [
  row('a', 'a/1', 'agent', 0.9),
  row('a', 'a/2', 'agent', 0.7),
  row('a', 'a/1', 'centre-click', 0.5),
  row('a', 'a/2', 'centre-click', 0.1),
  row('b', 'b/1', 'agent', 0.6),
];

describe('the summary of an evaluation', () => {
  it('gives means with the number of cases, each target alone and all together', () => {
    const means = computeMeans(rows, 1).map(({ targetId, method, n, dice }) => [
      targetId,
      method,
      n,
      Number(dice.toFixed(6)),
    ]);
    expect(means).toEqual([
      ['a', 'agent', 2, 0.8],
      ['a', 'centre-click', 2, 0.3],
      ['b', 'agent', 1, 0.6],
      [null, 'agent', 3, 0.733333],
      [null, 'centre-click', 2, 0.3],
    ]);
  });

  it('compares the agent with a baseline only over the cases that both have', () => {
    const differences = computeDifferences(rows, 1);
    expect(differences.map(({ targetId, baseline, n }) => [targetId, baseline, n])).toEqual([
      ['a', 'centre-click', 2],
      [null, 'centre-click', 2],
    ]);
    expect(differences[0]?.dice).toBeCloseTo(0.5, 9);
    expect(differences[0]?.low95).toBeCloseTo(0.4, 9);
    expect(differences[0]?.high95).toBeCloseTo(0.6, 9);
  });

  it('gives the same interval for the same seed, about as wide as the standard error says', () => {
    const values = Array.from({ length: 100 }, (_, n) => n / 99);
    const interval = computeInterval(values, 7);
    expect(interval).toEqual(computeInterval(values, 7));
    const standardError = 0.2916 / 10;
    expect(interval.low95).toBeCloseTo(0.5 - 1.96 * standardError, 1);
    expect(interval.high95).toBeCloseTo(0.5 + 1.96 * standardError, 1);
    expect(interval.high95 - interval.low95).toBeGreaterThan(2 * standardError);
  });
});
