import { describe, expect, it } from 'vitest';

import type { Vec3 } from '../../../src/domain/geometry.js';
import { computeSlicePlane } from '../../../src/domain/plane.js';
import { cutSegmentSlice } from '../../../src/domain/segmentSlices.js';
import type { SegmentSlices } from '../../../src/domain/segmentation.js';
import { findRunInForce } from '../../../src/engine/segmentations/propagationRecord.js';
import type { RunInForce, RunRecord } from '../../../src/engine/segmentations/propagationRecord.js';
import { computeStanding, printMask } from '../../../src/engine/segmentations/propagationState.js';
import { drawSlices } from '../../contract/segmentations/segmentationCase.js';
import { axialGrid } from '../../fixtures/axialGrid.js';

const dimensions: Vec3 = [10, 10, 12];
const geometry = axialGrid(dimensions);

/** A square on the slices k, which may have one corner less. */
const squareOn = (ks: readonly number[], cut: readonly number[] = []): SegmentSlices =>
  drawSlices(
    dimensions,
    (i, j, k) =>
      ks.includes(k) &&
      i > 2 &&
      i < 8 &&
      j > 2 &&
      j < 8 &&
      !(cut.includes(k) && i === 3 && j === 3),
  );
const printOn = (slices: SegmentSlices, k: number): string =>
  printMask(cutSegmentSlice(slices, computeSlicePlane(geometry, 'acquired'), k));

const runOver = (
  slices: SegmentSlices,
  given: readonly number[],
  made: readonly number[],
  change: Partial<RunRecord> = {},
): RunRecord => ({
  kind: 'run',
  segmentNumber: 1,
  axis: 'acquired',
  ofAct: null,
  given: given.map((sliceIndex) => ({ sliceIndex, print: printOn(slices, sliceIndex) })),
  made: made.map((sliceIndex) => ({
    sliceIndex,
    print: printOn(slices, sliceIndex),
    score: 0.9,
    stemsFrom: given[0] ?? 0,
    doubts: [],
  })),
  ends: [{ sliceIndex: 6, towards: 'up', stemsFrom: given[0] ?? 0, because: 'nothing-found' }],
  ...change,
});
const inForce = (run: RunRecord, confirmed: readonly number[] = []): RunInForce => ({
  actNumber: 3,
  editNumber: 3,
  run,
  confirmed: new Set(confirmed),
});

describe('what is given of a segment, before anything was propagated', () => {
  it('are the slices that were drawn, in whichever plane', () => {
    const drawn = squareOn([2, 7]);
    expect(computeStanding(drawn, geometry, 'axial', null)).toMatchObject({
      given: [2, 7],
      changed: null,
    });
    expect(computeStanding(drawn, geometry, 'coronal', null).given).toEqual([]);
  });

  it('is every slice of a segment that is thin all over', () => {
    const line = drawSlices(dimensions, (i, j, k) => i === 4 && j === 4 && k < 3);
    expect(computeStanding(line, geometry, 'acquired', null).given).toEqual([0, 1, 2]);
    expect(computeStanding(line, geometry, 'coronal', null).given).toEqual([4]);
  });

  it('is nothing of an empty segment', () => {
    expect(computeStanding(new Map(), geometry, 'axial', null).given).toEqual([]);
  });
});

describe('what stands after a run', () => {
  const whole = squareOn([3, 4, 5, 6]);
  const run = runOver(whole, [4], [3, 5, 6]);

  it('is what it made, as long as nobody changes it', () => {
    const standing = computeStanding(whole, geometry, 'axial', inForce(run));
    expect(standing).toMatchObject({ given: [4], changed: [] });
    expect(standing.slices.map(({ review }) => review)).toEqual(['open', 'open', 'open']);
  });

  it('counts a slice that was changed, emptied or newly drawn as given and not yet gone on from', () => {
    const corrected = squareOn([3, 4, 5, 9], [5]); // 5 lost a corner, 6 is empty, 9 is new
    const standing = computeStanding(corrected, geometry, 'acquired', inForce(run));
    expect(standing).toMatchObject({ given: [4, 5, 6, 9], changed: [5, 6, 9] });
    expect(standing.slices.map(({ review }) => review)).toEqual(['open', 'corrected', 'corrected']);
    expect(standing.ends.map(({ review }) => review)).toEqual(['corrected']);
  });

  it('counts a slice that was confirmed as given, which changes nothing', () => {
    const standing = computeStanding(whole, geometry, 'acquired', inForce(run, [5]));
    expect(standing).toMatchObject({ given: [4, 5], changed: [] });
    expect(standing.slices.map(({ review }) => review)).toEqual(['open', 'confirmed', 'open']);
  });

  it('is of its own axis alone', () => {
    expect(computeStanding(whole, geometry, 'coronal', inForce(run)).changed).toBeNull();
  });
});

describe('the run in force', () => {
  const slices = squareOn([3, 4]);
  const first = { actNumber: 2, record: runOver(slices, [4], [3]) };
  const reviewed = {
    actNumber: 3,
    record: { kind: 'review', ofAct: 2, sliceIndex: 3, confirmed: true } as const,
  };
  const second = { actNumber: 4, record: runOver(slices, [4], [3], { ofAct: 2 }) };
  const undo = { actNumber: 2, label: 'Propagate', below: null };

  it('is the newest whose edit was not taken back, with what was said of it', () => {
    expect(findRunInForce([first, reviewed], undo, 1)).toMatchObject({
      actNumber: 2,
      confirmed: new Set([3]),
    });
    expect(findRunInForce([first, reviewed, second], undo, 1)).toMatchObject({
      actNumber: 4,
      editNumber: 2,
      confirmed: new Set(),
    });
    expect(findRunInForce([first, reviewed, second], null, 1)).toBeNull();
    expect(findRunInForce([first], undo, 2)).toBeNull();
  });
});
