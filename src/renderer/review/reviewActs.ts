import type { SessionId } from '../../domain/brand.js';
import type { Verdict } from '../../domain/review.js';
import { inTurn } from '../session/inTurn.js';
import { useSessionStore } from '../session/sessionStore.js';
import { call } from '../ui/client.js';
import { usePanelStore } from '../ui/panelStore.js';
import { whenCaseOpened } from '../worklist/caseQueue.js';
import { loadSessions } from '../worklist/loadWorklist.js';
import { useReviewStore } from './reviewStore.js';

export async function loadReviews(sessionId: SessionId | null): Promise<void> {
  const store = useReviewStore();
  store.reviews = [];
  Object.assign(store, { comment: '', problem: '', waiting: null });
  if (sessionId === null) return;
  const reply = await call('listReviews', { sessionId });
  if (useSessionStore().session?.sessionId !== sessionId) return;
  if (reply.ok) store.reviews = reply.value;
  else store.problem = reply.error.message;
}

/** Where a reviewer looks: the panel opens with the first word of a review. */
function showReview(): void {
  Object.assign(usePanelStore(), { sessionShown: true, rightTab: 'agent' });
  useReviewStore().shown = true;
}

/** Stores a verdict on the session in the panel, with the comment that was written. */
export const review = (verdict: Verdict): Promise<void> =>
  inTurn(async () => {
    await whenCaseOpened(); // a verdict that follows "next case" is about that case
    const store = useReviewStore();
    const { session } = useSessionStore();
    if (session === null) return;
    store.problem = '';
    if (store.reviewer.trim() === '') {
      store.waiting = verdict;
      showReview();
      return;
    }
    const comment = store.comment.trim();
    if (verdict === 'rejected' && comment === '') {
      store.problem = 'Say in the comment why it is rejected, then reject it.';
      store.commentWanted++;
      showReview();
      return;
    }
    showReview();
    const { sessionId } = session;
    const reply = await call('reviewSession', {
      sessionId,
      verdict,
      reviewer: store.reviewer.trim(),
      comment,
    });
    if (useSessionStore().session?.sessionId === sessionId) {
      if (reply.ok) Object.assign(store, { reviews: reply.value, comment: '' });
      else store.problem = reply.error.message;
    }
    await loadSessions();
  });

/** The same key sets a flag and takes it away. */
export const toggleFlag = (): Promise<void> =>
  review(useReviewStore().inForce === 'flagged' ? 'withdrawn' : 'flagged');

/** Keeps the reviewer's name and gives the verdict that waited for it. */
export async function nameReviewer(name: string): Promise<void> {
  const store = useReviewStore();
  if (name.trim() === '') return;
  store.reviewer = name.trim();
  const { waiting } = store;
  store.waiting = null;
  if (waiting !== null) await review(waiting);
}
