import type { SegmentationSession } from '../../domain/session.js';
import { useSessionStore } from './sessionStore.js';

/** Puts a session into the panel, at its latest step. */
export function showSession(session: SegmentationSession): void {
  const store = useSessionStore();
  const isOther = store.session?.sessionId !== session.sessionId;
  store.session = session;
  store.chosenPosition = null;
  store.problem = null;
  if (!isOther) return;
  store.request = session.settings.target.text;
  store.streaming = null;
  store.held = null;
  store.toggledBranches = new Set();
  store.exportResult = null;
  store.exportProblem = '';
  store.interrupted = store.interrupted.filter(
    (summary) => summary.sessionId !== session.sessionId,
  );
}

/** Clears the panel for a new request; the session that was there is stored and listed. */
export function clearSession(): void {
  const store = useSessionStore();
  store.session = null;
  store.chosenPosition = null;
  store.streaming = null;
  store.problem = null;
  store.held = null;
  store.toggledBranches = new Set();
  store.exportResult = null;
  store.exportProblem = '';
}
