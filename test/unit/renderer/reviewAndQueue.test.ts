import { describe, expect, it } from 'vitest';

import type { BatchId, SeriesId, SessionId } from '../../../src/domain/brand.js';
import type { Review, Verdict } from '../../../src/domain/review.js';
import { describeCases, readRequests } from '../../../src/renderer/batch/batchForm.js';
import type { BatchForm } from '../../../src/renderer/batch/batchForm.js';
import { useBatchStore } from '../../../src/renderer/batch/batchStore.js';
import { nameReviewer, review } from '../../../src/renderer/review/reviewActs.js';
import { useReviewStore } from '../../../src/renderer/review/reviewStore.js';
import { showSession } from '../../../src/renderer/session/showSession.js';
import { useSessionStore } from '../../../src/renderer/session/sessionStore.js';
import { goToCase, prefetchNextCase } from '../../../src/renderer/worklist/caseQueue.js';
import { loadMoreSessions, loadSessions } from '../../../src/renderer/worklist/loadWorklist.js';
import { useWorklistStore } from '../../../src/renderer/worklist/worklistStore.js';
import { madeUpSession } from '../../renderer-harness/sessionData.js';
import {
  madeUpSeries,
  madeUpSessions,
  madeUpStudies,
} from '../../renderer-harness/worklistData.js';
import { methodsOf, standInEngine } from './standInEngine.js';

const finished = madeUpSession('finished');
const idOf = (n: number): SessionId => `s-${String(n)}` as SessionId;
const summaryOf = (n: number) => ({
  ...(madeUpSessions[0] ?? never()),
  sessionId: idOf(n),
  createdAt: `2026-01-01T00:00:${String(n).padStart(2, '0')}.000Z`,
});
function never(): never {
  throw new Error('the made-up worklist is empty');
}

const reviewOf = (verdict: Verdict): Review => ({
  ...{ verdict, reviewer: 'Rita', comment: '', stepIndex: 0 },
  reviewedAt: '2026-01-01T00:00:00.000Z',
});

/** An engine that has stored sessions 0, 1, 2, ... and opens them all. */
function queueEngine() {
  return standInEngine({
    listSessions: ({ offset = 0, limit = 200 }: { offset?: number; limit?: number }) =>
      Array.from({ length: Math.min(limit, 450 - offset) }, (_, n) => summaryOf(offset + n)),
    countSessions: () => 450,
    findNeighbourSession: ({
      place,
      direction,
    }: {
      place: { sessionId: string };
      direction: 1 | -1;
    }) => {
      const n = Number(place.sessionId.slice(2)) + direction;
      return n < 0 || n >= 450 ? null : summaryOf(n);
    },
    getSession: ({ sessionId }: { sessionId: SessionId }) => ({ ...finished, sessionId }),
    reopenSession: () => madeUpSeries('s1-1'),
    getSeries: () => madeUpSeries('s1-1'),
    computeWindow: () => null,
    listStudies: () => madeUpStudies,
    listReviews: () => [],
    prefetchCase: () => null,
    reviewSession: ({ verdict }: { verdict: Verdict }) => [reviewOf(verdict)],
  });
}

describe('the queue', () => {
  it('goes on from the session that was opened last, asking for one at a time', async () => {
    const engine = queueEngine();
    const store = useWorklistStore();
    store.tab = 'sessions';
    await loadSessions();
    await goToCase(1);
    expect(useSessionStore().session?.sessionId).toBe(idOf(0));
    await goToCase(1);
    await goToCase(1);
    expect(useSessionStore().session?.sessionId).toBe(idOf(2));
    await goToCase(-1);
    expect(useSessionStore().session?.sessionId).toBe(idOf(1));
    expect(methodsOf(engine).filter((method) => method === 'listSessions')).toHaveLength(1);
    await goToCase(-1);
    await goToCase(-1);
    expect(useSessionStore().session?.sessionId).toBe(idOf(0));
    expect(store.queueNote).toBe('This is the first case.');
  });

  it('has the next case made ready, and opens nothing for it', async () => {
    const engine = queueEngine();
    useWorklistStore().tab = 'sessions';
    useWorklistStore().queuePlace = summaryOf(7);
    await prefetchNextCase();
    expect(engine.calls.at(-1)).toEqual({
      method: 'prefetchCase',
      params: { target: { kind: 'session', sessionId: idOf(8) } },
    });
    expect(useSessionStore().session).toBeNull();
  });

  it('is the cases of a batch in its order where that tab lies on top', async () => {
    const engine = standInEngine({
      listBatchCases: ({ offset }: { offset: number }) =>
        offset > 1 ? [] : [{ position: offset, sessionId: null, prompt: 'left putamen' }],
      openBatchCase: () => ({ seriesId: 's1-1', phaseIndex: 0, axis: 'acquired', sliceIndex: 3 }),
      listStudies: () => madeUpStudies,
      getSeries: () => madeUpSeries('s1-1'),
      computeWindow: () => null,
    });
    useWorklistStore().tab = 'batches';
    useBatchStore().shownId = 'b' as BatchId;
    await goToCase(1);
    expect(useSessionStore().request).toBe('left putamen');
    expect(useBatchStore().openedPosition).toBe(0);
    await goToCase(1);
    await goToCase(1);
    expect(useBatchStore().openedPosition).toBe(1);
    expect(useWorklistStore().queueNote).toBe('This is the last case.');
    expect(methodsOf(engine).filter((method) => method === 'openBatchCase')).toHaveLength(2);
  });

  it('is listed page by page, as far as it is scrolled', async () => {
    queueEngine();
    const store = useWorklistStore();
    await loadSessions();
    expect([store.sessions.length, store.sessionCount]).toEqual([200, 450]);
    await loadMoreSessions();
    await loadMoreSessions();
    await loadMoreSessions();
    expect(store.sessions.map(({ sessionId }) => sessionId)).toEqual(
      Array.from({ length: 450 }, (_, n) => idOf(n)),
    );
  });
});

describe('a verdict', () => {
  it('asks for the name of who gives it once, then is stored with it', async () => {
    const engine = queueEngine();
    showSession(finished);
    await review('approved');
    expect(useReviewStore().waiting).toBe('approved');
    expect(methodsOf(engine)).not.toContain('reviewSession');
    await nameReviewer('  Rita ');
    expect(engine.calls.find(({ method }) => method === 'reviewSession')?.params).toEqual({
      ...{ sessionId: finished.sessionId, verdict: 'approved', reviewer: 'Rita', comment: '' },
    });
    await review('flagged');
    expect(methodsOf(engine).filter((method) => method === 'reviewSession')).toHaveLength(2);
  });

  it('of rejection waits for a word why', async () => {
    const engine = queueEngine();
    showSession(finished);
    useReviewStore().reviewer = 'Rita';
    await review('rejected');
    expect(methodsOf(engine)).not.toContain('reviewSession');
    useReviewStore().comment = 'It leaks.';
    await review('rejected');
    expect(engine.calls.find(({ method }) => method === 'reviewSession')?.params).toMatchObject({
      comment: 'It leaks.',
    });
    expect(useReviewStore().comment).toBe('');
  });

  it('that follows "next case" at once is about that case', async () => {
    const engine = queueEngine();
    useWorklistStore().tab = 'sessions';
    useReviewStore().reviewer = 'Rita';
    await loadSessions();
    await goToCase(1);
    const going = goToCase(1);
    await review('approved');
    await going;
    expect(engine.calls.find(({ method }) => method === 'reviewSession')?.params).toMatchObject({
      sessionId: idOf(1),
    });
  });
});

describe('the form of a new batch', () => {
  const form: BatchForm = {
    ...{ from: 'chosen', path: '', axis: 'axial', slice: 'number', sliceNumber: 12 },
    requests: ' left putamen \n\nright putamen\nleft putamen',
  };
  const series = { chosen: ['a', 'b'] as SeriesId[], listed: [] };

  it('takes one request a line, each once, and counts slices as the image does', () => {
    expect(readRequests(form.requests)).toEqual(['left putamen', 'right putamen']);
    expect(describeCases(form, series)).toEqual({
      ...{ kind: 'series', seriesIds: ['a', 'b'], axis: 'axial', slice: 11 },
      prompts: ['left putamen', 'right putamen'],
    });
  });

  it.each([
    [{ requests: ' \n' }, 'Write what to segment, one request a line.'],
    [{ from: 'folder' }, 'Choose the folder.'],
    [{ from: 'list' }, 'Choose the list.'],
    [{ from: 'listed' }, 'There is no series to take.'],
  ] as const)('says what is missing: %o', (change, sentence) => {
    expect(describeCases({ ...form, ...change }, series)).toBe(sentence);
  });

  it('needs no request where a list says itself what is asked', () => {
    const list: BatchForm = { ...form, from: 'list', path: '/data/list.csv', requests: '' };
    expect(describeCases(list, series)).toEqual({ kind: 'list', path: '/data/list.csv' });
  });
});
