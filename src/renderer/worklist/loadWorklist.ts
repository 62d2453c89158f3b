import { call } from '../ui/client.js';
import { useWorklistStore } from './worklistStore.js';

export async function loadStudies(): Promise<void> {
  const store = useWorklistStore();
  const reply = await call('listStudies', {});
  if (reply.ok) store.studies = reply.value;
  else store.openProblem = reply.error.message;
}

/** The engine searches: the list here is never the whole store. */
export async function loadSessions(): Promise<void> {
  const store = useWorklistStore();
  const search = store.sessionSearch.trim();
  const reply = await call('listSessions', { search });
  if (search !== store.sessionSearch.trim()) return; // a newer search is under way
  store.sessionsProblem = reply.ok ? '' : reply.error.message;
  if (reply.ok) store.sessions = reply.value;
}
