import { describe, expect, test } from 'vitest';

import { noPrompts } from '../../../src/domain/prompts.js';
import type { Action, Step } from '../../../src/domain/session.js';
import { findWay } from '../../../src/domain/stepTree.js';
import { nameAct } from '../../../src/renderer/session/actionWords.js';
import { describeNumbers, listStepRows } from '../../../src/renderer/session/stepRows.js';

const place = {
  normalised: { x: 0.5, y: 0.5 },
  voxel: { i: 0, j: 0, k: 0 },
  world: { x: 0, y: 0, z: 0 },
};
const click = (index: number, placedBy: 'policy' | 'user'): Action => ({
  kind: 'click',
  click: { ...place, index, label: index === 3 ? 'exclude' : 'include', placedBy },
});

/** Steps that stand on `follows`, with the way to `head` in force. */
function makeSteps(follows: readonly (number | null)[], head: number | null): Step[] {
  const bare = follows.map((followsStepIndex, stepIndex): Step => ({
    stepIndex,
    followsStepIndex,
    policyText: '',
    reasoning: '',
    action: click(stepIndex, 'user'),
    prompts: noPrompts,
    mask: null,
    score: null,
    elapsedMs: 1,
    policyMs: 0,
    segmenterMs: 1,
    undone: true,
  }));
  const way = findWay(bare, head);
  return bare.map((step) => ({ ...step, undone: !way.includes(step) }));
}

const show = (steps: readonly Step[], toggled: readonly number[] = [], shown = -1): string[] =>
  listStepRows(steps, new Set(toggled), shown).map((row) =>
    row.kind === 'branch'
      ? `${row.isTakenBack ? 'back' : 'aside'} ${describeNumbers(row.branch.steps)}${row.isOpen ? ' open' : ''}`
      : `${row.isBeside ? '  ' : ''}${String(row.step.stepIndex + 1)}`,
  );

describe('the list of steps', () => {
  const follows = [null, 0, 1, 0, 3]; // 1-2-3, and from 1 also 4-5

  test('is the steps themselves where nothing was taken back', () => {
    expect(show(makeSteps([null, 0, 1], 2))).toEqual(['1', '2', '3']);
  });

  test('shows a branch where it left, closed until it is opened', () => {
    const steps = makeSteps(follows, 4);
    expect(show(steps)).toEqual(['1', 'aside 2 to 3', '4', '5']);
    expect(show(steps, [1])).toEqual(['1', 'aside 2 to 3 open', '  2', '  3', '4', '5']);
    // Walked to with the arrows, a step of it is to be seen.
    expect(show(steps, [], 2)).toEqual(show(steps, [1]));
  });

  test('shows open what was just taken back, until it is closed', () => {
    const steps = makeSteps([null, 0, 1], 0);
    expect(show(steps)).toEqual(['1', 'back 2 to 3 open', '  2', '  3']);
    expect(show(steps, [1])).toEqual(['1', 'back 2 to 3']);
  });

  test('shows both branches where the session stands at the step that they left', () => {
    expect(show(makeSteps(follows, 0), [3])).toEqual([
      '1',
      'back 2 to 3 open',
      '  2',
      '  3',
      'back 4 to 5',
    ]);
    expect(show(makeSteps([null, null], null), [0, 1])).toEqual(['back 1', 'back 2']);
  });

  test('names numbers that do not follow each other one by one', () => {
    const steps = makeSteps([null, 0, 0, 1], null);
    expect(describeNumbers(steps.filter(({ stepIndex }) => stepIndex !== 2))).toBe('1, 2 and 4');
  });
});

test('undo names what it takes back, and whose it was', () => {
  const name = (action: Action): string => nameAct({ action });
  expect(name(click(3, 'user'))).toBe('exclude click 4');
  expect(name(click(0, 'policy'))).toBe('the agent’s include click 1');
  expect(name({ kind: 'terminate', answer: '' })).toBe('the agent’s stop');
  expect(name({ kind: 'remove-click', clickIndex: 1, placedBy: 'user' })).toBe(
    'removal of click 2',
  );
  expect(name({ kind: 'edit', tool: 'cut-lasso', placedBy: 'user' })).toBe('cutting lasso');
});
