import type { MethodParams } from '../../contract/channels.js';
import { call } from '../ui/client.js';
import { showSession } from './showSession.js';
import { useSessionStore } from './sessionStore.js';

type ChangingMethod =
  | 'addClick'
  | 'removeClick'
  | 'setBox'
  | 'removeBox'
  | 'addScribble'
  | 'removeScribble'
  | 'editMask'
  | 'undoStep'
  | 'goToStep'
  | 'decideSession';

/** Calls a method that answers with the changed session, and shows that. True when it worked. */
export async function changeSession<M extends ChangingMethod>(
  method: M,
  params: MethodParams<M>,
): Promise<boolean> {
  const store = useSessionStore();
  store.busy = true;
  store.problem = null;
  const reply = await call(method, params);
  store.busy = false;
  if (!reply.ok) store.problem = reply.error;
  // The user may have gone on to another session meanwhile.
  else if (store.session?.sessionId === reply.value.sessionId) showSession(reply.value);
  return reply.ok;
}

/** Says in the panel why an act was not done. */
export function tell(message: string): void {
  useSessionStore().problem = { code: 'session-state', message };
}
