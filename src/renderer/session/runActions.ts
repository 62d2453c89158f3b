import { watch } from 'vue';

import type { EngineMethodName, Reply } from '../../contract/channels.js';
import type { SegmentationSession } from '../../domain/session.js';
import { call } from '../ui/client.js';
import { clearSession } from './showSession.js';
import { startSession } from './startSession.js';
import { useSessionStore } from './sessionStore.js';

/** One act at a time: a second one waits until the engine has answered the first. */
async function act(what: () => Promise<Reply<unknown> | null>): Promise<void> {
  const store = useSessionStore();
  if (store.busy) return;
  store.busy = true;
  store.problem = null;
  try {
    const reply = await what();
    if (reply !== null && !reply.ok) store.problem = reply.error;
  } finally {
    store.busy = false;
  }
}

/** The session in the panel, or a new one from the request; null when there is nothing to run yet. */
async function ensureSession(): Promise<SegmentationSession | null> {
  const store = useSessionStore();
  const { session } = store;
  const request = store.request.trim();
  const isSame = session !== null && session.settings.target.text === request;
  if (isSame && session.decision === null) return session;
  if (request === '') {
    store.problem = { code: 'usage', message: 'Write what to segment first.' };
    return null;
  }
  if (session !== null) clearSession();
  return startSession();
}

const onSession = (method: 'runSession' | 'stepSession') => (): Promise<void> =>
  act(async () => {
    const session = await ensureSession();
    if (session === null) return null;
    useSessionStore().chosenPosition = null;
    return call(method, { sessionId: session.sessionId });
  });

/** Runs until the policy stops. */
export const runSession = onSession('runSession');
/** One step of the policy, then paused. */
export const stepSession = onSession('stepSession');

const onCurrent = (
  method: Extract<EngineMethodName, 'pauseSession' | 'cancelSession'>,
): Promise<void> =>
  act(() => {
    const { session } = useSessionStore();
    return session === null
      ? Promise.resolve(null)
      : call(method, { sessionId: session.sessionId });
  });

export const pauseSession = (): Promise<void> => onCurrent('pauseSession');
/** Asked for before the engine has answered "run", it waits for that answer rather than being lost. */
export async function cancelSession(): Promise<void> {
  await whenAnswered();
  await onCurrent('cancelSession');
}

function whenAnswered(): Promise<void> {
  const store = useSessionStore();
  if (!store.busy) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = watch(
      () => store.busy,
      () => {
        stop();
        resolve();
      },
      { flush: 'sync' },
    );
  });
}
