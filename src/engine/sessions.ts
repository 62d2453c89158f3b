import { randomInt } from 'node:crypto';

import type { ParsedParams } from '../contract/channels.js';
import { IbisError } from '../contract/errors.js';
import type { ModelId, SessionId } from '../domain/brand.js';
import type { SegmentationSession } from '../domain/session.js';
import type { AgentState } from './agent/agentState.js';
import type { EngineHandlers } from './dispatch.js';
import type { Foreground } from './foreground.js';
import {
  announce,
  bringToRest,
  createLock,
  requireNotRunning,
  requireOpen,
} from './liveSession.js';
import type { LiveSession, SessionOutput } from './liveSession.js';
import { createLiveSessions } from './liveSessions.js';
import type { ModelPool } from './modelPool.js';
import { driveSession } from './runSession.js';
import type { PreparedSlice, SliceSource } from './slices.js';
import {
  createSession,
  decideSession,
  getSession,
  getSessionModels,
  getSessionSource,
  loadStepRecords,
} from './store/index.js';
import type { SessionModel } from './store/index.js';
import type { Studies } from './studies.js';
import { createUserActs } from './userActs.js';
import type { UserActHandlers } from './userActs.js';

// Each holds its slice and the logits of its steps, some megabytes; one further back is taken up from the store.
const KEPT_SESSIONS = 8;
// After an act of the user a run waits this long: time for a second act, or to keep it waiting.
const GOING_ON_MS = 2000;
const APP_PARSE_RETRIES = 1; // the policy is told once what was wrong with its text; 0 in evaluation

export type SessionHandlers = Pick<
  EngineHandlers,
  | 'startSession'
  | 'runSession'
  | 'stepSession'
  | 'pauseSession'
  | 'cancelSession'
  | 'decideSession'
  | 'getSession'
> &
  UserActHandlers;

/** What tells a session from any other, where the caller must find it again. */
export interface SessionIdentity {
  readonly sessionId: SessionId;
  readonly seed: number;
}

export interface Sessions {
  readonly handlers: SessionHandlers;
  /** `startSession` with an identity that the caller chose. */
  start(
    params: ParsedParams<'startSession'>,
    identity: SessionIdentity,
  ): Promise<SegmentationSession>;
  /**
   * `runSession` in the background: it stands back while the user waits for anything. Resolves, when it has ended or
   * `signal` has made it pause, with why it failed.
   */
  runToEnd(sessionId: SessionId, signal: AbortSignal): Promise<string | null>;
  /** Forgets what is in memory of a session whose rows are about to change; throws while it runs. */
  letGo(sessionId: SessionId): void;
  /** Ends what runs, storing nothing more: the next start offers it where it stood. */
  close(): Promise<void>;
}

/** A trace names its models by hash: going on with others would make it untrue. */
function requireSameModels(stored: readonly SessionModel[], found: readonly SessionModel[]): void {
  const same = stored.every((model) => {
    const now = found.find(({ role }) => role === model.role);
    return Object.entries(model.files).every(([file, sha256]) => now?.files[file] === sha256);
  });
  if (!same)
    throw new IbisError(
      'model-hash',
      'The models have changed since this session began. Start a new session on this slice.',
    );
}

export function createSessions(options: {
  readonly output: SessionOutput;
  readonly studies: Studies;
  readonly slices: SliceSource;
  readonly models: ModelPool;
  readonly foreground: Foreground;
  readonly goingOnMs?: number;
}): Sessions {
  const { output, studies, slices, models, foreground, goingOnMs = GOING_ON_MS } = options;
  const { store } = output;
  const working = new Set<LiveSession>();
  const running = new Set<Promise<void>>();
  let closing = false;

  const makeLive = async (
    session: SegmentationSession,
    slice: PreparedSlice,
    state: AgentState,
  ): Promise<LiveSession> => ({
    sessionId: session.sessionId,
    settings: session.settings,
    context: {
      slice: slice.image,
      geometry: slice.geometry,
      plane: slice.plane,
      sliceIndex: slice.sliceIndex,
      request: session.settings.target.text,
      segmenter: await models.getSegmenter(session.settings.segmenterId),
    },
    lock: createLock(),
    state,
    status: {
      runState: session.runState,
      stopReason: session.stopReason,
      answer: session.answer,
      failure: session.failure,
      decision: session.decision,
    },
    run: null,
    act: null,
  });

  const takeUp = async (sessionId: SessionId): Promise<LiveSession> => {
    const session = getSession(store, sessionId);
    const { settings } = session;
    requireSameModels(
      getSessionModels(store, sessionId),
      await models.verify(settings.policyId, settings.segmenterId),
    );
    await studies.reopen(getSessionSource(store, sessionId));
    return makeLive(session, await slices.prepare(settings), {
      records: loadStepRecords(store, sessionId),
    });
  };

  const live = createLiveSessions({ takeUp, mostIdle: KEPT_SESSIONS });

  const start = async (
    params: ParsedParams<'startSession'>,
    identity: SessionIdentity | null,
  ): Promise<SegmentationSession> => {
    const { policyId, segmenterId } = params;
    const verified = await models.verify(policyId, segmenterId);
    const slice = await slices.prepare(params);
    const { seriesId, seriesInstanceUID } = slice.series;
    const { series: _series, modalities: _modalities, ...study } = studies.getStudyOf(seriesId);
    const session = createSession(store, {
      ...(identity === null ? {} : { sessionId: identity.sessionId }),
      settings: {
        seriesId,
        seriesInstanceUID,
        phaseIndex: params.phaseIndex,
        axis: params.axis,
        sliceIndex: params.sliceIndex,
        window: slice.window,
        target: { text: params.prompt },
        policyId: policyId as ModelId, // verified above: it names an installed model, or none
        segmenterId: segmenterId as ModelId, // likewise
        maxSteps: params.maxSteps,
        parseRetries: APP_PARSE_RETRIES,
        seed: identity?.seed ?? randomInt(2 ** 31),
      },
      study,
      series: slice.series,
      sourcePaths: studies.getSourcePaths(study.studyId),
      models: verified,
    });
    live.add(session.sessionId, makeLive(session, slice, { records: [] }));
    models.warm(policyId, segmenterId, slice.image);
    return session;
  };

  /** Keeps a run from its turns, and drops the one in progress, while the user waits for something else. */
  const standBack = (session: LiveSession, run: Promise<void>): Promise<void> => {
    const update = (isBusy: boolean): void => {
      if (isBusy) session.run?.interrupt();
      session.run?.hold.setYielding(isBusy);
    };
    update(foreground.isBusy());
    return run.finally(foreground.onChanged(update));
  };

  /** Resolves as soon as it runs. */
  const begin = (
    sessionId: SessionId,
    maxTurns: number,
    ground: 'foreground' | 'background' = 'foreground',
  ): Promise<{ readonly session: LiveSession; readonly run: Promise<void> }> =>
    live.use(sessionId, async (session) => {
      requireOpen(session, store);
      requireNotRunning(session);
      if (session.settings.policyId === '')
        throw new IbisError('session-state', 'This session has no policy: it takes clicks only.');
      if (session.settings.target.text.trim() === '')
        throw new IbisError(
          'session-state',
          'This session was begun by a click, without a request. Start a new one that says what to segment.',
        );
      const policy = await models.getPolicy(session.settings.policyId);
      requireNotRunning(session); // two calls may have waited for the same manifest
      working.add(session);
      const drive = (): Promise<void> =>
        driveSession(session, { output, policy, maxTurns, goingOnMs, isClosing: () => closing });
      const run = ground === 'foreground' ? foreground.during(drive) : standBack(session, drive());
      running.add(run);
      void live
        .use(sessionId, () => run)
        .finally(() => {
          running.delete(run);
          working.delete(session);
        });
      return { session, run };
    });

  const runToEnd = async (sessionId: SessionId, signal: AbortSignal): Promise<string | null> => {
    const { session, run } = await begin(sessionId, Infinity, 'background');
    const rest = (): void => void bringToRest(session);
    signal.addEventListener('abort', rest);
    if (signal.aborted) rest();
    await run;
    signal.removeEventListener('abort', rest);
    const { stopReason, failure } = session.status;
    return stopReason === 'failed' ? (failure ?? 'The run failed.') : null;
  };

  return {
    start,
    letGo: (sessionId) => {
      for (const session of working)
        if (session.sessionId === sessionId) requireNotRunning(session);
      live.forget(sessionId);
    },
    runToEnd,
    close: async () => {
      closing = true;
      for (const session of working) {
        session.run?.controller.abort();
        session.act?.abort();
      }
      await Promise.allSettled(running);
    },
    handlers: {
      startSession: (params) => start(params, null),
      runSession: async ({ sessionId }) => {
        await begin(sessionId, Infinity);
        return null;
      },
      stepSession: async ({ sessionId }) => {
        await begin(sessionId, 1);
        return null;
      },
      pauseSession: ({ sessionId }) =>
        live.use(sessionId, async ({ run }) => {
          if (run !== null) {
            run.pauseWanted = true;
            run.hold.wake();
          }
          return null;
        }),
      cancelSession: ({ sessionId }) =>
        live.use(sessionId, async (session) => {
          session.run?.controller.abort();
          session.act?.abort();
          return null;
        }),
      ...createUserActs({ output, live, working, isClosing: () => closing }),
      decideSession: async ({ sessionId, decision }) => {
        // A stored session is decided without its images: they may be gone, the masks are in the trace.
        if (!live.has(sessionId)) decideSession(store, sessionId, decision);
        else {
          await live.use(sessionId, async (session) => {
            requireNotRunning(session);
            await session.lock(async () => {
              decideSession(store, sessionId, decision);
              session.status = { ...session.status, decision };
              announce(session, output);
            });
          });
          live.forget(sessionId);
        }
        return getSession(store, sessionId);
      },
      getSession: async ({ sessionId }) => getSession(store, sessionId),
    },
  };
}
