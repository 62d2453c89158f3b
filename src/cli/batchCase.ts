import { createHash } from 'node:crypto';

import type { BatchRow } from '../contract/batchReport.js';
import type { OpenPathsResult } from '../contract/channels.js';
import { IbisError, toErrorShape } from '../contract/errors.js';
import type { SessionId } from '../domain/brand.js';
import { isUserAct } from '../domain/session.js';
import type { SegmentationSession } from '../domain/session.js';
import type { SessionIdentity } from '../engine/sessions.js';
import type { BatchCase } from './batchList.js';
import { countMaskVoxels } from './finishSession.js';
import type { CliEngine } from './openEngine.js';
import { chooseSeries, chooseSlice, requireSomething } from './openInput.js';

export interface BatchSettings {
  readonly policyId: string;
  readonly segmenterId: string;
  readonly maxSteps: number;
  readonly retryFailed: boolean;
}

export type CaseOutcome = Omit<BatchRow, 'line' | 'path' | 'prompt'>;

/** Opens what a row names; the next row most often lies in the same study, which then is not read again. */
export type OpenCase = (path: string) => Promise<OpenPathsResult>;

/**
 * The session of a case follows from what is asked, so no second record of what is done is needed, none can disagree
 * with the sessions, and the same case of two shards is one session after a merge.
 */
export function identifyCase(
  { path, seriesUID, axis, sliceIndex, phaseIndex, prompt }: BatchCase,
  { policyId, segmenterId, maxSteps }: BatchSettings,
): SessionIdentity {
  const asked = [path, seriesUID, axis, sliceIndex, phaseIndex, prompt];
  const digest = createHash('sha256')
    .update(JSON.stringify([...asked, policyId, segmenterId, maxSteps]))
    .digest();
  const seed = digest.readUInt32BE(16) >>> 1; // below 2 ** 31, as a session's own
  digest[6] = 0x80 | ((digest[6] ?? 0) & 0x0f); // UUID version 8: "custom", RFC 9562
  digest[8] = 0x80 | ((digest[8] ?? 0) & 0x3f);
  const hex = digest.toString('hex', 0, 16);
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { sessionId: id as SessionId, seed }; // branding at the edge
}

/** Ended, or in the hands of a person, whose work the agent must not go on over. */
function isFinished({ stopReason, decision, steps }: SegmentationSession): boolean {
  return (
    stopReason !== null ||
    decision !== null ||
    steps.some((step) => step.undone || isUserAct(step.action))
  );
}

async function findSession(
  engine: CliEngine,
  sessionId: SessionId,
): Promise<SegmentationSession | null> {
  try {
    return await engine.invoke('getSession', { sessionId });
  } catch (thrown) {
    if (thrown instanceof IbisError && thrown.code === 'not-found') return null;
    throw thrown;
  }
}

/** Runs the agent to its end; resolves with why it failed, which may not have been stored (a full disk). */
function runToEnd(engine: CliEngine, sessionId: SessionId): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const stop = engine.onEvent((event) => {
      if (event.kind !== 'sessionChanged' || event.sessionId !== sessionId) return;
      if (event.runState !== 'stopped') return;
      stop();
      resolve(event.failure);
    });
    engine.invoke('runSession', { sessionId }).catch((thrown: unknown) => {
      stop();
      reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
    });
  });
}

const describe = (
  session: SegmentationSession,
  earlier: boolean,
  failure: string | null,
): CaseOutcome => {
  const steps = session.steps.filter((step) => !step.undone);
  const { sessionId, stopReason } = session;
  return {
    state: failure === null ? 'done' : 'failed',
    earlier,
    sessionId,
    stopReason,
    steps: steps.length,
    maskVoxels: countMaskVoxels(session),
    elapsedMs: steps.reduce((sum, step) => sum + step.elapsedMs, 0),
    error: failure === null ? null : { code: 'failed', message: failure },
  };
};

const failureOf = ({ stopReason, failure }: SegmentationSession): string | null =>
  stopReason === 'failed' ? (failure ?? 'The run failed.') : null;

/**
 * Makes or takes up the session of a case and runs it to its end; a finished one is only told of. Rejects with what
 * concerns no single case: a full disk, a damaged database. All else is the outcome of the case.
 */
export async function runCase(
  engine: CliEngine,
  batchCase: BatchCase,
  settings: BatchSettings,
  open: OpenCase,
): Promise<CaseOutcome> {
  const identity = identifyCase(batchCase, settings);
  const { sessionId } = identity;
  let stored = await findSession(engine, sessionId);
  if (stored !== null && isFinished(stored)) {
    const failure = failureOf(stored);
    if (failure === null || !settings.retryFailed) return describe(stored, true, failure);
  }
  try {
    const opened = await open(batchCase.path);
    requireSomething(opened);
    if (stored === null) {
      const summary = chooseSeries(opened, batchCase.seriesUID ?? undefined);
      const series = await engine.invoke('getSeries', { seriesId: summary.seriesId });
      const { axis, phaseIndex, sliceIndex } = batchCase;
      const slice = sliceIndex === null ? {} : { slice: sliceIndex };
      stored = await engine.startSessionAs(identity, {
        seriesId: series.seriesId,
        phaseIndex,
        axis,
        sliceIndex: chooseSlice(series, { ...slice, phase: phaseIndex, axis }),
        window: null,
        prompt: batchCase.prompt,
        policyId: settings.policyId,
        segmenterId: settings.segmenterId,
        maxSteps: settings.maxSteps,
      });
    }
    const failure = await runToEnd(engine, sessionId);
    stored = await engine.invoke('getSession', { sessionId });
    return describe(stored, false, failure ?? failureOf(stored));
  } catch (thrown) {
    const error = toErrorShape(thrown);
    if (error.code === 'disk-full' || error.code === 'database-damaged') throw thrown;
    const nothing = { steps: 0, maskVoxels: 0, elapsedMs: 0, stopReason: null };
    const soFar = stored === null ? { ...nothing, sessionId: null } : describe(stored, false, null);
    return { ...soFar, state: 'failed', earlier: false, error };
  }
}
