import { describe, expect, it } from 'vitest';

import type { Mask } from '../../../src/domain/mask.js';
import { beginCourse, goOn } from '../../../src/engine/propagation/course.js';
import { noLimits } from '../../../src/engine/propagation/limits.js';
import { computeSigns, describeMask, findDoubts } from '../../../src/engine/propagation/signs.js';
import type { MaskView } from '../../../src/engine/propagation/signs.js';

const size = 32;
const score = 0.8;
const square = (side: number): MaskView => {
  const mask: Mask = {
    width: size,
    height: size,
    data: Uint8Array.from({ length: size * size }, (_, at) =>
      at % size < side && at < side * size ? 1 : 0,
    ),
  };
  return describeMask(mask, { ...mask, data: new Uint8Array(size * size).fill(100) });
};

/** The signs of squares of these sides, one after the other, 3 pixels apart. */
function walk(start: number, sides: readonly number[], givenArea = start ** 2) {
  let course = beginCourse(square(start), givenArea);
  let neighbour = square(start);
  return sides.map((side) => {
    const own = square(side);
    course = goOn(course, own, score, 3);
    const signs = computeSigns(score, own, neighbour, course);
    neighbour = own;
    return signs;
  });
}

describe('computeSigns', () => {
  it('holds the area against the largest given mask, and against the smallest since the largest of the walk', () => {
    const signs = walk(10, [12, 8, 6, 9]);
    expect(signs.map(({ growth }) => growth)).toEqual([1.44, 0.64, 0.36, 0.81]);
    expect(signs.map(({ regrowth }) => regrowth)).toEqual([1, 1, 1, 2.25]);
    expect(walk(10, [20], 400)[0]?.growth).toBe(1);
  });

  it('tells how far a slice lies from the given one, in radii of what was given', () => {
    const radius = Math.sqrt(100 / Math.PI);
    expect(walk(10, [10, 10]).map(({ reach }) => reach)).toEqual([3 / radius, 6 / radius]);
  });
});

describe('goOn', () => {
  it('keeps the best score, so that a dip at a border is seen however good it is on the other side', () => {
    let course = beginCourse(square(10), 100);
    const drops = [0.83, 0.8, 0.73, 0.86].map((each) => {
      course = goOn(course, square(10), each, 1);
      return computeSigns(each, square(10), square(10), course).scoreDrop;
    });
    expect(drops.map((drop) => Math.round(drop * 100))).toEqual([0, 3, 10, 0]);
  });
});

describe('findDoubts', () => {
  it('tells each sign that passes its limit, with the limit', () => {
    const [signs] = walk(10, [10]);
    if (signs === undefined) throw new Error('a walk has a slice');
    const limits = { ...noLimits, mostScoreDrop: 0.08, mostReach: 1 };
    expect(findDoubts({ ...signs, scoreDrop: 0.08, reach: 1 }, limits)).toEqual([]);
    expect(findDoubts({ ...signs, scoreDrop: 0.1, reach: 2 }, limits)).toEqual([
      { reason: 'score-drop', value: 0.1, limit: 0.08 },
      { reason: 'far-away', value: 2, limit: 1 },
    ]);
  });
});
