import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SessionId } from '../../domain/brand.js';
import { findVerdictInForce, verdicts } from '../../domain/review.js';
import type { Review, Verdict, VerdictInForce } from '../../domain/review.js';
import { inTransaction } from './failure.js';
import type { Store } from './openStore.js';
import { parseRow } from './rows.js';

export interface NewReview {
  readonly verdict: Verdict;
  readonly reviewer: string;
  readonly comment: string;
}

/** The last step in force of the session of the row around it. */
const LAST_STEP = `(SELECT max(step_index) FROM steps
  WHERE steps.session_id = sessions.session_id AND undone = 0)`;

/**
 * Of the session of the row around it; as `findVerdictInForce` says it. The latest is told by its time: reviews of two
 * machines may have been merged in any order.
 */
export const VERDICT_IN_FORCE = `(SELECT CASE
    WHEN verdict = 'flagged' THEN 'flagged'
    WHEN verdict <> 'withdrawn' AND reviews.step_index IS ${LAST_STEP} THEN verdict END
  FROM reviews WHERE reviews.session_id = sessions.session_id
  ORDER BY reviewed_at DESC, review_number DESC LIMIT 1)`;

const reviewRow = z
  .object({
    verdict: z.enum(verdicts),
    reviewer: z.string(),
    comment: z.string(),
    step_index: z.number().int().nullable(),
    reviewed_at: z.string(),
  })
  .transform((row): Review => ({
    verdict: row.verdict,
    reviewer: row.reviewer,
    comment: row.comment,
    stepIndex: row.step_index,
    reviewedAt: row.reviewed_at,
  }));

/** The whole history, the earliest first. */
export const listReviews = (store: Store, sessionId: SessionId): readonly Review[] =>
  store.database
    .prepare('SELECT * FROM reviews WHERE session_id = ? ORDER BY reviewed_at, review_number')
    .all(sessionId)
    .map((row) => parseRow(reviewRow, row));

const stateRow = z.object({
  run_state: z.string(),
  last_step: z.number().int().nullable(),
  decision: z.string().nullable(),
});

const findState = (store: Store, sessionId: SessionId): z.infer<typeof stateRow> => {
  const row = store.database
    .prepare(
      `SELECT run_state, ${LAST_STEP} AS last_step,
         (SELECT decision FROM decisions WHERE decisions.session_id = sessions.session_id
           ORDER BY decision_number DESC LIMIT 1) AS decision
       FROM sessions WHERE session_id = ?`,
    )
    .get(sessionId);
  if (row === undefined)
    throw new IbisError('not-found', 'This session is not in the database any more.');
  return parseRow(stateRow, row);
};

export const getVerdictInForce = (store: Store, sessionId: SessionId): VerdictInForce =>
  findVerdictInForce(listReviews(store, sessionId), findState(store, sessionId).last_step);

/** Why the verdict cannot be given; null: it can. */
function whyNot(
  { verdict, comment }: NewReview,
  { run_state: runState, last_step: lastStep, decision }: z.infer<typeof stateRow>,
  inForce: VerdictInForce,
): string | null {
  if (verdict === 'flagged') return null; // what is not begun or still runs may be asked about too
  if (verdict === 'withdrawn') return inForce === null ? 'There is no verdict to withdraw.' : null;
  if (runState === 'running') return 'The session is running. Pause it first, or flag it.';
  if (lastStep === null) return 'There is nothing to review yet: no step was taken.';
  if (verdict === 'approved' && decision === 'rejected')
    return 'This session was rejected by whoever made it, so it cannot be approved. Begin a new one.';
  return verdict === 'rejected' && comment === ''
    ? 'Say in the comment why it is rejected, so that it can be mended.'
    : null;
}

/** Appends a review of the session as it stands. The session's own time stays: a queue must not shift under its reviewer. */
export function saveReview(store: Store, sessionId: SessionId, review: NewReview): void {
  inTransaction(store.database, () => {
    const state = findState(store, sessionId);
    const reviews = listReviews(store, sessionId);
    const reason = whyNot(review, state, findVerdictInForce(reviews, state.last_step));
    if (reason !== null) throw new IbisError('session-state', reason);
    // Never before what it follows, though a clock was set back: the order of a history is that of its times.
    const now = store.now().toISOString();
    const latest = reviews.at(-1)?.reviewedAt ?? '';
    store.database
      .prepare(
        `INSERT INTO reviews (session_id, verdict, reviewer, comment, step_index, reviewed_at)
         VALUES (@sessionId, @verdict, @reviewer, @comment, @stepIndex, @at)`,
      )
      .run({ sessionId, ...review, stepIndex: state.last_step, at: now > latest ? now : latest });
  });
}
