import type { SessionId } from '../domain/brand.js';
import type { SegmentationSession } from '../domain/session.js';
import { moveToStep, recordsInForce, undoStep } from './agent/agentState.js';
import type { AgentContext, AgentState, Turn } from './agent/agentState.js';
import { editMask } from './agent/maskEdit.js';
import {
  drawUserScribble,
  placeUserBox,
  placeUserClick,
  removeBox,
  removeClick,
  removeScribble,
} from './agent/prompting.js';
import { IbisError } from '../contract/errors.js';
import type { EngineHandlers } from './dispatch.js';
import { announce, bringToRest, commitStep, requireOpen } from './liveSession.js';
import type { LiveSession, SessionOutput } from './liveSession.js';
import type { LiveSessions } from './liveSessions.js';
import { getSession, moveToStep as storeMove } from './store/index.js';
import type { SessionChange } from './store/index.js';

export type UserActHandlers = Pick<
  EngineHandlers,
  | 'addClick'
  | 'removeClick'
  | 'setBox'
  | 'removeBox'
  | 'addScribble'
  | 'removeScribble'
  | 'editMask'
  | 'undoStep'
  | 'goToStep'
  | 'holdRun'
>;

/** After an act the session waits for the user, unless it runs on. */
const waiting = (session: LiveSession): SessionChange =>
  session.run === null ? { runState: 'paused', stopReason: null, answer: null, failure: null } : {};

/** As the session stood after the last step in force: a policy's stop is one again, everything else waits. */
function describeHead(state: AgentState): SessionChange {
  const head = recordsInForce(state).at(-1)?.step;
  if (head?.action.kind !== 'terminate')
    return { runState: 'paused', stopReason: null, answer: null, failure: null };
  return {
    runState: 'stopped',
    stopReason: head.mask === null ? 'target-absent' : 'policy-stop',
    answer: head.action.answer,
    failure: null,
  };
}

/**
 * What the user does to a session. All acts go one way: a run stops in the middle of its turn (what the policy was
 * writing was about a mask that is about to change), the act is applied and stored, and the run goes on from it, unless
 * the act failed: then it waits. Going back or forth among the steps pauses a run: it would only do again what was undone.
 */
export function createUserActs(options: {
  readonly output: SessionOutput;
  readonly live: LiveSessions<LiveSession>;
  /** Sessions at work, which an act joins while it lasts. */
  readonly working: Set<LiveSession>;
  readonly isClosing: () => boolean;
}): UserActHandlers {
  const { output, live, working, isClosing } = options;
  const { store } = output;

  const act = (
    sessionId: SessionId,
    work: (session: LiveSession, signal: AbortSignal) => Promise<void>,
  ): Promise<SegmentationSession> =>
    live.use(sessionId, async (session) => {
      const { run } = session;
      run?.hold.beginAct();
      run?.interrupt();
      try {
        await session.lock(async () => {
          requireOpen(session, store);
          session.act = new AbortController();
          working.add(session);
          try {
            await work(session, session.act.signal);
          } finally {
            session.act = null;
            if (session.run === null) working.delete(session);
          }
        });
      } catch (thrown) {
        if (run !== null) run.pauseWanted = true;
        throw thrown;
      } finally {
        run?.hold.endAct();
        if (run?.pauseWanted === true) run.hold.wake();
      }
      return getSession(store, sessionId);
    });

  /** Puts another way through the steps in force; `find` says which, from the state as it then is. */
  const move = (
    sessionId: SessionId,
    find: (state: AgentState) => AgentState,
  ): Promise<SegmentationSession> =>
    live.use(sessionId, async (session) => {
      await bringToRest(session);
      return act(sessionId, async () => {
        const state = find(session.state);
        const change = describeHead(state);
        storeMove(store, sessionId, recordsInForce(state).at(-1)?.step.stepIndex ?? null, change);
        session.state = state;
        session.status = { ...session.status, ...change };
        announce(session, output);
      });
    });

  /** An act that takes a step; null: it changes nothing. */
  const takeStep = (
    sessionId: SessionId,
    take: (
      context: AgentContext,
      state: AgentState,
      signal: AbortSignal,
    ) => Promise<Turn> | Turn | null,
  ): Promise<SegmentationSession> =>
    act(sessionId, async (session, signal) => {
      const turn = await take(session.context, session.state, signal);
      if (turn !== null && !isClosing())
        commitStep(session, output, { ...turn, change: waiting(session) });
    });

  return {
    addClick: ({ sessionId, ...click }) =>
      takeStep(sessionId, (context, state, signal) =>
        placeUserClick(context, state, click, signal),
      ),
    removeClick: ({ sessionId, clickIndex }) =>
      takeStep(sessionId, (context, state, signal) =>
        removeClick(context, state, clickIndex, signal),
      ),
    setBox: ({ sessionId, ...box }) =>
      takeStep(sessionId, (context, state, signal) => placeUserBox(context, state, box, signal)),
    removeBox: ({ sessionId }) => takeStep(sessionId, removeBox),
    addScribble: ({ sessionId, ...scribble }) =>
      takeStep(sessionId, (context, state, signal) =>
        drawUserScribble(context, state, scribble, signal),
      ),
    removeScribble: ({ sessionId, stepIndex }) =>
      takeStep(sessionId, (context, state, signal) =>
        removeScribble(context, state, stepIndex, signal),
      ),
    editMask: ({ sessionId, ...stroke }) =>
      takeStep(sessionId, (context, state) => editMask(context, state, stroke)),
    undoStep: ({ sessionId }) =>
      move(sessionId, (state) => {
        const undone = undoStep(state);
        if (undone === null) throw new IbisError('session-state', 'There is no step to take back.');
        return undone;
      }),
    goToStep: ({ sessionId, stepIndex }) =>
      move(sessionId, (state) => {
        const moved = moveToStep(state, stepIndex);
        if (moved === null) throw new IbisError('not-found', 'There is no such step to go to.');
        return moved;
      }),
    holdRun: async ({ sessionId, isDrawing }) => {
      if (live.has(sessionId))
        await live.use(sessionId, async ({ run }) => {
          if (isDrawing) run?.interrupt();
          run?.hold.setDrawing(isDrawing);
        });
      return null;
    },
  };
}
