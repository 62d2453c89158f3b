import { describe, expect, it } from 'vitest';

import { IbisError } from '../../../src/contract/errors.js';
import { countMaskPixels, unpackMask } from '../../../src/domain/mask.js';
import {
  emptyAgentState,
  getInForce,
  moveToStep,
  undoStep,
} from '../../../src/engine/agent/agentState.js';
import { placeUserClick, removeClick } from '../../../src/engine/agent/prompting.js';
import { buildObservation, runAgentLoop } from '../../../src/engine/agent/runAgentLoop.js';
import { createPointSegmenter, createScriptedPolicy, createTestContext } from './doubles.js';
import type { AgentState } from '../../../src/engine/agent/agentState.js';
import type { AgentEnd, AgentRun } from '../../../src/engine/agent/runAgentLoop.js';

const include = '<think>in</think><action>Positive Point (0.1500, 0.3000)</action>';
const includeElsewhere = '<think>on</think><action>Positive Point (0.5500, 0.3000)</action>';
const exclude = '<think>out</think><action>Negative Point (0.8500, 0.9000)</action>';
const stop =
  '<think>ok</think><action>Terminate</action><answer>Segmented: left ventricle.</answer>';
const absent =
  '<think>no</think><action>Terminate</action><answer>Target absent: no heart.</answer>';

function prepare(texts: readonly string[], changes: Partial<AgentRun> = {}) {
  const segmenter = createPointSegmenter();
  const policy = createScriptedPolicy(texts);
  const context = createTestContext(segmenter);
  const run: AgentRun = {
    context,
    state: emptyAgentState,
    policy,
    maxSteps: 20,
    parseRetries: 0,
    seed: 1,
    signal: new AbortController().signal,
    ...changes,
  };
  return { run, policy, segmenter, context };
}

async function finish(run: AgentRun): Promise<{ state: AgentState; end: AgentEnd }> {
  let state = run.state;
  for await (const event of runAgentLoop(run)) {
    if (event.kind === 'end') return { state, end: event };
    state = event.state;
  }
  throw new Error('the loop ended without saying why');
}

const actionsOf = (state: AgentState): string[] =>
  state.records.map(({ step }) => step.action.kind);

describe('the agent loop', () => {
  it('clicks until the policy terminates, and gives its answer', async () => {
    const { run, policy, segmenter } = prepare([include, exclude, stop]);
    const { state, end } = await finish(run);
    expect(end).toMatchObject({ stopReason: 'policy-stop', answer: 'Segmented: left ventricle.' });
    expect(actionsOf(state)).toEqual(['click', 'click', 'terminate']);
    expect(state.records.map(({ step }) => step.stepIndex)).toEqual([0, 1, 2]);
    expect(state.records.map(({ step }) => step.reasoning)).toEqual(['in', 'out', 'ok']);
    expect(segmenter.calls.map(({ clicks }) => clicks.length)).toEqual([1, 2]);
    expect(segmenter.calls.map(({ previousLogits }) => previousLogits)).toEqual([null, 1]);
    expect(policy.seen.map(({ history }) => history)).toEqual([
      [],
      ['Positive Point (0.1500, 0.3000)'],
      ['Positive Point (0.1500, 0.3000)', 'Negative Point (0.8500, 0.9000)'],
    ]);
    expect(policy.seen.map(({ mask }) => mask && countMaskPixels(mask))).toEqual([null, 1, 1]);
  });

  it('stores a click in normalised, voxel and patient coordinates', async () => {
    const { run } = prepare([include, stop]);
    const { state } = await finish(run);
    // The grid's i runs to the patient's right, so the image is flipped: column 1 is i = 8.
    expect(getInForce(state).prompts.clicks).toEqual([
      {
        index: 0,
        label: 'include',
        placedBy: 'policy',
        normalised: { x: 0.15, y: 0.3 },
        voxel: { i: 8, j: 2, k: 2 },
        world: { x: 92, y: 4, z: 6 },
      },
    ]);
  });

  it('ends without a mask when the policy says that the target is absent', async () => {
    const { run } = prepare([include, absent]);
    const { state, end } = await finish(run);
    expect(end).toMatchObject({ stopReason: 'target-absent', answer: 'Target absent: no heart.' });
    expect(getInForce(state).mask).toBeNull();
  });

  it('takes a stop without any mask as an absent target', async () => {
    const { run } = prepare([stop]);
    expect((await finish(run)).end.stopReason).toBe('target-absent');
  });

  it('stops at the step limit and says so', async () => {
    const { run } = prepare([include, includeElsewhere, exclude, stop], { maxSteps: 3 });
    const { state, end } = await finish(run);
    expect(end.stopReason).toBe('step-limit');
    expect(state.records).toHaveLength(3);
  });

  it('goes on for as many steps again after the limit', async () => {
    const texts = Array.from(
      { length: 9 },
      (_, t) =>
        `<think>${String(t)}</think><action>Positive Point (0.${String(t)}500, 0.3000)</action>`,
    );
    const { run } = prepare(texts, { maxSteps: 3 });
    const first = await finish(run);
    const second = await finish({ ...run, state: first.state });
    expect(second.end.stopReason).toBe('step-limit');
    expect(second.state.records).toHaveLength(6);
  });

  it('counts the steps of a resumed run towards the same limit', async () => {
    const { run } = prepare([include, includeElsewhere, exclude, include], { maxSteps: 3 });
    const first = await runAgentLoop(run).next();
    if (first.value?.kind !== 'step') throw new Error('no step');
    const resumed = await finish({ ...run, state: first.value.state });
    expect(resumed.state.records).toHaveLength(3);
  });

  it('stops at the third identical action', async () => {
    const { run } = prepare([exclude, include]);
    const { state, end } = await finish(run);
    expect(end.stopReason).toBe('repeated-action');
    expect(state.records).toHaveLength(4);
  });

  it('fails at once on text that does not parse, when no retry is given', async () => {
    const { run } = prepare(['I cannot help.', stop]);
    const { state, end } = await finish(run);
    expect(end).toMatchObject({ stopReason: 'failed', failure: { code: 'model-failed' } });
    expect(actionsOf(state)).toEqual(['unparsed']);
    expect(state.records[0]?.step.policyText).toBe('I cannot help.');
  });

  it('tells the policy once what was wrong, and goes on when it then parses', async () => {
    const { run, policy } = prepare([include, 'hm', exclude, 'hm', stop], { parseRetries: 1 });
    const { state, end } = await finish(run);
    expect(end.stopReason).toBe('policy-stop');
    expect(actionsOf(state)).toEqual(['click', 'unparsed', 'click', 'unparsed', 'terminate']);
    expect(policy.seen.map(({ error }) => error !== '')).toEqual([false, false, true, false, true]);
    expect(getInForce(state).mask).not.toBeNull();
  });

  it('fails when the retry does not parse either', async () => {
    const { run } = prepare(['hm', 'ha', stop], { parseRetries: 1 });
    const { state, end } = await finish(run);
    expect(end.stopReason).toBe('failed');
    expect(actionsOf(state)).toEqual(['unparsed', 'unparsed']);
  });

  it('ends as failed, with the code, when a model fails', async () => {
    const { run, segmenter } = prepare([include]);
    const broken = {
      ...segmenter,
      segment: () => Promise.reject(new IbisError('model-failed', 'The segmenter stopped.')),
    };
    const { end } = await finish({ ...run, context: { ...run.context, segmenter: broken } });
    expect(end).toMatchObject({
      stopReason: 'failed',
      failure: { code: 'model-failed', message: 'The segmenter stopped.' },
    });
  });

  it('ends as stopped by the user when it is cancelled between steps or inside one', async () => {
    const controller = new AbortController();
    const { run } = prepare([include], { signal: controller.signal });
    const events = runAgentLoop(run);
    await events.next();
    controller.abort();
    expect((await events.next()).value).toMatchObject({ kind: 'end', stopReason: 'user-stop' });

    const inside = new AbortController();
    const second = prepare([include], {
      signal: inside.signal,
      onText: () => {
        inside.abort();
      },
    });
    const failing = {
      ...second.segmenter,
      segment: () => Promise.reject(new DOMException('cancelled', 'AbortError')),
    };
    const context = { ...second.run.context, segmenter: failing };
    expect((await finish({ ...second.run, context })).end.stopReason).toBe('user-stop');
  });

  it('passes the streamed text on with the index of its step', async () => {
    const texts: [number, string][] = [];
    const { run } = prepare([include, stop], {
      onText: (index, text) => texts.push([index, text]),
    });
    await finish(run);
    expect(texts).toEqual([
      [0, include],
      [1, stop],
    ]);
  });

  it("lets a user's click in between two steps, and shows it to the policy", async () => {
    const { run, policy, context } = prepare([include, stop]);
    const events = runAgentLoop(run);
    const first = await events.next();
    if (first.value?.kind !== 'step') throw new Error('no step');
    const act = await placeUserClick(
      context,
      first.value.state,
      { label: 'include', normalised: { x: 0.75, y: 0.5 } },
      run.signal,
    );
    const second = await events.next(act.state);
    if (second.value?.kind !== 'step') throw new Error('no step');
    expect(actionsOf(second.value.state)).toEqual(['click', 'click', 'terminate']);
    expect(policy.seen[1]?.history).toEqual([
      'Positive Point (0.1500, 0.3000)',
      'Positive Point (0.7500, 0.5000)',
    ]);
    expect((await events.next()).value).toMatchObject({ stopReason: 'policy-stop' });
  });

  it('does not take equal clicks for a repetition when the user acted between them', async () => {
    const { run, context } = prepare([include, include, include, stop]);
    const events = runAgentLoop(run);
    await events.next();
    const second = await events.next();
    if (second.value?.kind !== 'step') throw new Error('no step');
    const act = await placeUserClick(
      context,
      second.value.state,
      { label: 'exclude', normalised: { x: 0.75, y: 0.5 } },
      run.signal,
    );
    expect((await events.next(act.state)).value).toMatchObject({ kind: 'step' });
    expect((await events.next()).value).toMatchObject({ kind: 'step' });
    expect((await events.next()).value).toMatchObject({ stopReason: 'policy-stop' });
  });
});

describe('acts of the user', () => {
  const signal = new AbortController().signal;
  const at = (x: number) => ({ label: 'include' as const, normalised: { x, y: 0.5 } });

  it('undoes a step without running a model, and keeps it in the record', async () => {
    const { context, segmenter } = prepare([]);
    const one = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const two = await placeUserClick(context, one.state, at(0.55), signal);
    const undone = undoStep(two.state);
    expect(segmenter.calls).toHaveLength(2);
    const state = undone ?? emptyAgentState;
    expect(getInForce(state)).toEqual(getInForce(one.state));
    expect(state.records.map(({ step }) => step.undone)).toEqual([false, true]);
    const three = await placeUserClick(context, state, at(0.95), signal);
    expect(three.record.step.stepIndex).toBe(2);
    expect(segmenter.calls.at(-1)?.previousLogits).toBe(1);
    expect(three.record.step.prompts.clicks.map(({ normalised }) => normalised.x)).toEqual([
      0.15, 0.95,
    ]);
  });

  it('says so when there is nothing to undo', () => {
    expect(undoStep(emptyAgentState)).toBeNull();
  });

  it('goes on from any step, keeps what was made after it as a branch, and finds back to it', async () => {
    const { context, segmenter } = prepare([]);
    const one = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const two = await placeUserClick(context, one.state, at(0.55), signal);
    const three = await placeUserClick(context, two.state, at(0.75), signal);
    const back = moveToStep(three.state, 0);
    const other = await placeUserClick(context, back ?? emptyAgentState, at(0.95), signal);
    expect(other.record.step).toMatchObject({ stepIndex: 3, followsStepIndex: 0 });
    expect(other.state.records.map(({ step }) => step.undone)).toEqual([false, true, true, false]);
    const again = moveToStep(other.state, 2);
    expect(again?.records.map(({ step }) => step.undone)).toEqual([false, false, false, true]);
    expect(getInForce(again ?? emptyAgentState)).toEqual(getInForce(three.state));
    expect(segmenter.calls).toHaveLength(4); // no way back costs a model
    expect(moveToStep(three.state, 7)).toBeNull();
    expect(getInForce(moveToStep(three.state, null) ?? emptyAgentState).mask).toBeNull();
  });

  it('removes a click, renumbers the others and segments from logits that owe nothing to it', async () => {
    const { context, segmenter } = prepare([]);
    const one = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const two = await placeUserClick(context, one.state, at(0.55), signal);
    const three = await placeUserClick(context, two.state, at(0.95), signal);
    const removed = await removeClick(context, three.state, 1, signal);
    expect(removed.record.step.action).toEqual({
      kind: 'remove-click',
      clickIndex: 1,
      placedBy: 'user',
    });
    expect(
      removed.record.step.prompts.clicks.map(({ index, normalised }) => [index, normalised.x]),
    ).toEqual([
      [0, 0.15],
      [1, 0.95],
    ]);
    expect(segmenter.calls.at(-1)?.previousLogits).toBe(1);
    const { mask } = getInForce(removed.state);
    expect(mask && countMaskPixels(unpackMask(mask))).toBe(2);
  });

  it('has no mask once the last click is removed', async () => {
    const { context, segmenter } = prepare([]);
    const one = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const removed = await removeClick(context, one.state, 0, signal);
    expect(getInForce(removed.state)).toEqual({
      prompts: { clicks: [], box: null, scribbles: [] },
      mask: null,
      score: null,
      lowResLogits: null,
    });
    expect(segmenter.calls).toHaveLength(1);
    expect(getInForce(undoStep(removed.state) ?? emptyAgentState).prompts.clicks).toHaveLength(1);
  });

  it('refuses to remove a click that is not there', async () => {
    const { context } = prepare([]);
    await expect(removeClick(context, emptyAgentState, 0, signal)).rejects.toMatchObject({
      code: 'session-state',
      message: 'There is no click 1 to remove.',
    });
  });

  it('shows the policy the mask and the clicks that are in force', async () => {
    const { context } = prepare([]);
    const one = await placeUserClick(context, emptyAgentState, at(0.15), signal);
    const two = await placeUserClick(context, one.state, at(0.55), signal);
    const state = undoStep(two.state) ?? emptyAgentState;
    const observation = buildObservation(context, state);
    expect(observation.history).toEqual(['Positive Point (0.1500, 0.5000)']);
    expect(observation.mask && countMaskPixels(observation.mask)).toBe(1);
    expect(observation.orientation).toBe("axial, patient's left on the image right");
  });
});
