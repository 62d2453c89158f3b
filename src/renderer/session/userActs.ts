import type { MethodParams } from '../../contract/channels.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { Action, Decision, SegmentationSession } from '../../domain/session.js';
import { loadSessions } from '../worklist/loadWorklist.js';
import { call } from '../ui/client.js';
import type { PlacedClick, SlicePosition } from '../viewer/viewerApi.js';
import { inTurn } from './inTurn.js';
import { findLatestPosition, hasUserActs } from './replay.js';
import { showSession } from './showSession.js';
import { startSession } from './startSession.js';
import { useSessionStore } from './sessionStore.js';

type ChangingMethod = 'addClick' | 'removeClick' | 'undoStep' | 'decideSession';

/** Calls a method that answers with the changed session, and shows that. True when it worked. */
async function change<M extends ChangingMethod>(
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

const tell = (message: string): void => {
  const problem: IbisErrorShape = { code: 'session-state', message };
  useSessionStore().problem = problem;
};

const isOnSlice = ({ settings }: SegmentationSession, position: SlicePosition): boolean =>
  settings.axis === position.axis &&
  settings.sliceIndex === position.sliceIndex &&
  settings.phaseIndex === position.phaseIndex;

/** The user's click on the image. Without a session it begins one, so that a reader can start by hand. */
export const addClick = (click: PlacedClick): Promise<void> =>
  inTurn(async () => {
    const store = useSessionStore();
    const { label, normalised } = click;
    if (store.session !== null && store.session.decision !== null) {
      tell('This session is decided. Begin a new request to place clicks.');
      return;
    }
    if (store.session !== null && !isOnSlice(store.session, click)) {
      tell('This session is about another slice. Go to it, or begin a new request for this one.');
      return;
    }
    const session = store.session ?? (await startSession(click));
    if (session === null) return;
    const placed = await change('addClick', { sessionId: session.sessionId, label, normalised });
    if (placed) store.redoable = [];
  });

/** Takes one click of those in force away; the rest are segmented anew. */
export const removeClick = (clickIndex: number): Promise<void> =>
  inTurn(async () => {
    const store = useSessionStore();
    if (store.session === null) return;
    const { sessionId } = store.session;
    if (await change('removeClick', { sessionId, clickIndex })) store.redoable = [];
  });

/** Takes the latest step back; it stays in the trace, marked. */
export const undoStep = (): Promise<void> =>
  inTurn(async () => {
    const store = useSessionStore();
    const { session } = store;
    if (session === null) return;
    const latest = session.steps[findLatestPosition(session.steps)];
    if (latest === undefined) {
      tell('There is no step to undo.');
      return;
    }
    const undone = await change('undoStep', { sessionId: session.sessionId });
    if (undone) store.redoable = [...store.redoable, latest.action];
  });

/** Does again what was undone last. It is the user who does it, and the trace says so. */
export const redoStep = (): Promise<void> =>
  inTurn(async () => {
    const store = useSessionStore();
    const { session } = store;
    const action = store.redoable.at(-1);
    if (session === null || action === undefined) return;
    if (await repeat(session, action)) store.redoable = store.redoable.slice(0, -1);
  });

function repeat(session: SegmentationSession, action: Action): Promise<boolean> {
  const { sessionId } = session;
  if (action.kind === 'click') {
    const { label, normalised } = action.click;
    return change('addClick', { sessionId, label, normalised });
  }
  if (action.kind === 'remove-click')
    return change('removeClick', { sessionId, clickIndex: action.clickIndex });
  return Promise.resolve(true); // the policy's own words cannot be spoken for it; they are skipped
}

/** A mask that the user had a hand in is accepted as edited. */
export const accept = (): Promise<void> =>
  decide((session) => (hasUserActs(session.steps) ? 'edited' : 'accepted'));

export const reject = (): Promise<void> => decide(() => 'rejected');

const decide = (choose: (session: SegmentationSession) => Decision): Promise<void> =>
  inTurn(async () => {
    const { session } = useSessionStore();
    if (session === null) return;
    const { sessionId } = session;
    if (await change('decideSession', { sessionId, decision: choose(session) }))
      await loadSessions();
  });
