import { describe, expect, test } from 'vitest';

import type { SeriesId } from '../../../src/domain/brand.js';
import { packMask } from '../../../src/domain/mask.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import { useModelsStore } from '../../../src/renderer/models/modelsStore.js';
import { openStoredSession } from '../../../src/renderer/session/openStoredSession.js';
import { runSession } from '../../../src/renderer/session/runActions.js';
import { useSessionStore } from '../../../src/renderer/session/sessionStore.js';
import { clearSession, showSession } from '../../../src/renderer/session/showSession.js';
import { redoStep } from '../../../src/renderer/session/redoStep.js';
import { placePrompt, removePrompt, undoStep } from '../../../src/renderer/session/userActs.js';
import { commands } from '../../../src/renderer/ui/commands.js';
import { connectEngine } from '../../../src/renderer/ui/connectEngine.js';
import { useEngineStore } from '../../../src/renderer/ui/engineStore.js';
import { useViewerStore } from '../../../src/renderer/ui/viewerStore.js';
import { openPaths } from '../../../src/renderer/worklist/openPaths.js';
import { openSeries } from '../../../src/renderer/worklist/openSeries.js';
import { useWorklistStore } from '../../../src/renderer/worklist/worklistStore.js';
import { madeUpSession } from '../../renderer-harness/sessionData.js';
import { madeUpSeries, madeUpStudies } from '../../renderer-harness/worklistData.js';
import { methodsOf, settle, standInEngine } from './standInEngine.js';

const id = (text: string) => text as SeriesId;
const here = { phaseIndex: 0, axis: 'axial' as const, sliceIndex: 86 };
const click = {
  ...here,
  kind: 'click' as const,
  draftId: null,
  label: 'include' as const,
  normalised: { x: 0.5, y: 0.5 },
};

describe('openSeries', () => {
  test('shows the series asked for last, however late the first answer comes', async () => {
    let answerFirst = (): void => undefined;
    standInEngine({
      getSeries: ({ seriesId }: { seriesId: string }) =>
        seriesId === 's1-1'
          ? new Promise((resolve) => {
              answerFirst = () => {
                resolve(madeUpSeries('s1-1'));
              };
            })
          : madeUpSeries(seriesId),
    });
    const first = openSeries(id('s1-1'));
    expect(await openSeries(id('s1-2'))).toBe(true);
    answerFirst();
    expect(await first).toBe(false);
    expect(useWorklistStore().series?.seriesId).toBe('s1-2');
  });

  test('stays with the one on screen when that is asked for again while another is on its way', async () => {
    let answerSecond = (): void => undefined;
    standInEngine({
      getSeries: ({ seriesId }: { seriesId: string }) =>
        seriesId === 's1-2'
          ? new Promise((resolve) => {
              answerSecond = () => {
                resolve(madeUpSeries('s1-2'));
              };
            })
          : madeUpSeries(seriesId),
    });
    await openSeries(id('s1-1'));
    const second = openSeries(id('s1-2'));
    await openSeries(id('s1-1'));
    answerSecond();
    expect(await second).toBe(false);
    expect(useWorklistStore().series?.seriesId).toBe('s1-1');
  });

  test('counts keys that are pressed faster than series open', async () => {
    const engine = standInEngine({
      getSeries: ({ seriesId }: { seriesId: string }) => madeUpSeries(seriesId),
    });
    useWorklistStore().studies = madeUpStudies;
    await openSeries(id('s1-1'));
    commands['series.next']();
    commands['series.next']();
    await settle();
    expect(useWorklistStore().series?.seriesId).toBe('s2-4');
    expect(methodsOf(engine).filter((method) => method === 'getSeries')).toHaveLength(3);
  });

  test('says at the row why a series could not be opened', async () => {
    standInEngine({});
    expect(await openSeries(id('s1-1'))).toBe(false);
    expect(useWorklistStore().seriesProblem).toEqual({
      seriesId: 's1-1',
      message: 'no answer to getSeries',
    });
  });

  test('takes the session of another series out of the panel', async () => {
    standInEngine({ getSeries: ({ seriesId }: { seriesId: string }) => madeUpSeries(seriesId) });
    showSession(madeUpSession('paused'));
    await openSeries(id('s1-1'));
    expect(useSessionStore().session).not.toBeNull(); // its own series
    await openSeries(id('s2-4'));
    expect(useSessionStore().session).toBeNull();
  });
});

describe('runSession', () => {
  const ready = (answers: Parameters<typeof standInEngine>[0]) => {
    const engine = standInEngine({ listSessions: () => [], ...answers });
    useWorklistStore().series = madeUpSeries('s1-1');
    useViewerStore().position = here;
    useModelsStore().policyId = 'p';
    useModelsStore().segmenterId = 's';
    return engine;
  };

  test('begins a session on the slice in front of the reader, then runs it', async () => {
    const engine = ready({ startSession: () => madeUpSession('paused'), runSession: () => null });
    useSessionStore().request = ' left putamen ';
    await runSession();
    expect(methodsOf(engine).filter((method) => method !== 'listSessions')).toEqual([
      'startSession',
      'runSession',
    ]);
    expect(engine.calls[0]?.params).toMatchObject({
      ...here,
      seriesId: 's1-1',
      prompt: 'left putamen',
      policyId: 'p',
      segmenterId: 's',
    });
  });

  test('runs on the session that is there, and begins another when the request is another', async () => {
    const engine = ready({ startSession: () => madeUpSession('paused'), runSession: () => null });
    showSession(madeUpSession('paused'));
    await runSession();
    expect(methodsOf(engine)).toEqual(['runSession']);
    useSessionStore().request = 'right putamen';
    await runSession();
    expect(methodsOf(engine)).toContain('startSession');
  });

  test('asks for words before it asks the engine', async () => {
    const engine = ready({});
    await runSession();
    expect(engine.calls).toEqual([]);
    expect(useSessionStore().problem?.message).toBe('Write what to segment first.');
  });

  test('takes one act at a time', async () => {
    const engine = ready({ runSession: () => null });
    showSession(madeUpSession('paused'));
    await Promise.all([runSession(), runSession()]);
    expect(methodsOf(engine)).toEqual(['runSession']);
  });
});

describe("the user's acts", () => {
  test('a click elsewhere than on the session’s slice never reaches the engine', async () => {
    const engine = standInEngine({});
    showSession(madeUpSession('paused'));
    await placePrompt({ ...click, sliceIndex: 12 });
    expect(engine.calls).toEqual([]);
    expect(useSessionStore().problem?.message).toContain('another slice');
  });

  test('two quick clicks begin one session, and both count', async () => {
    const session = { ...madeUpSession('paused'), steps: [] };
    const engine = standInEngine({
      startSession: () => session,
      addClick: () => session,
      listSessions: () => [],
    });
    useWorklistStore().series = madeUpSeries('s1-1');
    await Promise.all([placePrompt(click), placePrompt({ ...click, label: 'exclude' })]);
    expect(methodsOf(engine).filter((method) => method !== 'listSessions')).toEqual([
      'startSession',
      'addClick',
      'addClick',
    ]);
  });

  test('an answer about a session that was left does not bring it back', async () => {
    const session = madeUpSession('paused');
    standInEngine({
      undoStep: () => {
        clearSession();
        return session;
      },
    });
    showSession(session);
    await undoStep();
    expect(useSessionStore().session).toBeNull();
  });

  test('undo can be done again: the very step, and after another click that one', async () => {
    const session = madeUpSession('paused');
    const { sessionId, steps } = session;
    const back: SegmentationSession = {
      ...session,
      steps: steps.map((step, at) => (at === 2 ? { ...step, undone: true } : step)),
    };
    const [first] = steps;
    if (first === undefined) throw new Error('the made-up session has no step');
    const branched: SegmentationSession = {
      ...back,
      steps: [...back.steps, { ...first, stepIndex: 3, followsStepIndex: 1 }],
    };
    const engine = standInEngine({ undoStep: () => back, goToStep: () => session });
    showSession(session);
    await undoStep();
    await redoStep();
    const redone = { method: 'goToStep', params: { sessionId, stepIndex: 2 } };
    expect(engine.calls.at(-1)).toEqual(redone);
    // Another step is made in its place and undone again: redo follows the newer way.
    showSession(back);
    showSession(branched);
    showSession({
      ...branched,
      steps: branched.steps.map((step, at) => (at === 3 ? { ...step, undone: true } : step)),
    });
    await redoStep();
    expect(engine.calls.at(-1)).toMatchObject({ params: { stepIndex: 3 } });
  });

  test('a click while an earlier step is looked at goes on from that step', async () => {
    const session = madeUpSession('paused');
    const { sessionId } = session;
    useWorklistStore().series = madeUpSeries('s1-1');
    const engine = standInEngine({ goToStep: () => session, addClick: () => session });
    showSession(session);
    useSessionStore().chosenPosition = 1;
    await placePrompt(click);
    expect(engine.calls.slice(-2)).toMatchObject([
      { method: 'goToStep', params: { sessionId, stepIndex: 1 } },
      { method: 'addClick', params: { sessionId } },
    ]);
    // Without looking back, it goes on from where the session stands.
    await placePrompt(click);
    expect(methodsOf(engine).slice(-2)).toEqual(['addClick', 'addClick']);
  });
});

describe('files of whole sessions', () => {
  const session = madeUpSession('paused');
  const none = { added: 0, continued: 0, alreadyThere: 0 };
  const opened = {
    ...{ sessionId: session.sessionId, seriesId: 's1-1', fate: 'added' },
    ...{ segmentations: none, measurements: none },
  };
  const answers = {
    listStudies: () => madeUpStudies,
    listSessions: () => [],
    getSession: () => session,
    reopenSession: () => madeUpSeries('s1-1'),
    getSeries: () => madeUpSeries('s1-1'),
  };

  test('are opened after the images that were dropped with them, and the session is shown', async () => {
    const images = { studies: [], refused: [], derived: [], cancelled: false };
    const engine = standInEngine({
      ...answers,
      openPaths: () => images,
      openSessionFile: () => opened,
    });
    await openPaths(['/in/one.ibis', '/in/ct']);
    expect(methodsOf(engine).filter((method) => method.startsWith('open'))).toEqual([
      'openPaths',
      'openSessionFile',
    ]);
    expect(engine.calls.find(({ method }) => method === 'openPaths')).toMatchObject({
      params: { paths: ['/in/ct'] },
    });
    expect(useSessionStore().session?.sessionId).toBe(session.sessionId);
    expect(useWorklistStore().job).toBeNull();
  });

  test('say where all of one is here already, and nothing where it brought a segmentation', async () => {
    const known = { ...opened, fate: 'already-there' };
    standInEngine({ ...answers, openSessionFile: () => known });
    await openPaths(['/in/one.ibis']);
    expect(useWorklistStore().openProblem).toContain('one.ibis: all of it is here already');
    const more = { ...known, segmentations: { ...none, added: 1 } };
    standInEngine({ ...answers, openSessionFile: () => more });
    await openPaths(['/in/one.ibis']);
    expect(useWorklistStore().openProblem).toBe('');
  });

  test('say by name why one was refused, and let the next one in', async () => {
    let calls = 0;
    standInEngine({
      ...answers,
      openSessionFile: () => {
        if (calls++ === 0) throw new Error('The session file is damaged.');
        return opened;
      },
    });
    await openPaths(['/in/bad.IBIS', '/in/good.ibis']);
    expect(useWorklistStore().openProblem).toContain('bad.IBIS: ');
    expect(useSessionStore().session?.sessionId).toBe(session.sessionId);
  });
});

describe('segmentations and reports among opened files', () => {
  const aboutImages = (fileName: string, kind: 'segmentation' | 'measurements') => ({
    path: `/in/${fileName}`,
    fileName,
    kind,
    seriesInstanceUIDs: ['1.2.3'],
  });
  const opening = (derived: readonly ReturnType<typeof aboutImages>[]) => ({
    listStudies: () => madeUpStudies,
    listSessions: () => [],
    openPaths: () => ({ studies: [], refused: [], derived, cancelled: false }),
  });

  test('are told of one by one where they fit nowhere', async () => {
    const engine = standInEngine({
      ...opening([aboutImages('seg.dcm', 'segmentation'), aboutImages('sr.dcm', 'measurements')]),
      importSegmentation: () => {
        throw new Error('It refers to a series that is not open.');
      },
    });
    await openPaths(['/in']);
    expect(methodsOf(engine)).not.toContain('importMeasurements');
    const { refused, openProblem, job } = useWorklistStore();
    expect(refused.map(({ fileName }) => fileName)).toEqual(['seg.dcm', 'sr.dcm']);
    expect(refused[1]?.reason).toContain('1.2.3, which is not open');
    expect(openProblem).toContain('could not be laid on');
    expect(job).toBeNull();
  });

  test('are imported twenty at once, and the others named', async () => {
    const many = Array.from({ length: 23 }, (_, n) =>
      aboutImages(`${String(n)}.dcm`, 'segmentation'),
    );
    const engine = standInEngine({
      ...opening(many),
      importSegmentation: () => {
        throw new Error('It refers to a series that is not open.');
      },
    });
    await openPaths(['/in']);
    const imports = engine.calls.filter(({ method }) => method === 'importSegmentation');
    expect(imports).toHaveLength(20);
    expect(imports[0]?.params).toMatchObject({ search: 'named-first', keepKnown: true });
    expect(useWorklistStore().refused).toHaveLength(23);
    expect(useWorklistStore().refused.at(-1)?.reason).toContain('one of 23');
  });
});

describe('what the user draws', () => {
  const region = packMask({ width: 4, height: 1, data: Uint8Array.of(0, 1, 1, 0) });
  const stroke = { ...here, kind: 'edit' as const, draftId: 1, region };
  const ready = (answers: Parameters<typeof standInEngine>[0]) => {
    const engine = standInEngine({ listSessions: () => [], ...answers });
    useWorklistStore().series = madeUpSeries('s1-1');
    return engine;
  };
  const empty = { ...madeUpSession('paused'), steps: [] };

  test('begins a session as a click does: box, scribble or brush', async () => {
    const drawn = [
      [
        {
          ...here,
          kind: 'box',
          draftId: 1,
          topLeft: { x: 0.1, y: 0.2 },
          bottomRight: { x: 0.3, y: 0.4 },
        },
        'setBox',
        { topLeft: { x: 0.1, y: 0.2 }, bottomRight: { x: 0.3, y: 0.4 } },
      ],
      [
        { ...here, kind: 'scribble', draftId: 1, label: 'exclude', points: [{ x: 0.5, y: 0.5 }] },
        'addScribble',
        { label: 'exclude', points: [{ x: 0.5, y: 0.5 }] },
      ],
      [{ ...stroke, tool: 'brush' }, 'editMask', { tool: 'brush', region }],
    ] as const;
    for (const [placed, method, params] of drawn) {
      const engine = ready({ startSession: () => empty, [method]: () => empty });
      await placePrompt(placed);
      expect(methodsOf(engine).filter((each) => each !== 'listSessions')).toEqual([
        'startSession',
        method,
      ]);
      const sent = engine.calls.find((each) => each.method === method);
      expect(sent?.params).toEqual({ sessionId: empty.sessionId, ...params });
    }
  });

  test('an eraser begins nothing: there is no mask to erase from', async () => {
    const engine = ready({});
    await placePrompt({ ...stroke, tool: 'eraser' });
    expect(engine.calls).toEqual([]);
    expect(useSessionStore().problem?.message).toBe('There is no mask to erase from.');
  });

  test('the cross at a step takes its own prompt away', async () => {
    const session = madeUpSession('paused');
    const engine = ready({
      removeClick: () => session,
      removeBox: () => session,
      removeScribble: () => session,
    });
    showSession(session);
    await removePrompt({ kind: 'click', clickIndex: 1 });
    await removePrompt({ kind: 'box' });
    await removePrompt({ kind: 'scribble', stepIndex: 4 });
    const { sessionId } = session;
    expect(engine.calls).toEqual([
      { method: 'removeClick', params: { sessionId, clickIndex: 1 } },
      { method: 'removeBox', params: { sessionId } },
      { method: 'removeScribble', params: { sessionId, stepIndex: 4 } },
    ]);
  });
});

describe('openStoredSession', () => {
  test('lists the steps even where the images are gone, and says that they are', async () => {
    standInEngine({ getSession: () => madeUpSession('paused') });
    await openStoredSession(madeUpSession('paused').sessionId);
    expect(useSessionStore().session?.steps).toHaveLength(3);
    expect(useSessionStore().problem?.message).toBe('no answer to reopenSession');
  });
});

describe('connectEngine', () => {
  const lists = {
    getAppInfo: () => ({ provider: null, interruptedSessions: [] }),
    listModels: () => [],
    listSessions: () => [],
    listStudies: () => [],
  };

  test('asks for everything once, whether the state or the event comes first', async () => {
    const engine = standInEngine({ ...lists, getEngineState: () => ({ kind: 'ready' }) });
    const stop = connectEngine(new URL('app://ibis/'));
    engine.say({ kind: 'engineStateChanged', state: { kind: 'ready' } });
    await settle();
    expect(methodsOf(engine).filter((method) => method === 'getAppInfo')).toHaveLength(1);
    stop();
  });

  test('when the engine stops nothing is shown as running, and after it is back the store is asked', async () => {
    const session = madeUpSession('running');
    const engine = standInEngine({
      ...lists,
      getEngineState: () => ({ kind: 'ready' }),
      getSession: () => ({ ...session, runState: 'paused' }),
    });
    const stop = connectEngine(new URL('app://ibis/'));
    await settle();
    showSession(session);
    engine.say({ kind: 'engineStateChanged', state: { kind: 'stopped', reason: 'code 137' } });
    expect(useEngineStore().state).toEqual({ kind: 'stopped', reason: 'code 137' });
    expect(useSessionStore().session?.runState).toBe('paused');
    engine.say({ kind: 'engineStateChanged', state: { kind: 'starting' } });
    engine.say({ kind: 'engineStateChanged', state: { kind: 'ready' } });
    await settle();
    expect(methodsOf(engine).at(-1)).toBe('getSession');
    expect(useSessionStore().session?.steps).toHaveLength(2);
    stop();
  });

  test('opens what the program was started with', async () => {
    const engine = standInEngine({
      ...lists,
      getEngineState: () => ({ kind: 'ready' }),
      openPaths: () => ({ studies: [], refused: [], derived: [], cancelled: false }),
    });
    const stop = connectEngine(new URL('app://ibis/?open=%2Fa%20b&open=%2Fc'));
    await settle();
    await settle();
    const opening = engine.calls.find(({ method }) => method === 'openPaths');
    expect(opening?.params).toMatchObject({ paths: ['/a b', '/c'] });
    stop();
  });
});
