import { describe, expect, it } from 'vitest';

import {
  closeStore,
  countSeriesStates,
  createSession,
  decideSession,
  listSessions,
  moveToStep,
  saveReview,
  saveStep,
  updateSession,
} from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { mustOpen, newSession, sampleStep } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();

function openWithThree(): Store {
  let seconds = 0;
  const store = mustOpen(newFolder(), {
    now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds++)),
  });
  const heart = createSession(store, newSession({ key: 'heart' }));
  for (const stepIndex of [0, 1]) saveStep(store, sampleStep(heart.sessionId, stepIndex));
  moveToStep(store, heart.sessionId, 0);
  decideSession(store, heart.sessionId, 'accepted');
  const brain = createSession(
    store,
    newSession({
      key: 'brain',
      prompt: 'Outline the hippocampus 100%',
      patientName: 'Müller^Zoë',
      patientId: 'X_77',
      description: 'T1 MPRAGE',
      studyDate: '20190702',
    }),
  );
  updateSession(store, brain.sessionId, { runState: 'stopped', stopReason: 'target-absent' });
  createSession(
    store,
    newSession({ key: 'head', prompt: 'Fetal head', patientName: 'Roe^Ann', patientId: 'P-002' }),
  );
  return store;
}

describe('the session list', () => {
  it('lists newest first with what the worklist shows', () => {
    const store = openWithThree();
    const all = listSessions(store, { search: '', limit: 10 });
    expect(all.map((session) => session.prompt)).toEqual([
      'Fetal head',
      'Outline the hippocampus 100%',
      'Segment the left ventricle',
    ]);
    expect(all[2]).toMatchObject({
      patientName: 'Doe^Jane',
      studyDate: '20240131',
      modality: 'MR',
      seriesDescription: 'cine SAX',
      axis: 'coronal',
      sliceIndex: 17,
      stepCount: 1, // the other one was taken back
      decision: 'accepted',
      runState: 'idle',
      stopReason: null,
    });
    expect(listSessions(store, { search: '', limit: 2 })).toHaveLength(2);
    closeStore(store);
  });

  it.each([
    ['prompt', 'hippocampus', 'Outline the hippocampus 100%'],
    ['name, without accents, in any order', 'zoe muller', 'Outline the hippocampus 100%'],
    [
      'patient id with a character that SQL takes for a joker',
      'x_77',
      'Outline the hippocampus 100%',
    ],
    ['a percent sign as itself', '0%', 'Outline the hippocampus 100%'],
    ['series description', 'mprage', 'Outline the hippocampus 100%'],
    ['date as stored', '20190702', 'Outline the hippocampus 100%'],
    ['date as shown', '2019-07', 'Outline the hippocampus 100%'],
    ['decision', 'accepted', 'Segment the left ventricle'],
    ['stop reason', 'target-absent', 'Outline the hippocampus 100%'],
    ['words of two fields together', 'ann fetal', 'Fetal head'],
  ])('finds a session by %s', (_what, search, prompt) => {
    const store = openWithThree();
    expect(listSessions(store, { search, limit: 10 }).map((s) => s.prompt)).toEqual([prompt]);
    closeStore(store);
  });

  it('counts the sessions of each series by their state, or by what a reviewer said', () => {
    const store = openWithThree();
    const [head, brain, heart] = listSessions(store, { search: '', limit: 10 });
    if (head === undefined || brain === undefined || heart === undefined) throw new Error('three');
    const count = (...of: readonly (typeof head)[]) =>
      new Set(
        countSeriesStates(
          store,
          of.map(({ seriesId }) => seriesId),
        ),
      );
    expect(count(head, brain, heart)).toEqual(
      new Set([
        { seriesId: head.seriesId, state: 'not-started', count: 1 },
        { seriesId: brain.seriesId, state: 'completed', count: 1 },
        { seriesId: heart.seriesId, state: 'completed', count: 1 },
      ]),
    );
    const second = createSession(store, newSession({ key: 'head' }));
    createSession(store, newSession({ key: 'head' }));
    saveStep(store, sampleStep(second.sessionId, 0));
    saveReview(store, brain.sessionId, { verdict: 'flagged', reviewer: 'Ann', comment: '' });
    saveReview(store, heart.sessionId, { verdict: 'approved', reviewer: 'Ann', comment: '' });
    expect(count(head)).toEqual(
      new Set([
        { seriesId: head.seriesId, state: 'not-started', count: 2 },
        { seriesId: head.seriesId, state: 'in-progress', count: 1 },
      ]),
    );
    expect(count(brain, heart)).toEqual(
      new Set([
        { seriesId: brain.seriesId, state: 'flagged', count: 1 },
        { seriesId: heart.seriesId, state: 'approved', count: 1 },
      ]),
    );
    expect(count()).toEqual(new Set());
    closeStore(store);
  });

  it('finds nothing where one word of the search occurs nowhere', () => {
    const store = openWithThree();
    expect(listSessions(store, { search: 'fetal hippocampus', limit: 10 })).toEqual([]);
    closeStore(store);
  });
});
