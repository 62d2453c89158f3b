import { describe, expect, it } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import { noPrompts } from '../../../src/domain/prompts.js';
import type { Step } from '../../../src/domain/session.js';
import { getInForce } from '../../../src/engine/agent/agentState.js';
import {
  closeStore,
  createSession,
  decideSession,
  getSession,
  getSessionModels,
  getSessionSource,
  loadStepRecords,
  moveToStep,
  saveStep,
  updateSession,
} from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import {
  mustOpen,
  newSession,
  sampleBox,
  sampleClick,
  sampleScribble,
  sampleStep,
  sessionWithSteps,
} from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();

/** What the loop takes a session up from. */
const resume = (store: Store, sessionId: SessionId) =>
  getInForce({ records: loadStepRecords(store, sessionId) });

describe('a stored session', () => {
  it('reads back after a restart exactly as it was written, steps, clicks and masks included', () => {
    const folder = newFolder();
    const first = mustOpen(folder);
    const input = newSession();
    const { sessionId } = createSession(first, input);
    const steps = [0, 1, 2].map((stepIndex) => sampleStep(sessionId, stepIndex));
    for (const step of steps) saveStep(first, step);
    saveStep(first, {
      sessionId,
      step: {
        ...sampleStep(sessionId, 3).step,
        action: { kind: 'terminate', answer: 'The left ventricle is outlined.' },
        prompts: steps[2]?.step.prompts ?? noPrompts,
        mask: steps[2]?.step.mask ?? null,
      },
      lowResLogits: null,
      change: { runState: 'stopped', stopReason: 'policy-stop', answer: 'Outlined.' },
    });
    closeStore(first);

    const second = mustOpen(folder);
    const session = getSession(second, sessionId);
    expect(session.settings).toEqual(input.settings);
    expect(session.steps.slice(0, 3)).toEqual(steps.map((step) => step.step));
    expect(session.steps[3]?.action).toEqual({
      kind: 'terminate',
      answer: 'The left ventricle is outlined.',
    });
    expect(session.clicks).toEqual([0, 1, 2].map(sampleClick));
    // The closing step leaves the segmenter alone: its logits are those of the step before.
    expect(resume(second, sessionId).lowResLogits).toEqual(steps[2]?.lowResLogits);
    expect(session).toMatchObject({
      runState: 'stopped',
      stopReason: 'policy-stop',
      answer: 'Outlined.',
      failure: null,
      decision: null,
    });
    expect(getSessionModels(second, sessionId)).toEqual(input.models);
    expect(getSessionSource(second, sessionId)).toEqual({
      studyId: input.study.studyId,
      studyInstanceUID: input.study.studyInstanceUID,
      seriesId: input.series.seriesId,
      seriesInstanceUID: input.series.seriesInstanceUID,
      sourcePaths: input.sourcePaths,
    });
    closeStore(second);
  });

  it('remembers every place that its study was opened from, the newest first', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = createSession(store, newSession());
    createSession(store, { ...newSession(), sourcePaths: ['/disc', '/data/study two'] });
    expect(getSessionSource(store, sessionId).sourcePaths).toEqual([
      '/disc',
      '/data/study two',
      '/data/study one',
    ]);
    closeStore(store);
  });

  it('keeps an empty mask, no mask, an unparsed text and a removed click apart', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = createSession(store, newSession());
    const base = sampleStep(sessionId, 0);
    saveStep(store, { ...base, step: { ...base.step, mask: packMask(emptyMask(64, 32)) } });
    saveStep(store, {
      ...base,
      step: {
        ...base.step,
        stepIndex: 1,
        mask: null,
        score: null,
        action: { kind: 'unparsed', problem: 'No action was found.' },
      },
    });
    saveStep(store, {
      sessionId,
      lowResLogits: null,
      step: {
        ...base.step,
        stepIndex: 2,
        prompts: noPrompts,
        mask: null,
        action: { kind: 'remove-click', clickIndex: 0, placedBy: 'user' },
      },
    });
    const { steps, clicks } = getSession(store, sessionId);
    expect(steps[0]?.mask).toEqual({ width: 64, height: 32, bounds: null, bits: new Uint8Array() });
    expect(steps[1]).toMatchObject({
      mask: null,
      score: null,
      action: { kind: 'unparsed', problem: 'No action was found.' },
    });
    expect(steps[2]?.action).toEqual({ kind: 'remove-click', clickIndex: 0, placedBy: 'user' });
    expect(clicks).toEqual([]);
    // The last click was removed: nothing of the earlier logits may reach the segmenter again.
    expect(resume(store, sessionId).lowResLogits).toBeNull();
    closeStore(store);
  });

  it('keeps boxes, scribbles and edits by hand, and which of them were in force after each step', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = createSession(store, newSession());
    const [box, otherBox] = [sampleBox(0), sampleBox(1)];
    const [first, second] = [sampleScribble(2), sampleScribble(3)];
    const acts: readonly Pick<Step, 'action' | 'prompts'>[] = [
      { action: { kind: 'box', box }, prompts: { ...noPrompts, box } },
      { action: { kind: 'box', box: otherBox }, prompts: { ...noPrompts, box: otherBox } },
      {
        action: { kind: 'scribble', scribble: first },
        prompts: { ...noPrompts, box: otherBox, scribbles: [first] },
      },
      {
        action: { kind: 'scribble', scribble: second },
        prompts: { ...noPrompts, box: otherBox, scribbles: [first, second] },
      },
      {
        action: { kind: 'remove-scribble', scribbleStepIndex: 2, placedBy: 'user' },
        prompts: { ...noPrompts, box: otherBox, scribbles: [second] },
      },
      {
        action: { kind: 'edit', tool: 'eraser', placedBy: 'user' },
        prompts: { ...noPrompts, box: otherBox, scribbles: [second] },
      },
      {
        action: { kind: 'remove-box', placedBy: 'user' },
        prompts: { ...noPrompts, scribbles: [second] },
      },
    ];
    const saved = acts.map((act, stepIndex) => {
      const sample = sampleStep(sessionId, stepIndex);
      return { ...sample, step: { ...sample.step, ...act } };
    });
    for (const step of saved) saveStep(store, step);
    const session = getSession(store, sessionId);
    expect(session.steps).toEqual(saved.map(({ step }) => step));
    expect(session).toMatchObject({ clicks: [], box: null, scribbles: [second] });
    // Each of these made a mask, and the next prompt starts from its logits.
    expect(loadStepRecords(store, sessionId).map(({ lowResLogits }) => lowResLogits)).toEqual(
      saved.map(({ lowResLogits }) => lowResLogits),
    );
    moveToStep(store, sessionId, 5);
    expect(getSession(store, sessionId)).toMatchObject({ box: otherBox, scribbles: [second] });
    decideSession(store, sessionId, 'edited');
    // Of a decided session the last logits stay, also where a hand made them.
    expect(resume(store, sessionId).lowResLogits).toEqual(saved[5]?.lowResLogits);
    closeStore(store);
  });

  it('refuses what is in force but was never drawn', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = createSession(store, newSession());
    const sample = sampleStep(sessionId, 0);
    const prompts = { ...sample.step.prompts, box: sampleBox(7) };
    expect(() => {
      saveStep(store, { ...sample, step: { ...sample.step, prompts } });
    }).toThrow(/FOREIGN KEY/);
    expect(getSession(store, sessionId).steps).toEqual([]);
    closeStore(store);
  });

  it('resumes after an undo with the clicks, mask and exact logits of the step before', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = sessionWithSteps(store, 4);
    moveToStep(store, sessionId, 2);
    const resumed = resume(store, sessionId);
    const before = sampleStep(sessionId, 2);
    expect(resumed.prompts).toEqual(before.step.prompts);
    expect(resumed.mask).toEqual(before.step.mask);
    expect(resumed.score).toBe(before.step.score);
    expect(resumed.lowResLogits).toEqual(before.lowResLogits);
    expect(getSession(store, sessionId).steps.map((step) => step.undone)).toEqual([
      false,
      false,
      false,
      true,
    ]);
    saveStep(store, { ...sampleStep(sessionId, 4), lowResLogits: null });
    // Step 3 was taken back before step 4 was made.
    expect(loadStepRecords(store, sessionId).map(({ step }) => step.followsStepIndex)).toEqual([
      null,
      0,
      1,
      2,
      2,
    ]);
    // The branch is still there to go on with.
    moveToStep(store, sessionId, 3);
    expect(resume(store, sessionId).mask).toEqual(sampleStep(sessionId, 3).step.mask);
    expect(getSession(store, sessionId).steps.map((step) => step.undone)).toEqual([
      ...[false, false, false, false],
      true,
    ]);
    expect(() => {
      moveToStep(store, sessionId, 7);
    }).toThrow('There is no such step to go to.');
    moveToStep(store, sessionId, null);
    expect(resume(store, sessionId)).toEqual({
      prompts: noPrompts,
      mask: null,
      score: null,
      lowResLogits: null,
    });
    closeStore(store);
  });

  it('lets go of all logits but the last ones when it is decided, and keeps every decision', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = sessionWithSteps(store, 5);
    decideSession(store, sessionId, 'rejected');
    decideSession(store, sessionId, 'accepted');
    expect(getSession(store, sessionId).decision).toBe('accepted');
    expect(
      store.database.prepare('SELECT decision, step_index FROM decisions ORDER BY 1').all(),
    ).toEqual([
      { decision: 'accepted', step_index: 4 },
      { decision: 'rejected', step_index: 4 },
    ]);
    expect(store.database.prepare('SELECT step_index FROM low_res_logits').all()).toEqual([
      { step_index: 4 },
    ]);
    expect(resume(store, sessionId).lowResLogits).toEqual(sampleStep(sessionId, 4).lowResLogits);
    closeStore(store);
  });

  it('changes only what it is told to change', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = createSession(store, newSession());
    updateSession(store, sessionId, { runState: 'stopped', stopReason: 'failed', failure: 'Why.' });
    updateSession(store, sessionId, { answer: 'Done.' });
    expect(getSession(store, sessionId)).toMatchObject({
      runState: 'stopped',
      stopReason: 'failed',
      failure: 'Why.',
      answer: 'Done.',
    });
    updateSession(store, sessionId, { runState: 'running', stopReason: null, failure: null });
    expect(getSession(store, sessionId)).toMatchObject({
      runState: 'running',
      stopReason: null,
      failure: null,
      answer: 'Done.',
    });
    closeStore(store);
  });

  it('refuses to alter a stored step or decision, even for code that tries', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = sessionWithSteps(store, 1);
    decideSession(store, sessionId, 'accepted');
    const run = (sql: string) => () => store.database.exec(sql);
    expect(run(`UPDATE steps SET reasoning = 'other'`)).toThrow('a stored step does not change');
    expect(run(`UPDATE decisions SET decision = 'rejected'`)).toThrow(
      'a stored decision does not change',
    );
    closeStore(store);
  });

  it('refuses a gap in the steps and stores nothing of a step that fails half-way', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = sessionWithSteps(store, 1);
    expect(() => {
      saveStep(store, sampleStep(sessionId, 2));
    }).toThrow('step 2 was saved where 1 is next');
    const twice = sampleStep(sessionId, 1);
    expect(() => {
      const { prompts } = twice.step;
      const clicks = [...prompts.clicks, sampleClick(0)];
      saveStep(store, { ...twice, step: { ...twice.step, prompts: { ...prompts, clicks } } });
    }).toThrow(/UNIQUE/);
    expect(getSession(store, sessionId).steps).toHaveLength(1);
    closeStore(store);
  });

  it('says that a session is not there rather than inventing one', () => {
    const store = mustOpen(newFolder());
    const missing = 'no-such-session' as SessionId;
    expect(() => getSession(store, missing)).toThrow('not in the database');
    expect(() => {
      saveStep(store, sampleStep(missing, 0));
    }).toThrow('not in the database');
    closeStore(store);
  });

  it('says that the disk is full and keeps what was stored', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = sessionWithSteps(store, 2);
    const pages = Number(store.database.pragma('page_count', { simple: true }));
    store.database.pragma(`max_page_count = ${String(pages + 5)}`);
    const write = () => {
      saveStep(store, sampleStep(sessionId, 2));
    };
    expect(write).toThrow(expect.objectContaining({ code: 'disk-full' }));
    expect(getSession(store, sessionId).steps).toHaveLength(2);
    closeStore(store);
  });

  it('reports a record that Ibis did not write instead of passing it on', () => {
    const store = mustOpen(newFolder());
    const { sessionId } = sessionWithSteps(store, 1);
    store.database.exec('UPDATE masks SET bounds_right = 4000');
    expect(() => getSession(store, sessionId)).toThrow(
      expect.objectContaining({ code: 'database-damaged' }),
    );
    closeStore(store);
  });
});
