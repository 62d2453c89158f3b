import { findRedo } from '../../domain/stepTree.js';
import { changeSession } from './changeSession.js';
import { inTurn } from './inTurn.js';
import { useSessionStore } from './sessionStore.js';

/** Does again what was undone last: the very step, whoever made it, is in force again. */
export const redoStep = (): Promise<void> =>
  inTurn(async () => {
    const { session, lastWay } = useSessionStore();
    if (session === null || session.decision !== null) return;
    const step = findRedo(session.steps, lastWay);
    if (step !== null)
      await changeSession('goToStep', { sessionId: session.sessionId, stepIndex: step.stepIndex });
  });
