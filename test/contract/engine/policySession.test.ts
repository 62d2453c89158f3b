import { describe, expect, it } from 'vitest';

import { closeStore, getSession, openStore } from '../../../src/engine/store/index.js';
import { makeScriptedWorld, scriptPolicy, click, stop, TOKEN_MS } from './scriptedWorld.js';

describe('a session that a policy drives, with the real segmenter and store', () => {
  const world = makeScriptedWorld();

  it('runs until the policy stops, and stores each step before it tells of it', async () => {
    const script = scriptPolicy([
      click('0.6500', '0.4400'),
      click('0.6400', '0.4800'),
      stop('Left putamen.'),
    ]);
    world.policy = script.policy;
    const sessionId = await world.start();
    const storedWhenTold: boolean[] = [];
    world.onEvent = (event) => {
      if (event.kind === 'stepSaved')
        storedWhenTold.push(
          getSession(world.store, sessionId).steps.length === event.step.stepIndex + 1,
        );
    };
    const session = await world.run(sessionId);
    expect(session).toMatchObject({
      runState: 'stopped',
      stopReason: 'policy-stop',
      answer: 'Left putamen.',
    });
    expect(session.steps.map((step) => step.action.kind)).toEqual(['click', 'click', 'terminate']);
    expect(storedWhenTold).toEqual([true, true, true]);
    // It looked again each time: at nothing, then at its own masks.
    expect(script.seen.map(({ mask }) => mask !== null)).toEqual([false, true, true]);
    const texts = world.events.flatMap((event) => (event.kind === 'policyTextGrew' ? [event] : []));
    expect(texts.length).toBeGreaterThan(2);
    for (const { stepIndex, text } of texts)
      expect(session.steps[stepIndex]?.policyText.startsWith(text)).toBe(true);
  });

  it('keeps no mask when the policy says that the target is absent', async () => {
    world.policy = scriptPolicy([stop('Target absent.')]).policy;
    const session = await world.run(await world.start());
    expect(session.stopReason).toBe('target-absent');
    expect(session.steps.at(-1)?.mask).toBeNull();
  });

  it('tells the policy once what was wrong with its text, then ends as failed', async () => {
    const script = scriptPolicy(['I would click in the middle.']);
    world.policy = script.policy;
    const session = await world.run(await world.start());
    expect(session.stopReason).toBe('failed');
    expect(session.failure).toMatch(/could not be read/);
    expect(script.seen.map(({ error }) => error !== '')).toEqual([false, true]);
  });

  it('stops at the step limit and says so, and goes on for as many again when run', async () => {
    const spots = ['0.6000', '0.6200', '0.6400', '0.6600', '0.6800', '0.7000'];
    world.policy = scriptPolicy(spots.map((x) => click(x, '0.4400'))).policy;
    const sessionId = await world.start(2);
    expect((await world.run(sessionId)).stopReason).toBe('step-limit');
    const more = await world.run(sessionId);
    expect(more.stopReason).toBe('step-limit');
    expect(more.steps).toHaveLength(4);
  });

  it('takes one step when asked for one, and waits', async () => {
    world.policy = scriptPolicy([click('0.6500', '0.4400'), click('0.6400', '0.4800')]).policy;
    const sessionId = await world.start();
    const paused = world.untilState('paused');
    await world.sessions.handlers.stepSession({ sessionId });
    await paused;
    expect(getSession(world.store, sessionId)).toMatchObject({
      runState: 'paused',
      stopReason: null,
    });
    expect(getSession(world.store, sessionId).steps).toHaveLength(1);
  });

  it('pauses after the step in progress', async () => {
    world.policy = scriptPolicy([
      click('0.6500', '0.4400'),
      click('0.6400', '0.4800'),
      stop('Done.'),
    ]).policy;
    const sessionId = await world.start();
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    const paused = world.untilState('paused');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    await world.sessions.handlers.pauseSession({ sessionId });
    await paused;
    expect(getSession(world.store, sessionId).steps).toHaveLength(1);
    expect((await world.run(sessionId)).stopReason).toBe('policy-stop');
  });

  it('answers a cancel within a few tokens and keeps the session fit to run', async () => {
    world.policy = scriptPolicy([`<think>${'word '.repeat(2000)}</think>`]).policy;
    const sessionId = await world.start();
    const begun = world.until((event) => event.kind === 'policyTextGrew');
    const stopped = world.untilState('stopped');
    await world.sessions.handlers.runSession({ sessionId });
    await begun;
    const askedMs = performance.now();
    await world.sessions.handlers.cancelSession({ sessionId });
    await stopped;
    expect(performance.now() - askedMs).toBeLessThan(20 * TOKEN_MS);
    expect(getSession(world.store, sessionId)).toMatchObject({
      stopReason: 'user-stop',
      steps: [],
    });
    world.policy = scriptPolicy([stop('Target absent.')]).policy;
    expect((await world.run(sessionId)).stopReason).toBe('target-absent');
  });

  it('refuses a second run, and a decision, while it runs', async () => {
    world.policy = scriptPolicy([`<think>${'word '.repeat(2000)}</think>`]).policy;
    const sessionId = await world.start();
    const stopped = world.untilState('stopped');
    await world.sessions.handlers.runSession({ sessionId });
    const code = { code: 'session-state' };
    await expect(world.sessions.handlers.runSession({ sessionId })).rejects.toMatchObject(code);
    await expect(
      world.sessions.handlers.decideSession({ sessionId, decision: 'accepted' }),
    ).rejects.toMatchObject(code);
    await world.sessions.handlers.cancelSession({ sessionId });
    await stopped;
  });

  it('is left as it stood when the engine closes in the middle of a run, and is offered at the next start', async () => {
    world.policy = scriptPolicy([
      click('0.6500', '0.4400'),
      `<think>${'word '.repeat(2000)}</think>`,
    ]).policy;
    const sessionId = await world.start();
    const saved = world.until((event) => event.kind === 'stepSaved');
    await world.sessions.handlers.runSession({ sessionId });
    await saved;
    await world.sessions.close();
    closeStore(world.store);
    const again = openStore(world.dataDir);
    if (!again.ok) throw new Error(again.error.message);
    world.store = again.value;
    expect(world.store.interrupted).toEqual([sessionId]);
    const session = getSession(world.store, sessionId);
    expect(session).toMatchObject({ runState: 'paused', stopReason: null });
    expect(session.steps).toHaveLength(1);
  });
});
