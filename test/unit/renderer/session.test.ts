import { describe, expect, test } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import { packMask } from '../../../src/domain/mask.js';
import { noPrompts } from '../../../src/domain/prompts.js';
import type { Box, Scribble } from '../../../src/domain/prompts.js';
import type { Action, Step, StopReason } from '../../../src/domain/session.js';
import { computeOverlay } from '../../../src/renderer/session/overlay.js';
import { splitPolicyText } from '../../../src/renderer/session/policyText.js';
import {
  computeQualityPoints,
  findLatestPosition,
  findRemovable,
  findScoreBefore,
  hasUserActs,
  isAcceptable,
} from '../../../src/renderer/session/replay.js';
import { suggestRequests } from '../../../src/renderer/session/requestSuggestions.js';
import { applySessionEvent } from '../../../src/renderer/session/sessionEvents.js';
import { describeSessionState, describeStopReason } from '../../../src/renderer/session/words.js';
import { madeUpSession } from '../../renderer-harness/sessionData.js';

const click = (index: number, x: number): Action => ({
  kind: 'click',
  click: {
    index,
    label: 'include',
    placedBy: 'policy',
    normalised: { x, y: 0.5 },
    voxel: { i: 0, j: 0, k: 0 },
    world: { x: 0, y: 0, z: 0 },
  },
});
const step = (stepIndex: number, action: Action, rest: Partial<Step> = {}): Step => ({
  stepIndex,
  followsStepIndex: stepIndex === 0 ? null : stepIndex - 1,
  policyText: '',
  reasoning: '',
  action,
  prompts: action.kind === 'click' ? { ...noPrompts, clicks: [action.click] } : noPrompts,
  mask: null,
  score: null,
  elapsedMs: 1,
  policyMs: 0,
  segmenterMs: 0,
  undone: false,
  ...rest,
});
const placed = {
  normalised: { x: 0.5, y: 0.5 },
  voxel: { i: 0, j: 0, k: 0 },
  world: { x: 0, y: 0, z: 0 },
};
const boxOf = (stepIndex: number): Box => ({
  stepIndex,
  placedBy: 'user',
  topLeft: placed,
  bottomRight: placed,
});
const scribbleOf = (stepIndex: number): Scribble => ({
  stepIndex,
  label: 'include',
  placedBy: 'user',
  points: [placed],
});

describe('findRemovable', () => {
  test('numbers the clicks as they are now, and knows which are gone', () => {
    const steps = [
      step(0, click(0, 0.1)),
      step(1, click(1, 0.2)),
      step(2, { kind: 'remove-click', clickIndex: 0, placedBy: 'user' }),
      step(3, click(1, 0.3), { undone: true }),
      step(4, click(1, 0.4)),
    ];
    expect(steps.map((_step, at) => findRemovable(steps, at))).toEqual([
      null,
      { kind: 'click', clickIndex: 0 },
      null,
      null,
      { kind: 'click', clickIndex: 1 },
    ]);
  });
  test('offers the box that is in force, not the one that it replaced, and the scribbles that are', () => {
    const box = boxOf(1);
    const [kept, removed] = [scribbleOf(2), scribbleOf(3)];
    const steps = [
      step(0, { kind: 'box', box: boxOf(0) }),
      step(1, { kind: 'box', box }),
      step(2, { kind: 'scribble', scribble: kept }),
      step(3, { kind: 'scribble', scribble: removed }),
      step(
        4,
        { kind: 'remove-scribble', scribbleStepIndex: 3, placedBy: 'user' },
        { prompts: { clicks: [], box, scribbles: [kept] } },
      ),
    ];
    expect(steps.map((_step, at) => findRemovable(steps, at))).toEqual([
      null,
      { kind: 'box' },
      { kind: 'scribble', stepIndex: 2 },
      null,
      null,
    ]);
  });
});

describe('scores', () => {
  const steps = [
    step(0, click(0, 0.1), { score: 0.5 }),
    step(1, click(1, 0.2), { score: 0.9, undone: true }),
    step(2, { kind: 'unparsed', problem: 'no action' }, { score: 0.5, followsStepIndex: 0 }),
    step(3, click(1, 0.3), { score: 0.7 }),
    step(4, { kind: 'terminate', answer: 'done' }, { score: 0.7 }),
  ];
  test('the score before a step is that of the last step that still counts', () => {
    expect(findScoreBefore(steps, 2)).toBe(0.5);
    expect(findScoreBefore(steps, 0)).toBeNull();
  });
  test('only steps that made a mask have a point, and those taken back are marked', () => {
    expect(computeQualityPoints(steps).map(({ stepIndex, undone }) => [stepIndex, undone])).toEqual(
      [
        [0, false],
        [1, true],
        [3, false],
      ],
    );
  });
  test('the latest step is the last that was not taken back', () => {
    expect(findLatestPosition(steps.slice(0, 2))).toBe(0);
    expect(findLatestPosition([])).toBe(-1);
  });
});

test('a session counts as edited while an act of the user is in force', () => {
  const byUser = madeUpSession('by-hand').steps[2]?.action ?? click(0, 0);
  expect(hasUserActs([step(0, click(0, 0.1))])).toBe(false);
  expect(hasUserActs([step(0, byUser)])).toBe(true);
  expect(hasUserActs([step(0, byUser, { undone: true })])).toBe(false);
  expect(hasUserActs([step(0, { kind: 'edit', tool: 'brush', placedBy: 'user' })])).toBe(true);
  expect(hasUserActs([step(0, { kind: 'box', box: boxOf(0) })])).toBe(true);
});

test('a mask can be accepted, and the absence of the target, but not a run that brought neither', () => {
  const unread = madeUpSession('unparsed');
  const mask = packMask({ width: 2, height: 1, data: Uint8Array.of(0, 1) });
  const masked = unread.steps.map((step) => ({ ...step, mask }));
  expect(isAcceptable({ ...unread, steps: masked })).toBe(true);
  expect(isAcceptable(madeUpSession('absent'))).toBe(true);
  expect(isAcceptable(unread)).toBe(false);
  expect(isAcceptable({ ...unread, steps: [] })).toBe(false);
});

describe('splitPolicyText', () => {
  test('shows reasoning as it grows, without half-arrived tags', () => {
    expect(splitPolicyText('<thi')).toEqual({ reasoning: '', action: '' });
    expect(splitPolicyText('<think>area < 5 a').reasoning).toBe('area < 5 a');
    expect(splitPolicyText('<think>the rim</thi').reasoning).toBe('the rim');
    expect(splitPolicyText('<think>a</think><action>Positive Point (0.5').action).toBe(
      'Positive Point (0.5',
    );
    expect(splitPolicyText('<think>a</think><action>Terminate</action><answer>x').action).toBe(
      'Terminate',
    );
  });
});

describe('applySessionEvent', () => {
  const session = madeUpSession('running');
  test('adds a saved step once, however often it is told', () => {
    const saved = step(2, click(2, 0.4));
    const event = { kind: 'stepSaved' as const, sessionId: session.sessionId, step: saved };
    const once = applySessionEvent(session, event);
    const twice = applySessionEvent(once, event);
    expect(twice.steps).toHaveLength(session.steps.length + 1);
    expect(twice.clicks.at(-1)).toMatchObject({ index: 2, normalised: { x: 0.4 } });
  });
  test('leaves the session alone when the event is about another', () => {
    const event = {
      kind: 'stepSaved' as const,
      sessionId: 'other' as SessionId,
      step: step(9, click(0, 0)),
    };
    expect(applySessionEvent(session, event)).toBe(session);
  });
});

describe('computeOverlay', () => {
  const mask = packMask({ width: 2, height: 1, data: new Uint8Array([1, 0]) });
  const session = {
    ...madeUpSession('running'),
    steps: [step(0, click(0, 0.1), { mask }), step(1, click(1, 0.2))],
  };
  test('shows the mask and prompts of the step looked at', () => {
    const shown = computeOverlay(session, 0);
    expect(shown.mask).toBe(mask);
    expect(shown.prompts).toBe(session.steps[0]?.prompts);
    expect(shown).toMatchObject({ axis: 'axial', sliceIndex: 86, phaseIndex: 0 });
  });
  test('shows nothing before the first step', () => {
    expect(computeOverlay(session, -1)).toMatchObject({
      mask: null,
      prompts: noPrompts,
    });
  });
});

describe('suggestRequests', () => {
  const targets = [
    {
      id: 'lv',
      name: 'Left ventricle',
      requests: ['left ventricle', 'cavity of the left ventricle'],
    },
    { id: 'hip', name: 'Hippocampus', requests: ['hippocampus', 'anterior hippocampus'] },
  ];
  test('offers one request a target before anything is typed', () => {
    expect(suggestRequests(targets, '')).toEqual(['left ventricle', 'hippocampus']);
  });
  test('offers what holds every typed word, and not what is written already', () => {
    expect(suggestRequests(targets, 'ventricle LEFT')).toEqual([
      'left ventricle',
      'cavity of the left ventricle',
    ]);
    expect(suggestRequests(targets, 'hippocampus')).toEqual(['anterior hippocampus']);
    expect(suggestRequests(targets, 'spleen')).toEqual([]);
  });
});

describe('words for states', () => {
  const reasons: StopReason[] = [
    'policy-stop',
    'target-absent',
    'repeated-action',
    'step-limit',
    'user-stop',
    'failed',
  ];
  test('each stop reason has a sentence of its own', () => {
    const sentences = reasons.map((reason) =>
      describeStopReason(reason, { maxSteps: 7, failure: null }),
    );
    expect(new Set(sentences).size).toBe(reasons.length);
    expect(sentences.join(' ')).toContain('limit of 7 steps');
  });
  test('a failure is told in its own words', () => {
    expect(describeStopReason('failed', { maxSteps: 7, failure: 'The model broke.' })).toBe(
      'The model broke.',
    );
  });
  test('running outranks an old stop, and a decision outranks how it ended', () => {
    const facts = { runState: 'running', stopReason: 'step-limit', decision: null } as const;
    expect(describeSessionState(facts).label).toBe('Running');
    expect(
      describeSessionState({ runState: 'stopped', stopReason: 'step-limit', decision: 'accepted' })
        .label,
    ).toBe('Accepted');
  });
});
