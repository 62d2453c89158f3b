import type { SessionId } from '../../domain/brand.js';
import { call } from '../ui/client.js';
import { loadStudies } from '../worklist/loadWorklist.js';
import { openSeries } from '../worklist/openSeries.js';
import { showSession } from './showSession.js';
import { useSessionStore } from './sessionStore.js';

/** Puts a stored session on screen: its steps in the panel, its series at its slice, ready to look through or to go on. */
export async function openStoredSession(sessionId: SessionId): Promise<void> {
  const store = useSessionStore();
  const stored = await call('getSession', { sessionId });
  if (!stored.ok) {
    store.problem = stored.error;
    return;
  }
  showSession(stored.value);
  const { seriesId, phaseIndex, axis, sliceIndex } = stored.value.settings;
  const reopened = await call('reopenSession', { sessionId });
  if (store.session?.sessionId !== sessionId) return; // the user went on to another one
  if (!reopened.ok) {
    // The steps can still be read; only the image is missing.
    store.problem = reopened.error;
    return;
  }
  await loadStudies();
  await openSeries(seriesId, { phaseIndex, axis, sliceIndex });
}
