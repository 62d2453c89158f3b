import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SessionId } from '../../domain/brand.js';
import type {
  Decision,
  RunState,
  SegmentationSession,
  SessionSettings,
  StopReason,
} from '../../domain/session.js';
import { inTransaction } from './failure.js';
import type { Store } from './openStore.js';
import { getSession } from './readSession.js';
import { parseRow } from './rows.js';
import { isOwnerAlive } from './runOwner.js';
import { saveSeries } from './seriesRows.js';
import type { NewSeries } from './seriesRows.js';

/** A model that a session runs with, and the SHA-256 of each of its files. */
export interface SessionModel {
  readonly role: 'policy' | 'segmenter';
  readonly modelId: string;
  readonly files: Readonly<Record<string, string>>;
}

export interface NewSession extends NewSeries {
  /** Chosen by the caller where the same work must find the same session again; else a new one. */
  readonly sessionId?: SessionId;
  readonly settings: SessionSettings;
  readonly models: readonly SessionModel[];
}

/** What of a session changes besides its steps; what is left out stays. */
export interface SessionChange {
  readonly runState?: RunState;
  readonly stopReason?: StopReason | null;
  readonly answer?: string | null;
  readonly failure?: string | null;
}

/** Stores a new session, idle, with its study, series and model hashes. */
export function createSession(store: Store, session: NewSession): SegmentationSession {
  const { settings, series } = session;
  const { database } = store;
  const sessionId = session.sessionId ?? (randomUUID() as string as SessionId); // branding at the edge
  const at = store.now().toISOString();
  inTransaction(database, () => {
    saveSeries(store, session);
    database
      .prepare(
        `INSERT INTO sessions (session_id, series_id, phase_index, axis, slice_index, window_centre,
           window_width, prompt, policy_id, segmenter_id, max_steps, parse_retries, seed, created_at,
           updated_at, run_state, owner_id)
         VALUES (@sessionId, @seriesId, @phaseIndex, @axis, @sliceIndex, @centre, @width, @prompt,
           @policyId, @segmenterId, @maxSteps, @parseRetries, @seed, @at, @at, 'idle', @ownerId)`,
      )
      .run({
        sessionId,
        seriesId: series.seriesId,
        phaseIndex: settings.phaseIndex,
        axis: settings.axis,
        sliceIndex: settings.sliceIndex,
        centre: settings.window.centre,
        width: settings.window.width,
        prompt: settings.target.text,
        policyId: settings.policyId,
        segmenterId: settings.segmenterId,
        maxSteps: settings.maxSteps,
        parseRetries: settings.parseRetries,
        seed: settings.seed,
        at,
        ownerId: store.owner.ownerId,
      });
    const insertHash = database.prepare('INSERT INTO model_hashes VALUES (?, ?, ?, ?, ?)');
    for (const model of session.models)
      for (const [file, sha256] of Object.entries(model.files))
        insertHash.run(sessionId, model.role, model.modelId, file, sha256);
  });
  return getSession(store, sessionId);
}

const ownerRow = z.object({ owner_id: z.string().nullable() });

/** Refuses to write into a session that another living process works on. Call inside the transaction. */
export function requireOwnSession(store: Store, sessionId: SessionId): void {
  const row = store.database
    .prepare('SELECT owner_id FROM sessions WHERE session_id = ?')
    .get(sessionId);
  if (row === undefined)
    throw new IbisError('not-found', 'This session is not in the database any more.');
  const { owner_id: ownerId } = parseRow(ownerRow, row);
  if (ownerId === store.owner.ownerId || ownerId === null) return;
  if (isOwnerAlive(store.runsFolder, ownerId))
    throw new IbisError(
      'session-state',
      'Another Ibis (a second window or the command line) works on this session. Close it there first.',
    );
}

/** Writes `change` and the time; part of the caller's transaction. */
export function writeSessionChange(
  store: Store,
  sessionId: SessionId,
  change: SessionChange,
): void {
  // Column names are fixed here; only values are bound. `undefined` keeps what is stored.
  store.database
    .prepare(
      `UPDATE sessions SET updated_at = @at, owner_id = @ownerId,
         run_state = coalesce(@runState, run_state),
         stop_reason = CASE @setStopReason WHEN 1 THEN @stopReason ELSE stop_reason END,
         answer = CASE @setAnswer WHEN 1 THEN @answer ELSE answer END,
         failure = CASE @setFailure WHEN 1 THEN @failure ELSE failure END
       WHERE session_id = @sessionId`,
    )
    .run({
      sessionId,
      at: store.now().toISOString(),
      ownerId: store.owner.ownerId,
      runState: change.runState ?? null,
      setStopReason: change.stopReason === undefined ? 0 : 1,
      stopReason: change.stopReason ?? null,
      setAnswer: change.answer === undefined ? 0 : 1,
      answer: change.answer ?? null,
      setFailure: change.failure === undefined ? 0 : 1,
      failure: change.failure ?? null,
    });
}

export function updateSession(store: Store, sessionId: SessionId, change: SessionChange): void {
  inTransaction(store.database, () => {
    requireOwnSession(store, sessionId);
    writeSessionChange(store, sessionId, change);
  });
}

/**
 * Appends a decision on the state after the last step in force. Logits of earlier steps are let go: they
 * serve undo while the session is open, and are most of its bytes.
 */
export function decideSession(store: Store, sessionId: SessionId, decision: Decision): void {
  const { database } = store;
  inTransaction(database, () => {
    requireOwnSession(store, sessionId);
    writeSessionChange(store, sessionId, {});
    database
      .prepare(
        `INSERT INTO decisions (session_id, decision, step_index, decided_at) VALUES (@sessionId, @decision,
           (SELECT max(step_index) FROM steps WHERE session_id = @sessionId AND undone = 0), @at)`,
      )
      .run({ sessionId, decision, at: store.now().toISOString() });
    database
      .prepare(
        `DELETE FROM low_res_logits WHERE session_id = @sessionId AND step_index <>
           coalesce((SELECT max(step_index) FROM steps WHERE session_id = @sessionId AND undone = 0
             AND action_kind NOT IN ('terminate', 'unparsed')), -1)`,
      )
      .run({ sessionId });
  });
}
