import type { SessionQuery } from '../../domain/review.js';
import { call } from '../ui/client.js';
import { useWorklistStore } from './worklistStore.js';

const SESSIONS_PAGE = 200;

export async function loadStudies(): Promise<void> {
  const store = useWorklistStore();
  const reply = await call('listStudies', {});
  if (reply.ok) store.studies = reply.value;
  else store.openProblem = reply.error.message;
}

/** What the list of sessions is narrowed to now. */
export function sessionQuery(): SessionQuery {
  const { sessionSearch, sessionFilter, sessionSort } = useWorklistStore();
  return { search: sessionSearch.trim(), filter: sessionFilter, sort: sessionSort };
}

const isStill = (query: SessionQuery): boolean =>
  JSON.stringify(query) === JSON.stringify(sessionQuery());

/** The engine searches: the list here is never the whole store, only what was scrolled to. */
export async function loadSessions(): Promise<void> {
  const store = useWorklistStore();
  const query = sessionQuery();
  const limit = Math.max(SESSIONS_PAGE, store.sessions.length);
  const reply = await call('listSessions', { ...query, limit });
  if (!isStill(query)) return; // a newer search is under way
  store.sessionsProblem = reply.ok ? '' : reply.error.message;
  if (!reply.ok) return;
  store.sessions = reply.value;
  store.sessionCount = reply.value.length;
  if (reply.value.length === limit) await countSessions(query);
}

async function countSessions(query: SessionQuery): Promise<void> {
  const reply = await call('countSessions', query);
  if (reply.ok && isStill(query)) useWorklistStore().sessionCount = reply.value;
}

/** The next page, when the list was scrolled to its end. */
export async function loadMoreSessions(): Promise<void> {
  const store = useWorklistStore();
  const offset = store.sessions.length;
  if (offset >= store.sessionCount) return;
  const query = sessionQuery();
  const reply = await call('listSessions', { ...query, limit: SESSIONS_PAGE, offset });
  if (!isStill(query) || store.sessions.length !== offset) return;
  if (!reply.ok) {
    store.sessionsProblem = reply.error.message;
    return;
  }
  // Sessions that changed meanwhile may have moved from one page to the next.
  const known = new Set(store.sessions.map(({ sessionId }) => sessionId));
  store.sessions = [
    ...store.sessions,
    ...reply.value.filter(({ sessionId }) => !known.has(sessionId)),
  ];
}
