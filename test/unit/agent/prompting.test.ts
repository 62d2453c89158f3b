import { describe, expect, it } from 'vitest';

import {
  countMaskPixels,
  emptyMask,
  packMask,
  subtractMask,
  uniteMasks,
  unpackMask,
} from '../../../src/domain/mask.js';
import type { Mask } from '../../../src/domain/mask.js';
import { emptyAgentState, getInForce, undoStep } from '../../../src/engine/agent/agentState.js';
import type { AgentState } from '../../../src/engine/agent/agentState.js';
import { editMask } from '../../../src/engine/agent/maskEdit.js';
import {
  drawUserScribble,
  placeUserBox,
  placeUserClick,
  removeBox,
  removeClick,
  removeScribble,
} from '../../../src/engine/agent/prompting.js';
import { buildObservation, countPolicySteps } from '../../../src/engine/agent/runAgentLoop.js';
import { createPointSegmenter, createTestContext } from './doubles.js';

const { signal } = new AbortController();
const prepare = () => {
  const segmenter = createPointSegmenter();
  return { segmenter, context: createTestContext(segmenter) };
};
const at = (x: number, label: 'include' | 'exclude' = 'include') => ({
  label,
  normalised: { x, y: 0.5 },
});
const boxAt = (x: number) => ({ topLeft: { x, y: 0.1 }, bottomRight: { x: x + 0.2, y: 0.9 } });
const lineAt = (y: number, label: 'include' | 'exclude' = 'include') => ({
  label,
  points: [
    { x: 0.15, y },
    { x: 0.55, y },
  ],
});
/** Pixels of the 10 x 8 slice, as a stroke. */
const strokeOf = (...pixels: number[]): Mask => {
  const mask = emptyMask(10, 8);
  for (const p of pixels) mask.data[p] = 1;
  return mask;
};
const brush = (...pixels: number[]) => ({
  tool: 'brush' as const,
  region: packMask(strokeOf(...pixels)),
});
const maskOf = (state: AgentState): Mask => {
  const { mask } = getInForce(state);
  if (mask === null) throw new Error('there is no mask');
  return unpackMask(mask);
};
const mustEdit = (...given: Parameters<typeof editMask>) => {
  const turn = editMask(...given);
  if (turn === null) throw new Error('the stroke changed nothing');
  return turn;
};

describe('a box', () => {
  it('goes to the segmenter with the clicks, and is kept in all three spaces with its step', async () => {
    const { context, segmenter } = prepare();
    const clicked = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const { record, state } = await placeUserBox(context, clicked.state, boxAt(0.1), signal);
    const call = segmenter.calls.at(-1);
    expect(call?.clicks).toHaveLength(1);
    expect(call?.box?.topLeft).toEqual({ x: 0.1, y: 0.1 });
    expect(call?.box?.bottomRight.x).toBeCloseTo(0.3, 9);
    expect(getInForce(state).prompts.box).toMatchObject({
      stepIndex: 1,
      placedBy: 'user',
      // The grid's i runs to the patient's right: column 1 is i = 8.
      topLeft: { voxel: { i: 8, j: 0, k: 2 }, world: { x: 92, y: 0, z: 6 } },
    });
    expect(record.step.action.kind).toBe('box');
  });

  it('takes the place of the one before, and starts the segmenter anew each time', async () => {
    const { context, segmenter } = prepare();
    const clicked = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const one = await placeUserBox(context, clicked.state, boxAt(0.1), signal);
    const two = await placeUserBox(context, one.state, boxAt(0.5), signal);
    expect(getInForce(two.state).prompts.box?.stepIndex).toBe(2);
    expect(segmenter.calls.map(({ previousLogits }) => previousLogits)).toEqual([null, null, null]);
    // A click after it goes on from its logits.
    await placeUserClick(context, two.state, at(0.55), signal);
    expect(segmenter.calls.at(-1)?.previousLogits).toBe(3);
  });

  it('is taken away: the rest is segmented from logits that owe nothing to it', async () => {
    const { context, segmenter } = prepare();
    const clicked = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const boxed = await placeUserBox(context, clicked.state, boxAt(0.1), signal);
    const more = await placeUserClick(context, boxed.state, at(0.55), signal);
    const { state } = await removeBox(context, more.state, signal);
    expect(segmenter.calls.at(-1)).toMatchObject({ box: null, previousLogits: 1 });
    expect(getInForce(state).prompts.clicks).toHaveLength(2);
    await expect(removeBox(context, state, signal)).rejects.toMatchObject({
      code: 'session-state',
      message: 'There is no box to remove.',
    });
  });

  it('is back after an undo of what replaced it, without a run of the segmenter', async () => {
    const { context, segmenter } = prepare();
    const one = await placeUserBox(context, emptyAgentState, boxAt(0.1), signal);
    const two = await placeUserBox(context, one.state, boxAt(0.5), signal);
    const undone = undoStep(two.state) ?? emptyAgentState;
    expect(getInForce(undone)).toEqual(getInForce(one.state));
    expect(segmenter.calls).toHaveLength(2);
  });
});

describe('a scribble', () => {
  it('goes to the segmenter as a line, from the logits in force', async () => {
    const { context, segmenter } = prepare();
    const clicked = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const { state } = await drawUserScribble(
      context,
      clicked.state,
      lineAt(0.3, 'exclude'),
      signal,
    );
    expect(segmenter.calls.at(-1)).toMatchObject({
      scribbles: [lineAt(0.3, 'exclude')],
      previousLogits: 1,
    });
    expect(getInForce(state).prompts.scribbles).toMatchObject([
      { stepIndex: 1, label: 'exclude', placedBy: 'user' },
    ]);
  });

  it('is taken away by the step that drew it, the others stay', async () => {
    const { context, segmenter } = prepare();
    const one = await drawUserScribble(context, emptyAgentState, lineAt(0.3), signal);
    const two = await drawUserScribble(context, one.state, lineAt(0.6), signal);
    const { state } = await removeScribble(context, two.state, 0, signal);
    expect(getInForce(state).prompts.scribbles.map(({ stepIndex }) => stepIndex)).toEqual([1]);
    expect(segmenter.calls.at(-1)?.previousLogits).toBeNull(); // every logit owes to the first
    await expect(removeScribble(context, state, 0, signal)).rejects.toMatchObject({
      code: 'session-state',
    });
  });

  it('is told to the policy as the point in its middle, in order with the clicks', async () => {
    const { context } = prepare();
    const one = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const two = await drawUserScribble(context, one.state, lineAt(0.3, 'exclude'), signal);
    const three = await placeUserClick(context, two.state, at(0.95), signal);
    expect(buildObservation(context, three.state).history).toEqual([
      'Positive Point (0.1500, 0.5000)',
      'Negative Point (0.3500, 0.3000)',
      'Positive Point (0.9500, 0.5000)',
    ]);
    const four = await removeClick(context, three.state, 1, signal); // the second click, not the scribble
    expect(buildObservation(context, four.state).history).toEqual([
      'Positive Point (0.1500, 0.5000)',
      'Negative Point (0.3500, 0.3000)',
    ]);
    const five = await removeScribble(context, four.state, 1, signal);
    expect(buildObservation(context, five.state).history).toEqual([
      'Positive Point (0.1500, 0.5000)',
    ]);
  });
});

describe('an edit by hand', () => {
  it('adds what the brush covers and takes what the eraser covers, and runs no model', async () => {
    const { context, segmenter } = prepare();
    const clicked = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const before = maskOf(clicked.state);
    const painted = mustEdit(context, clicked.state, brush(3, 4, 5));
    expect(maskOf(painted.state)).toEqual(uniteMasks(before, strokeOf(3, 4, 5)));
    const erased = mustEdit(context, painted.state, { ...brush(4, 70), tool: 'eraser' });
    expect(maskOf(erased.state)).toEqual(subtractMask(maskOf(painted.state), strokeOf(4, 70)));
    expect(segmenter.calls).toHaveLength(1);
    expect(erased.record.step).toMatchObject({
      action: { kind: 'edit', tool: 'eraser' },
      score: null,
      policyText: '',
      segmenterMs: 0,
    });
    expect(getInForce(erased.state).prompts).toEqual(getInForce(clicked.state).prompts);
    expect(countPolicySteps(erased.state)).toBe(0);
  });

  it('is where the next prompt and the policy go on from', async () => {
    const { context, segmenter } = prepare();
    const clicked = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const painted = mustEdit(context, clicked.state, brush(3, 4, 5));
    const observation = buildObservation(context, painted.state);
    expect(observation.mask).toEqual(maskOf(painted.state));
    expect(observation.history).toHaveLength(1);
    await placeUserClick(context, painted.state, at(0.55), signal);
    expect(segmenter.calls.at(-1)?.previousLogits).toBe(-countMaskPixels(maskOf(painted.state)));
  });

  it('begins a mask where there is none, and leaves none to start from where all is erased', () => {
    const { context } = prepare();
    const painted = mustEdit(context, emptyAgentState, brush(3, 4));
    expect(countMaskPixels(maskOf(painted.state))).toBe(2);
    const erased = mustEdit(context, painted.state, { ...brush(3, 4), tool: 'eraser' });
    expect(countMaskPixels(maskOf(erased.state))).toBe(0);
    expect(getInForce(erased.state).lowResLogits).toBeNull();
  });

  it('is never lost by taking a prompt away', async () => {
    const { context, segmenter } = prepare();
    const one = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const two = await placeUserClick(context, one.state, at(0.55), signal);
    const painted = mustEdit(context, two.state, brush(3, 4, 5));
    const removed = await removeClick(context, painted.state, 0, signal);
    expect(segmenter.calls.at(-1)?.previousLogits).toBe(-countMaskPixels(maskOf(painted.state)));
    // Without any prompt there is nothing to segment: what the hand drew stands.
    const calls = segmenter.calls.length;
    const alone = await removeClick(
      context,
      mustEdit(context, removed.state, brush(7)).state,
      0,
      signal,
    );
    expect(segmenter.calls).toHaveLength(calls);
    expect(maskOf(alone.state)).toEqual(uniteMasks(maskOf(removed.state), strokeOf(7)));
  });

  it('is started from by a box, which else begins anew', async () => {
    const { context, segmenter } = prepare();
    const painted = mustEdit(context, emptyAgentState, brush(3, 4, 5));
    await placeUserBox(context, painted.state, boxAt(0.1), signal);
    expect(segmenter.calls.at(-1)?.previousLogits).toBe(-3);
  });

  it('is undone to the mask before it', async () => {
    const { context } = prepare();
    const clicked = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const painted = mustEdit(context, clicked.state, brush(3, 4, 5));
    const undone = undoStep(painted.state) ?? emptyAgentState;
    expect(getInForce(undone)).toEqual(getInForce(clicked.state));
  });

  it('makes no step of a stroke that changes nothing', () => {
    const { context } = prepare();
    expect(editMask(context, emptyAgentState, { ...brush(3), tool: 'eraser' })).toBeNull();
    const painted = mustEdit(context, emptyAgentState, brush(3, 4));
    expect(editMask(context, painted.state, brush(4))).toBeNull();
  });

  it('is refused with a sentence when it was drawn on an image of another size', () => {
    const { context } = prepare();
    const region = packMask(emptyMask(8, 10));
    expect(() => editMask(context, emptyAgentState, { tool: 'brush', region })).toThrow(
      expect.objectContaining({
        code: 'bad-message',
        message: 'The stroke was drawn on an image of 8 x 10 pixels, but this slice has 10 x 8.',
      }),
    );
  });
});
