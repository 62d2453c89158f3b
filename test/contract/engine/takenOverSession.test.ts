import { describe, expect, it } from 'vitest';

import { emptyMask, packMask, uniteMasks, unpackMask } from '../../../src/domain/mask.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import type { Policy } from '../../../src/engine/agent/types.js';
import { getSession } from '../../../src/engine/store/index.js';
import { makeScriptedWorld, scriptPolicy, click, stop } from './scriptedWorld.js';

describe('a session that a user takes over, with the real segmenter and store', () => {
  const world = makeScriptedWorld();

  it("interrupts the policy's turn for a user's click, applies it at once, and the policy goes on from it", async () => {
    const script = scriptPolicy([
      `<think>${'word '.repeat(2000)}</think>`,
      click('0.6400', '0.4800'),
      stop('Done.'),
    ]);
    world.policy = script.policy;
    const sessionId = await world.start();
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    const stopped = world.untilState('stopped');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    const after = await world.sessions.handlers.addClick({
      sessionId,
      label: 'include',
      normalised: { x: 0.65, y: 0.44 },
    });
    expect(after).toMatchObject({ runState: 'running', steps: [{ stepIndex: 0 }] });
    await stopped;
    const { steps } = getSession(world.store, sessionId);
    expect(
      steps.map(({ action }) => (action.kind === 'click' ? action.click.placedBy : action.kind)),
    ).toEqual(['user', 'policy', 'terminate']);
    expect(script.seen[1]?.history).toEqual(['Positive Point (0.6500, 0.4400)']);
    expect(script.seen[1]?.mask).not.toBeNull();
  });

  it('counts no interrupted turn: one step was asked for, and one is taken', async () => {
    const script = scriptPolicy([
      `<think>${'word '.repeat(2000)}</think>`,
      click('0.6400', '0.4800'),
      stop('Done.'),
    ]);
    world.policy = script.policy;
    const sessionId = await world.start();
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    const paused = world.untilState('paused');
    await world.sessions.handlers.stepSession({ sessionId });
    await begun;
    await world.sessions.handlers.setBox({
      sessionId,
      topLeft: { x: 0.55, y: 0.35 },
      bottomRight: { x: 0.72, y: 0.55 },
    });
    await paused;
    const { steps, box } = getSession(world.store, sessionId);
    expect(steps.map(({ action }) => action.kind)).toEqual(['box', 'click']);
    expect(box?.stepIndex).toBe(0);
    // The grammar has no word for a box: the policy sees what came of it.
    expect(script.seen[1]).toMatchObject({ history: [] });
    expect(script.seen[1]?.mask).not.toBeNull();
  });

  it('shows the policy a mask that was edited by hand while it ran, and a scribble in its own grammar', async () => {
    const script = scriptPolicy([
      `<think>${'word '.repeat(2000)}</think>`,
      `<think>${'word '.repeat(2000)}</think>`,
      stop('Done.'),
    ]);
    world.policy = script.policy;
    const sessionId = await world.start();
    const stopped = world.untilState('stopped');
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    const again = world.until((event) => event.kind === 'policyTextGrew' && event.stepIndex === 1);
    const scribbled = await world.sessions.handlers.addScribble({
      sessionId,
      label: 'include',
      points: [
        { x: 0.64, y: 0.4 },
        { x: 0.66, y: 0.5 },
      ],
    });
    await again;
    const mask = scribbled.steps[0]?.mask;
    if (mask == null) throw new Error('the scribble made no mask');
    const region = emptyMask(mask.width, mask.height);
    region.data.fill(1, 0, mask.width * 3); // three rows on top
    const edited = await world.sessions.handlers.editMask({
      sessionId,
      tool: 'brush',
      region: packMask(region),
    });
    await stopped;
    const painted = uniteMasks(unpackMask(mask), region);
    expect(edited.steps[1]).toMatchObject({
      action: { kind: 'edit', tool: 'brush' },
      score: null,
      mask: packMask(painted),
    });
    expect(script.seen[2]?.history).toEqual(['Positive Point (0.6500, 0.4500)']);
    expect(script.seen[2]?.mask).toEqual(painted);
  });

  const long = `<think>${'word '.repeat(2000)}</think>`;
  const here = { label: 'include' as const, normalised: { x: 0.65, y: 0.44 } };
  const untilHeld = (reason: 'drawing' | 'acting' | 'going-on' | null): Promise<void> =>
    world.until((event) => event.kind === 'runHeld' && event.reason === reason);
  const kindsOf = (session: SegmentationSession): string[] =>
    session.steps.map(({ action }) =>
      action.kind === 'click' ? `${action.click.placedBy} click` : action.kind,
    );

  it('waits while a hand is on the image, and drops what the policy was about to do', async () => {
    const script = scriptPolicy([long, stop('Target absent.')]);
    world.policy = script.policy;
    const sessionId = await world.start();
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    const stopped = world.untilState('stopped');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    const held = untilHeld('drawing');
    await world.sessions.handlers.holdRun({ sessionId, isDrawing: true });
    await held;
    expect(script.seen).toHaveLength(1);
    // The hand lets go without an act: the run goes on at once.
    await world.sessions.handlers.holdRun({ sessionId, isDrawing: false });
    await stopped;
    expect(kindsOf(getSession(world.store, sessionId))).toEqual(['terminate']);
    expect(script.seen).toHaveLength(2);
  });

  it('tells that it goes on after an act, and stays paused when asked for in that moment', async () => {
    const script = scriptPolicy([long, stop('Done.')]);
    world.policy = script.policy;
    const sessionId = await world.start();
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    const paused = world.untilState('paused');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    const goingOn = untilHeld('going-on');
    const acted = world.sessions.handlers.addClick({ sessionId, ...here });
    await goingOn;
    await world.sessions.handlers.pauseSession({ sessionId });
    await Promise.all([acted, paused]);
    expect(kindsOf(getSession(world.store, sessionId))).toEqual(['user click']);
    expect(script.seen).toHaveLength(1);
    // Asked for, it goes on from the correction, in its own words.
    const stopped = world.untilState('stopped');
    await world.sessions.handlers.runSession({ sessionId });
    await stopped;
    expect(script.seen[1]?.history).toEqual(['Positive Point (0.6500, 0.4400)']);
    expect(packMask(script.seen[1]?.mask ?? emptyMask(1, 1))).toEqual(
      getSession(world.store, sessionId).steps[0]?.mask,
    );
  });

  it('drops the step that ends the run where the user acts before it is stored', async () => {
    const script = scriptPolicy([stop('Done.'), click('0.6400', '0.4800'), stop('Done.')]);
    let act: Promise<unknown> = Promise.resolve();
    const sessionId = await world.start();
    const answer: Policy['nextAction'] = (...args) => script.policy.nextAction(...args);
    world.policy = {
      ...script.policy,
      // The user acts in the very moment in which the policy's last word has come.
      nextAction: async (observation, options) => {
        const reply = await answer(observation, options);
        if (script.seen.length === 1)
          act = world.sessions.handlers.addClick({ sessionId, ...here });
        return reply;
      },
    };
    const session = await world.run(sessionId);
    await act;
    expect(kindsOf(session)).toEqual(['user click', 'policy click', 'terminate']);
    expect(session.stopReason).toBe('policy-stop');
  });

  it('drops a click that the segmenter is at work on when the user acts', async () => {
    const script = scriptPolicy([click('0.3000', '0.3000'), stop('Done.')]);
    const sessionId = await world.start();
    let acted = false;
    const answer: Policy['nextAction'] = (...args) => script.policy.nextAction(...args);
    world.policy = {
      ...script.policy,
      nextAction: async (observation, options) => {
        const reply = await answer(observation, options);
        // After the policy's words and before its click has a mask.
        if (!acted)
          setTimeout(() => void world.sessions.handlers.addClick({ sessionId, ...here }), 0);
        acted = true;
        return reply;
      },
    };
    const session = await world.run(sessionId);
    expect(kindsOf(session)).toEqual(['user click', 'terminate']);
    expect(session.clicks.map(({ placedBy }) => placedBy)).toEqual(['user']);
  });

  it('waits for the user where their act failed, rather than going on without it', async () => {
    world.policy = scriptPolicy([long]).policy;
    const sessionId = await world.start();
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    const paused = world.untilState('paused');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    await expect(
      world.sessions.handlers.removeClick({ sessionId, clickIndex: 3 }),
    ).rejects.toMatchObject({ code: 'session-state' });
    await paused;
    expect(getSession(world.store, sessionId).steps).toEqual([]);
  });

  it('applies an act that comes with a stop, and is stopped', async () => {
    world.policy = scriptPolicy([long]).policy;
    const sessionId = await world.start();
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    await world.sessions.handlers.cancelSession({ sessionId });
    const after = await world.sessions.handlers.addClick({ sessionId, ...here });
    expect(kindsOf(after)).toEqual(['user click']);
    expect(after).toMatchObject({ runState: 'paused', stopReason: null });
  });

  it('pauses for an undo, and redo brings back the very step, the stop with its answer too', async () => {
    world.policy = scriptPolicy([
      click('0.6500', '0.4400'),
      click('0.6400', '0.4800'),
      stop('Left putamen.'),
    ]).policy;
    const sessionId = await world.start();
    const session = await world.run(sessionId);
    const undone = await world.sessions.handlers.undoStep({ sessionId });
    expect(undone).toMatchObject({ runState: 'paused', stopReason: null, answer: null });
    const redone = await world.sessions.handlers.goToStep({ sessionId, stepIndex: 2 });
    expect(redone).toMatchObject({
      runState: 'stopped',
      stopReason: 'policy-stop',
      answer: 'Left putamen.',
    });
    expect(redone.steps).toEqual(session.steps);
    world.policy = scriptPolicy([long]).policy;
    await world.sessions.handlers.goToStep({ sessionId, stepIndex: 1 });
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    const back = await world.sessions.handlers.undoStep({ sessionId });
    expect(back.runState).toBe('paused');
    expect(back.steps.map((step) => step.undone)).toEqual([false, true, true]);
  });

  it('goes on from an earlier step, shows the policy that branch alone, and keeps the other', async () => {
    const script = scriptPolicy([
      click('0.6500', '0.4400'),
      click('0.6400', '0.4800'),
      stop('Left putamen.'),
      stop('Done.'),
    ]);
    world.policy = script.policy;
    const sessionId = await world.start();
    const first = await world.run(sessionId);
    await world.sessions.handlers.goToStep({ sessionId, stepIndex: 0 });
    await world.sessions.handlers.addClick({
      sessionId,
      label: 'exclude',
      normalised: { x: 0.6, y: 0.5 },
    });
    const second = await world.run(sessionId);
    expect(second.steps.map((step) => [step.followsStepIndex, step.undone])).toEqual([
      [null, false],
      [0, true],
      [1, true],
      [0, false],
      [3, false],
    ]);
    expect(script.seen.at(-1)?.history).toEqual([
      'Positive Point (0.6500, 0.4400)',
      'Negative Point (0.6000, 0.5000)',
    ]);
    const switched = await world.sessions.handlers.goToStep({ sessionId, stepIndex: 2 });
    expect(switched.steps.slice(0, 3)).toEqual(first.steps);
    expect(switched.clicks).toEqual(first.clicks);
    expect(switched.answer).toBe('Left putamen.');
    // Taken up again from the store, it stands where it was left.
    expect(getSession(world.store, sessionId).steps.map((step) => step.undone)).toEqual([
      ...[false, false, false],
      ...[true, true],
    ]);
    await expect(
      world.sessions.handlers.goToStep({ sessionId, stepIndex: 9 }),
    ).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
