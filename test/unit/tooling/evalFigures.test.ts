import { describe, expect, it } from 'vitest';

import {
  clicksToIou,
  countRefusals,
  countWords,
  diceCurve,
  wholeCaseSeconds,
} from '../../../scripts/lib/evalFigures.mjs';

describe('the figures of the models page', () => {
  it('count clicks to an IoU, and twenty where it is never reached', () => {
    const rows = [{ iouByStep: [0.5, 0.86, 0.91] }, { iouByStep: [0.85] }, { iouByStep: [0.2] }];
    expect(clicksToIou(rows, 0.85)).toEqual({ clicks: (2 + 1 + 20) / 3, missed: 1 });
    expect(clicksToIou(rows, 0.9)).toEqual({ clicks: (3 + 20 + 20) / 3, missed: 2 });
  });

  it('take the first click that reaches it, though a later one falls back', () => {
    expect(clicksToIou([{ iouByStep: [0.9, 0.1, 0.95] }], 0.9)).toEqual({ clicks: 1, missed: 0 });
  });

  it('are left out where an older report lacks what they are made of', () => {
    const old = [{ method: 'agent', steps: 3, elapsedMs: 900, stopReason: 'policy-stop' }];
    expect(clicksToIou(old, 0.85)).toBeNull();
    expect(countWords(old)).toBeNull();
    expect(wholeCaseSeconds(old)).toBeNull();
  });

  it('let a case that has stopped keep its value', () => {
    const rows = [
      { diceByStep: [0.2, 0.6, 0.8], dice: 0.8 },
      { diceByStep: [0.4], dice: 0.4 },
    ];
    expect(diceCurve(rows, 4).map((dice) => Number(dice.toFixed(9)))).toEqual([0.3, 0.5, 0.6, 0.6]);
  });

  it('add up the texts of the rows in which a policy wrote', () => {
    const rows = [
      { steps: 4, words: { unparsed: 1, directions: 2, directionsRight: 1 } },
      { steps: 2, words: { unparsed: 0, directions: 1, directionsRight: 1 } },
      { steps: 20 }, // of the oracle
    ];
    expect(countWords(rows)).toEqual({
      steps: 6,
      unparsed: 1,
      directions: 3,
      directionsRight: 2,
    });
  });

  it('count as refused what is absent only where nothing was clicked, and any "absent" of what is present', () => {
    const row = (method: string, stopReason: string, clicks: number) => ({
      method,
      stopReason,
      diceByStep: Array.from({ length: clicks }, () => 1),
    });
    const rows = [
      row('absent-request', 'target-absent', 0),
      row('absent-request', 'target-absent', 1),
      row('absent-request', 'policy-stop', 2),
      row('agent', 'target-absent', 1),
      row('agent', 'policy-stop', 2),
      row('other-request', 'target-absent', 0),
    ];
    expect(countRefusals(rows)).toEqual({
      absent: 3,
      absentRefused: 1,
      present: 2,
      presentRefused: 1,
    });
  });

  it('take the median of whole cases, encoding included', () => {
    const rows = [
      { elapsedMs: 900, encodeMs: 1100 },
      { elapsedMs: 1500, encodeMs: 0 },
      { elapsedMs: 5000, encodeMs: 1000 },
    ];
    expect(wholeCaseSeconds(rows)).toBe(2);
  });
});
