import { assertNever } from '../../domain/result.js';
import { addsPixels } from '../../domain/session.js';
import type { Decision, SegmentationSession } from '../../domain/session.js';
import { loadSessions } from '../worklist/loadWorklist.js';
import type { PlacedPrompt, SlicePosition } from '../viewer/viewerApi.js';
import { changeSession, tell } from './changeSession.js';
import { goOnFromShown } from './goOnFrom.js';
import { inTurn } from './inTurn.js';
import { findLatestPosition, hasUserActs, isAcceptable } from './replay.js';
import type { Removable } from './replay.js';
import { startSession } from './startSession.js';
import { useSessionStore } from './sessionStore.js';

const isOnSlice = ({ settings }: SegmentationSession, position: SlicePosition): boolean =>
  settings.axis === position.axis &&
  settings.sliceIndex === position.sliceIndex &&
  settings.phaseIndex === position.phaseIndex;

/**
 * What the user placed or drew on the image: a click, a box, a scribble, a lasso or a stroke. Without a session it begins
 * one, so that a reader can start by hand. While an earlier step is looked at, the session goes on from that one.
 */
export const placePrompt = (placed: PlacedPrompt): Promise<void> =>
  inTurn(async () => {
    const store = useSessionStore();
    if (store.session !== null && store.session.decision !== null) {
      tell('This session is decided. Begin a new request to work on the image.');
      return;
    }
    if (store.session !== null && !isOnSlice(store.session, placed)) {
      tell('This session is about another slice. Go to it, or begin a new request for this one.');
      return;
    }
    if (store.session === null && placed.kind === 'edit' && !addsPixels(placed.tool)) {
      tell('There is no mask to erase from.');
      return;
    }
    const session = store.session ?? (await startSession(placed));
    if (session !== null && (await goOnFromShown(session))) await send(session, placed);
  });

function send({ sessionId }: SegmentationSession, placed: PlacedPrompt): Promise<boolean> {
  switch (placed.kind) {
    case 'click': {
      const { label, normalised } = placed;
      return changeSession('addClick', { sessionId, label, normalised });
    }
    case 'box': {
      const { topLeft, bottomRight } = placed;
      return changeSession('setBox', { sessionId, topLeft, bottomRight });
    }
    case 'scribble': {
      const { label, points } = placed;
      return changeSession('addScribble', {
        sessionId,
        label,
        points: [...points],
      });
    }
    case 'edit': {
      const { tool, region } = placed;
      return changeSession('editMask', { sessionId, tool, region });
    }
    default:
      return assertNever(placed);
  }
}

/** Takes one prompt of those in force away; the mask is segmented anew from the rest. */
export const removePrompt = (removable: Removable): Promise<void> =>
  inTurn(async () => {
    const store = useSessionStore();
    if (store.session === null) return;
    await sendRemoval(store.session, removable);
  });

function sendRemoval({ sessionId }: SegmentationSession, removable: Removable): Promise<boolean> {
  switch (removable.kind) {
    case 'click':
      return changeSession('removeClick', { sessionId, clickIndex: removable.clickIndex });
    case 'box':
      return changeSession('removeBox', { sessionId });
    case 'scribble':
      return changeSession('removeScribble', { sessionId, stepIndex: removable.stepIndex });
    default:
      return assertNever(removable);
  }
}

/** Takes the latest step back; it stays in the trace, marked. A run pauses: it would only do it again. */
export const undoStep = (): Promise<void> =>
  inTurn(async () => {
    const { session } = useSessionStore();
    if (session === null) return;
    if (findLatestPosition(session.steps) < 0) tell('There is no step to undo.');
    else await changeSession('undoStep', { sessionId: session.sessionId });
  });

/** A mask that the user had a hand in is accepted as edited. */
export async function accept(): Promise<void> {
  const { session } = useSessionStore();
  if (session !== null && !isAcceptable(session)) tell('There is no mask to accept yet.');
  else await decide(({ steps }) => (hasUserActs(steps) ? 'edited' : 'accepted'));
}

export const reject = (): Promise<void> => decide(() => 'rejected');

const decide = (choose: (session: SegmentationSession) => Decision): Promise<void> =>
  inTurn(async () => {
    const { session } = useSessionStore();
    if (session === null) return;
    const { sessionId } = session;
    if (await changeSession('decideSession', { sessionId, decision: choose(session) }))
      await loadSessions();
  });
