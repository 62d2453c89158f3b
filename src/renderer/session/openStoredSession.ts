import type { SessionId } from '../../domain/brand.js';
import { openSeries } from '../worklist/openSeries.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { call } from '../ui/client.js';
import { showSession } from './showSession.js';
import { useSessionStore } from './sessionStore.js';

/** Puts a stored session on screen: its series at its slice, its steps in the panel, ready to look through or to go on. */
export async function openStoredSession(sessionId: SessionId): Promise<void> {
  const store = useSessionStore();
  const reply = await call('getSession', { sessionId });
  if (!reply.ok) {
    store.problem = reply.error;
    return;
  }
  const { seriesId, phaseIndex, axis, sliceIndex } = reply.value.settings;
  showSession(reply.value);
  const opened = await openSeries(seriesId, { phaseIndex, axis, sliceIndex });
  if (opened) return;
  const message = useWorklistStore().seriesProblem?.message ?? '';
  store.problem = {
    code: 'not-found',
    message:
      `${message} The steps are listed here; open the study again to see them on the image.`.trim(),
  };
}
