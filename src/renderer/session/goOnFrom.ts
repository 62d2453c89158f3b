import type { SegmentationSession } from '../../domain/session.js';
import { findHead } from '../../domain/stepTree.js';
import { changeSession } from './changeSession.js';
import { inTurn } from './inTurn.js';
import { useSessionStore } from './sessionStore.js';

/** Puts the way to a step in force; what was made after it stays as a branch. */
export const goOnFrom = (stepIndex: number): Promise<void> =>
  inTurn(async () => {
    const { session } = useSessionStore();
    if (session !== null)
      await changeSession('goToStep', { sessionId: session.sessionId, stepIndex });
  });

/**
 * Before an act on the image: the hand works on what it sees. Where an earlier step or another branch is looked at, the
 * session goes on from there. False: it could not, and the panel says why.
 */
export async function goOnFromShown(session: SegmentationSession): Promise<boolean> {
  const store = useSessionStore();
  const shown = store.chosenPosition === null ? undefined : session.steps[store.chosenPosition];
  if (shown === undefined || shown === findHead(session.steps)) return true;
  return changeSession('goToStep', {
    sessionId: session.sessionId,
    stepIndex: shown.stepIndex,
  });
}
