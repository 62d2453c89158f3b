import { createHash } from 'node:crypto';

import type { BatchRow } from '../../contract/batchReport.js';
import type { OpenPathsResult, ParsedParams } from '../../contract/channels.js';
import { toErrorShape } from '../../contract/errors.js';
import type { BatchCase, BatchModels } from '../../domain/batchCase.js';
import type { SeriesId, SessionId } from '../../domain/brand.js';
import { countMaskPixels, unpackMask } from '../../domain/mask.js';
import { getMaskInForce, isUserAct } from '../../domain/session.js';
import type { SegmentationSession } from '../../domain/session.js';
import type { Series } from '../../domain/study.js';
import { chooseSeries, chooseSlice, requireSomething } from '../openedInput.js';
import type { SessionIdentity } from '../sessions.js';

/** What a batch needs of an engine; the command line and the window each have their own way to it. */
export interface BatchEngine {
  /** Opens what a case names; the next case most often lies in the same study, which then is not read again. */
  open(batchCase: BatchCase): Promise<OpenPathsResult>;
  getSeries(seriesId: SeriesId): Promise<Series>;
  /** Null: there is none of that id. */
  findSession(sessionId: SessionId): Promise<SegmentationSession | null>;
  startSession(
    identity: SessionIdentity,
    params: ParsedParams<'startSession'>,
  ): Promise<SegmentationSession>;
  /**
   * Resolves, when the run has ended or `signal` has made it pause, with why it failed, which may not have been stored (a
   * full disk).
   */
  runToEnd(sessionId: SessionId, signal: AbortSignal): Promise<string | null>;
}

export interface BatchSettings extends BatchModels {
  readonly retryFailed: boolean;
}

export type CaseOutcome = Omit<BatchRow, 'line' | 'path' | 'prompt'>;

/**
 * The session of a case follows from what is asked, so no second record of what is done is needed, none can disagree
 * with the sessions, and the same case of two shards is one session after a merge.
 */
export function identifyCase(
  { path, seriesUID, axis, sliceIndex, phaseIndex, prompt }: BatchCase,
  { policyId, segmenterId, maxSteps }: BatchModels,
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

/** Voxels of the mask in force at the end. */
export function countMaskVoxels(session: SegmentationSession): number {
  const mask = getMaskInForce(session.steps);
  return mask === null ? 0 : countMaskPixels(unpackMask(mask));
}

const failureOf = ({ stopReason, failure }: SegmentationSession): string | null =>
  stopReason === 'failed' ? (failure ?? 'The run failed.') : null;

export function describeOutcome(
  session: SegmentationSession,
  earlier: boolean,
  failure = failureOf(session),
): CaseOutcome {
  const steps = session.steps.filter((step) => !step.undone);
  const { sessionId, stopReason } = session;
  const state = failure !== null ? 'failed' : isFinished(session) ? 'done' : 'pending';
  return {
    state,
    earlier,
    sessionId,
    stopReason,
    steps: steps.length,
    maskVoxels: countMaskVoxels(session),
    elapsedMs: steps.reduce((sum, step) => sum + step.elapsedMs, 0),
    error: failure === null ? null : { code: 'failed', message: failure },
  };
}

/** Before its turn, or where there never was a session. */
export const nothingDone: CaseOutcome = {
  state: 'pending',
  earlier: false,
  sessionId: null,
  stopReason: null,
  steps: 0,
  maskVoxels: 0,
  elapsedMs: 0,
  error: null,
};

/** Where the images of a case lie, once they are open. */
export async function findCaseSlice(
  engine: Pick<BatchEngine, 'open' | 'getSeries'>,
  batchCase: BatchCase,
): Promise<Pick<ParsedParams<'startSession'>, 'seriesId' | 'phaseIndex' | 'axis' | 'sliceIndex'>> {
  const { axis, phaseIndex, sliceIndex } = batchCase;
  const opened = await engine.open(batchCase);
  requireSomething(opened);
  const { seriesId } = chooseSeries(opened, batchCase.seriesUID ?? undefined);
  const slice = sliceIndex === null ? {} : { slice: sliceIndex };
  const series = await engine.getSeries(seriesId);
  return {
    seriesId,
    phaseIndex,
    axis,
    sliceIndex: chooseSlice(series, { ...slice, phase: phaseIndex, axis }),
  };
}

/**
 * Makes or takes up the session of a case and runs it to its end; a finished one is only told of. Rejects with what
 * concerns no single case: a full disk, a damaged database. All else is the outcome of the case.
 */
export async function runCase(
  engine: BatchEngine,
  batchCase: BatchCase,
  settings: BatchSettings,
  signal: AbortSignal,
): Promise<CaseOutcome> {
  const { policyId, segmenterId, maxSteps, retryFailed } = settings;
  const identity = identifyCase(batchCase, settings);
  const { sessionId } = identity;
  let stored = await engine.findSession(sessionId);
  if (stored !== null && isFinished(stored)) {
    if (failureOf(stored) === null || !retryFailed) return describeOutcome(stored, true);
  }
  try {
    if (stored === null) {
      const place = await findCaseSlice(engine, batchCase);
      const { prompt } = batchCase;
      const params = { ...place, window: null, prompt, policyId, segmenterId, maxSteps };
      stored = await engine.startSession(identity, params);
    } else requireSomething(await engine.open(batchCase));
    const failure = await engine.runToEnd(sessionId, signal);
    stored = (await engine.findSession(sessionId)) ?? stored;
    return describeOutcome(stored, false, failure ?? failureOf(stored));
  } catch (thrown) {
    const error = toErrorShape(thrown);
    if (error.code === 'disk-full' || error.code === 'database-damaged') throw thrown;
    const soFar = stored === null ? nothingDone : describeOutcome(stored, false, null);
    return { ...soFar, state: 'failed', earlier: false, error };
  }
}
