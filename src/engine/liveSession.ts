import type { IbisEvent } from '../contract/channels.js';
import { IbisError } from '../contract/errors.js';
import type { SessionId } from '../domain/brand.js';
import type { PackedMask } from '../domain/mask.js';
import type { SegmentationSession, SessionSettings } from '../domain/session.js';
import { getInForce } from './agent/agentState.js';
import type { AgentContext, AgentState, StepRecord } from './agent/agentState.js';
import type { RunHold } from './runHold.js';
import { getVerdictInForce, saveStep, updateSession } from './store/index.js';
import type { SessionChange, Store } from './store/index.js';

/** What of a session changes while it is worked on, besides its steps. */
export type SessionStatus = Pick<
  SegmentationSession,
  'runState' | 'stopReason' | 'answer' | 'failure' | 'decision'
>;

/** Runs work one piece after the other, in the order of asking. */
export type Lock = <T>(work: () => Promise<T>) => Promise<T>;

export function createLock(): Lock {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work);
    last = result.catch(() => undefined); // told to whoever asked; the next in line goes on
    return result;
  };
}

/** A session with its images and models at hand. */
export interface LiveSession {
  readonly sessionId: SessionId;
  readonly settings: SessionSettings;
  readonly context: AgentContext;
  /** Held for one turn of the policy or one act of the user. */
  readonly lock: Lock;
  state: AgentState;
  status: SessionStatus;
  /** The run in progress. */
  run: {
    readonly controller: AbortController;
    pauseWanted: boolean;
    /** Ends the turn in progress without a step, so that an act of the user need not wait for it; the run goes on. */
    interrupt(): void;
    /** While the user acts, no turn begins. */
    readonly hold: RunHold;
    /** Resolves when the run is over. */
    readonly done: Promise<void>;
  } | null;
  /** The act of the user in progress. */
  act: AbortController | null;
}

export interface SessionOutput {
  readonly store: Store;
  readonly emit: (event: IbisEvent) => void;
}

export const getMaskInForce = (live: LiveSession): PackedMask | null => getInForce(live.state).mask;

export function announce(live: LiveSession, output: SessionOutput): void {
  const { sessionId, status } = live;
  output.emit({ kind: 'sessionChanged', sessionId, ...status, mask: getMaskInForce(live) });
}

/** Stores, then announces. */
export function changeStatus(
  live: LiveSession,
  output: SessionOutput,
  change: SessionChange,
): void {
  updateSession(output.store, live.sessionId, change);
  live.status = { ...live.status, ...change };
  announce(live, output);
}

/** One transaction with the step and what it changes; only then is anyone told. */
export function commitStep(
  live: LiveSession,
  output: SessionOutput,
  taken: {
    readonly record: StepRecord;
    readonly state: AgentState;
    readonly change: SessionChange;
  },
): void {
  const { record, state, change } = taken;
  const { sessionId } = live;
  const { step, lowResLogits } = record;
  saveStep(output.store, { sessionId, step, lowResLogits, change });
  live.state = state;
  live.status = { ...live.status, ...change };
  output.emit({ kind: 'stepSaved', sessionId, step });
  announce(live, output);
}

/** Pauses a run before its next turn, and drops the one in progress; resolves when it stands still. */
export async function bringToRest(live: LiveSession): Promise<void> {
  const { run } = live;
  if (run === null) return;
  run.pauseWanted = true;
  run.interrupt();
  run.hold.wake();
  await run.done;
}

/** A decided or approved session is a finished record: it must not change under what was said of it. */
export function requireOpen(live: LiveSession, store: Store): void {
  const { decision } = live.status;
  if (getVerdictInForce(store, live.sessionId) === 'approved')
    throw new IbisError(
      'session-state',
      'This session was approved in review. Withdraw the verdict, or start a new session, to go on working on the image.',
    );
  if (decision === null) return;
  throw new IbisError(
    'session-state',
    `This session was ${decision}. Start a new one to go on working on the image.`,
  );
}

export function requireNotRunning(live: LiveSession): void {
  if (live.run === null) return;
  throw new IbisError('session-state', 'The session is running. Pause or cancel it first.');
}
