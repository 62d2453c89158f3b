import { describe, expect, it } from 'vitest';

import { deriveCaseState, findVerdictInForce } from '../../../src/domain/review.js';
import type { SessionId } from '../../../src/domain/brand.js';
import {
  closeStore,
  createSession,
  decideSession,
  getVerdictInForce,
  listReviews,
  listSessions,
  mergeStore,
  saveReview,
  saveStep,
  updateSession,
} from '../../../src/engine/store/index.js';
import type { NewReview, Store } from '../../../src/engine/store/index.js';
import { mustOpen, newSession, sampleStep, sessionWithSteps } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();

const by = (verdict: NewReview['verdict'], comment = '', reviewer = 'Rita'): NewReview => ({
  verdict,
  reviewer,
  comment,
});

/** A store whose clock goes a minute on with each look at it, from `hour` o'clock. */
function openAt(hour: number, folder = newFolder()): { store: Store; folder: string } {
  let minute = 0;
  const now = (): Date => new Date(Date.UTC(2026, 0, 1, hour, minute++));
  return { store: mustOpen(folder, { now }), folder };
}

const verdictListed = (store: Store, sessionId: SessionId): string | null =>
  listSessions(store, { search: '', limit: 100 }).find((each) => each.sessionId === sessionId)
    ?.verdict ?? null;

describe('reviews', () => {
  it('are kept in a history that only grows, with who, when and which step', () => {
    const { store } = openAt(8);
    const { sessionId } = sessionWithSteps(store, 2);
    saveReview(store, sessionId, by('rejected', 'It leaks at the apex.'));
    saveReview(store, sessionId, by('approved', '', 'Otto'));
    const reviews = listReviews(store, sessionId);
    expect(reviews).toMatchObject([
      { verdict: 'rejected', reviewer: 'Rita', comment: 'It leaks at the apex.', stepIndex: 1 },
      { verdict: 'approved', reviewer: 'Otto', comment: '', stepIndex: 1 },
    ]);
    expect(reviews[0]?.reviewedAt.localeCompare(reviews[1]?.reviewedAt ?? '')).toBe(-1);
    expect(() => store.database.exec(`UPDATE reviews SET comment = 'other'`)).toThrow(
      'a stored review does not change',
    );
    closeStore(store);
  });

  it('leave the place of the session in its queue as it is', () => {
    const { store } = openAt(8);
    const { sessionId } = sessionWithSteps(store, 1);
    const before = listSessions(store, { search: '', limit: 1 })[0]?.updatedAt;
    saveReview(store, sessionId, by('flagged'));
    expect(listSessions(store, { search: '', limit: 1 })[0]?.updatedAt).toBe(before);
    closeStore(store);
  });

  it('lapse with the next step, except a flag', () => {
    const { store } = openAt(8);
    const { sessionId } = sessionWithSteps(store, 1);
    saveReview(store, sessionId, by('approved'));
    expect(verdictListed(store, sessionId)).toBe('approved');
    saveStep(store, sampleStep(sessionId, 1));
    expect(verdictListed(store, sessionId)).toBeNull();
    expect(getVerdictInForce(store, sessionId)).toBeNull();
    saveReview(store, sessionId, by('flagged', 'Two readers?'));
    saveStep(store, sampleStep(sessionId, 2));
    expect(verdictListed(store, sessionId)).toBe('flagged');
    saveReview(store, sessionId, by('withdrawn'));
    expect(verdictListed(store, sessionId)).toBeNull();
    closeStore(store);
  });

  it.each([
    ['approve what runs', { runState: 'running' } as const, 'approved', '', /running/],
    ['reject without a word why', {}, 'rejected', '', /Say in the comment why/],
    ['withdraw what was not said', {}, 'withdrawn', '', /no verdict to withdraw/],
  ] as const)('do not %s', (_what, change, verdict, comment, reason) => {
    const { store } = openAt(8);
    const { sessionId } = sessionWithSteps(store, 1);
    updateSession(store, sessionId, change);
    expect(() => {
      saveReview(store, sessionId, by(verdict, comment));
    }).toThrow(reason);
    expect(listReviews(store, sessionId)).toEqual([]);
    closeStore(store);
  });

  it('do not approve what its maker rejected, nor what has no step', () => {
    const { store } = openAt(8);
    const { sessionId } = sessionWithSteps(store, 1);
    decideSession(store, sessionId, 'rejected');
    expect(() => {
      saveReview(store, sessionId, by('approved'));
    }).toThrow(/cannot be approved/);
    const bare = createSession(store, newSession({ key: 'bare' }));
    expect(() => {
      saveReview(store, bare.sessionId, by('approved'));
    }).toThrow(/nothing to review/);
    closeStore(store);
  });

  it('of two machines come together in the order of their times, once', () => {
    const { store: first, folder } = openAt(8);
    const { sessionId } = sessionWithSteps(first, 2);
    updateSession(first, sessionId, { runState: 'stopped', stopReason: 'policy-stop' });
    closeStore(first);
    const { store: here } = openAt(9);
    mergeStore(here, folder, () => undefined);
    saveReview(here, sessionId, by('approved', '', 'Otto'));
    const { store: there } = openAt(8, folder); // earlier in the day
    saveReview(there, sessionId, by('rejected', 'No.', 'Rita'));
    closeStore(there);
    const counts = mergeStore(here, folder, () => undefined);
    expect(counts).toMatchObject({ added: 0, continued: 1, alreadyThere: 0 });
    expect(listReviews(here, sessionId).map(({ reviewer }) => reviewer)).toEqual(['Rita', 'Otto']);
    expect(verdictListed(here, sessionId)).toBe('approved');
    expect(mergeStore(here, folder, () => undefined)).toMatchObject({
      continued: 0,
      alreadyThere: 1,
    });
    expect(listReviews(here, sessionId)).toHaveLength(2);
    closeStore(here);
  });
});

describe('the state of a case', () => {
  /** Every way in which a session can stand, by what is stored of it. */
  function fillWithAll(store: Store): void {
    let n = 0;
    for (const steps of [0, 1])
      for (const [runState, stopReason] of [
        ['idle', null],
        ['running', null],
        ['paused', null],
        ['stopped', 'policy-stop'],
        ['stopped', 'target-absent'],
        ['stopped', 'repeated-action'],
        ['stopped', 'step-limit'],
        ['stopped', 'user-stop'],
        ['stopped', 'failed'],
      ] as const)
        for (const decision of [null, 'accepted', 'rejected'] as const)
          for (const verdict of [null, 'approved', 'rejected', 'flagged', 'withdrawn'] as const) {
            const { sessionId } = sessionWithSteps(store, steps, `all-${String(n++)}`);
            updateSession(store, sessionId, { runState, stopReason });
            if (decision !== null) decideSession(store, sessionId, decision);
            if (verdict === null) continue;
            // Straight into the table: also what `saveReview` would refuse must be told alike.
            store.database
              .prepare(
                `INSERT INTO reviews (session_id, verdict, reviewer, comment, step_index, reviewed_at)
                 VALUES (?, ?, 'Rita', '', ?, '2026-01-01T00:00:00.000Z')`,
              )
              .run(sessionId, verdict, n % 3 === 0 || steps === 0 ? null : 0);
          }
  }

  it('is the same in the filters of the worklist as in the window, of every kind of session', () => {
    const store = mustOpen(newFolder());
    store.database.pragma('synchronous = OFF'); // hundreds of transactions
    fillWithAll(store);
    const limit = 1000;
    const all = listSessions(store, { search: '', limit });
    expect(all).toHaveLength(270);
    for (const summary of all) {
      const last = summary.stepCount === 0 ? null : 0;
      const reviews = listReviews(store, summary.sessionId);
      expect(summary.verdict).toBe(findVerdictInForce(reviews, last));
    }
    const ids = (filter: Parameters<typeof listSessions>[1]['filter']): Set<SessionId> =>
      new Set(listSessions(store, { search: '', limit, filter }).map((each) => each.sessionId));
    for (const state of ['not-started', 'in-progress', 'completed', 'flagged'] as const) {
      const told = all.filter((summary) => deriveCaseState(summary) === state);
      expect(told.length).toBeGreaterThan(3);
      expect(ids(state)).toEqual(new Set(told.map(({ sessionId }) => sessionId)));
    }
    for (const verdict of ['approved', 'rejected'] as const)
      expect(ids(verdict)).toEqual(
        new Set(all.filter((each) => each.verdict === verdict).map(({ sessionId }) => sessionId)),
      );
    expect(ids('to-review')).toEqual(
      new Set(
        all
          .filter((each) => each.verdict === null && deriveCaseState(each) === 'completed')
          .map(({ sessionId }) => sessionId),
      ),
    );
    closeStore(store);
  });
});
