import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  findBranches,
  findHead,
  findRedo,
  findTip,
  findWay,
} from '../../../src/domain/stepTree.js';
import type { StepNode } from '../../../src/domain/stepTree.js';

/** Steps that stand on `follows`, with the way to `head` in force. */
function makeSteps(follows: readonly (number | null)[], head: number | null): StepNode[] {
  const bare = follows.map((followsStepIndex, stepIndex) => ({
    stepIndex,
    followsStepIndex,
    undone: true,
  }));
  const way = findWay(bare, head);
  return bare.map((step) => ({ ...step, undone: !way.includes(step) }));
}

const indexes = (steps: readonly StepNode[]): number[] => steps.map(({ stepIndex }) => stepIndex);

describe('the tree of steps', () => {
  // 0 - 1 - 2 - 3, from 1 also 4 - 5, and from 4 also 6
  const follows = [null, 0, 1, 2, 1, 4, 4];

  it('knows the step that nothing in force stands on', () => {
    expect(findHead(makeSteps(follows, 5))?.stepIndex).toBe(5);
    expect(findHead(makeSteps(follows, null))).toBeNull();
  });

  it('finds the way to a step, and throws rather than going in circles', () => {
    expect(indexes(findWay(makeSteps(follows, 3), 6))).toEqual([0, 1, 4, 6]);
    expect(findWay(makeSteps(follows, 3), null)).toEqual([]);
    const circle = [{ stepIndex: 0, followsStepIndex: 0, undone: false }];
    expect(() => findWay(circle, 0)).toThrow('no way');
  });

  it('redoes along the way that was left, else what was done last', () => {
    const back = makeSteps(follows, 1);
    expect(findRedo(back, [0, 1, 2, 3])?.stepIndex).toBe(2);
    expect(findRedo(back)?.stepIndex).toBe(4);
    expect(findRedo(makeSteps(follows, 6))).toBeNull();
    expect(findRedo(makeSteps(follows, null))?.stepIndex).toBe(0);
  });

  it('names the branches beside the way in force with all that belongs to them', () => {
    const steps = makeSteps(follows, 3);
    expect(findBranches(steps, 0)).toEqual([]);
    const [branch] = findBranches(steps, 1);
    expect(branch && indexes(branch.steps)).toEqual([4, 5, 6]);
    expect(branch?.from.stepIndex).toBe(4);
    expect(branch?.tip.stepIndex).toBe(6);
  });

  it('shows each step once, in force or in one branch beside the way, whatever the tree', () => {
    const trees = fc
      .integer({ min: 1, max: 30 })
      .chain((count) =>
        fc.tuple(
          fc.tuple(
            ...Array.from({ length: count }, (_, at) =>
              fc.option(fc.nat({ max: Math.max(0, at - 1) }), { nil: null }),
            ),
          ),
          fc.option(fc.nat({ max: count - 1 }), { nil: null }),
        ),
      );
    fc.assert(
      fc.property(trees, ([drawn, head]) => {
        const given = drawn.map((parent, at) => (at === 0 ? null : parent));
        const steps = makeSteps(given, head);
        const way = indexes(findWay(steps, head));
        const beside = [null, ...way].flatMap((at) =>
          findBranches(steps, at).flatMap((branch) => indexes(branch.steps)),
        );
        expect([...way, ...beside].sort((a, b) => a - b)).toEqual(indexes(steps));
        for (const step of steps)
          expect(indexes(findWay(steps, findTip(steps, step).stepIndex))).toContain(step.stepIndex);
      }),
    );
  });
});
