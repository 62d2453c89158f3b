import { describe, expect, it } from 'vitest';

import { emptyMask } from '../../../src/domain/mask.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import type { PropagatedSlice } from '../../../src/engine/propagation/types.js';
import { settleEarlier } from '../../../src/engine/segmentations/propagationOutcome.js';
import type { FinishedRun } from '../../../src/engine/segmentations/propagationOutcome.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const plane = computeSlicePlane(axialGrid([4, 4, 20]), 'acquired');
const standingSlice = (sliceIndex: number, stemsFrom: number) => ({
  ...{ sliceIndex, stemsFrom, print: 'x', score: 0.9, doubts: [] },
  review: 'open' as const,
});
const made = (sliceIndex: number, stemsFrom: number): PropagatedSlice => ({
  ...{ kind: 'slice', sliceIndex, stemsFrom, score: 0.9, doubts: [], mask: emptyMask(4, 4) },
  signs: {
    ...{ score: 0.9, areaRatio: 1, overlap: 1, drift: 0, grayShift: 0 },
    ...{ scoreDrop: 0, growth: 1, regrowth: 1, reach: 0 },
  },
});
/** Slice 10 was given, 8 to 13 stand. */
const standing = {
  plane,
  given: [10],
  changed: [],
  slices: [8, 9, 11, 12, 13].map((index) => standingSlice(index, 10)),
  ends: [
    { sliceIndex: 8, towards: 'down', stemsFrom: 10, because: null, review: 'open' },
    { sliceIndex: 13, towards: 'up', stemsFrom: 10, because: null, review: 'open' },
  ],
} as const;
const settle = (run: Partial<FinishedRun>, given: readonly number[]) =>
  settleEarlier({
    standing,
    given: new Map(given.map((index) => [index, { hasTarget: true }])),
    changed: null,
    direction: 'both',
    made: [],
    ends: [],
    cancelled: false,
    ...run,
  });
const indices = (list: readonly { readonly sliceIndex: number }[]): number[] =>
  list.map(({ sliceIndex }) => sliceIndex);

describe('what earlier runs made', () => {
  it('is taken back beyond a corrected slice where the new run made nothing, and kept elsewhere', () => {
    const { kept, cleared, keptEnds } = settle({ changed: [11], made: [made(12, 11)] }, [10, 11]);
    expect(indices(kept)).toEqual([8, 9]);
    expect(cleared).toEqual([13]);
    expect(indices(keptEnds)).toEqual([8]);
  });

  it('gives way to a run over everything, in the directions that it went', () => {
    const up = settle({ direction: 'up', made: [made(11, 10)] }, [10]);
    expect(indices(up.kept)).toEqual([8, 9]);
    expect(up.cleared).toEqual([12, 13]);
    expect(indices(up.keptEnds)).toEqual([8]);
    expect(settle({ made: [made(11, 10)] }, [10]).cleared).toEqual([8, 9, 12, 13]);
  });

  it('stays where a run over everything was cut short', () => {
    const { kept, cleared } = settle({ made: [made(11, 10)], cancelled: true }, [10]);
    expect(indices(kept)).toEqual([8, 9, 12, 13]);
    expect(cleared).toEqual([]);
  });
});
