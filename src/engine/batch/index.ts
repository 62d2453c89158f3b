import path from 'node:path';

import type { BatchCaseSummary, BatchSummary } from '../../contract/batchChannels.js';
import type { BatchReport } from '../../contract/batchReport.js';
import type { IbisEvent } from '../../contract/channels.js';
import { IbisError, toErrorShape } from '../../contract/errors.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { BatchCase, BatchModels } from '../../domain/batchCase.js';
import type { BatchId } from '../../domain/brand.js';
import type { EngineHandlers } from '../dispatch.js';
import { writeMadeFile } from '../export/madeFile.js';
import { logFault } from '../log.js';
import {
  countBatchCases,
  createStoredBatch,
  deleteStoredBatch,
  getSession,
  getStoredBatch,
  listStoredBatches,
  listStoredCases,
  saveCaseError,
} from '../store/index.js';
import type { Store, StoredBatch, StoredCase } from '../store/index.js';
import type { MadeCases } from './makeCases.js';
import { describeOutcome, findCaseSlice, identifyCase, nothingDone } from './runCase.js';
import type { BatchEngine, CaseOutcome } from './runCase.js';
import { runCases } from './runCases.js';

export type BatchHandlers = Pick<
  EngineHandlers,
  | 'createBatch'
  | 'listBatches'
  | 'listBatchCases'
  | 'runBatch'
  | 'pauseBatch'
  | 'deleteBatch'
  | 'saveBatchReport'
  | 'openBatchCase'
>;

export interface Batches {
  readonly handlers: BatchHandlers;
  /** A case and the segmenter of its batch. */
  findCase(
    batchId: BatchId,
    position: number,
  ): { readonly batchCase: BatchCase; readonly segmenterId: string };
  /** Pauses what runs; the next start offers it where it stood. */
  close(): Promise<void>;
}

interface Running {
  readonly batchId: BatchId;
  readonly controller: AbortController;
  position: number | null;
  done: Promise<void>;
}

/** Batches of the window: lists of cases in the database, worked through in the background, one list at a time. */
export function createBatches(options: {
  readonly store: Store;
  readonly emit: (event: IbisEvent) => void;
  /** For the batch itself: opens what the user does not see, and stands back while they wait for something. */
  readonly engine: BatchEngine;
  readonly makeCases: (
    from: Parameters<EngineHandlers['createBatch']>[0]['from'],
    jobId: string,
  ) => Promise<MadeCases>;
  /** Rejects where every case would fail of a model. */
  readonly requireModels: (models: BatchModels) => Promise<unknown>;
  /** Closes what the batch has opened. */
  readonly letGo: () => void;
  /** For the user: opens a case where they can see it. */
  readonly openForUser: Pick<BatchEngine, 'open' | 'getSeries'>;
}): Batches {
  const { store, emit, engine } = options;
  let running: Running | null = null;
  const problems = new Map<BatchId, IbisErrorShape>(); // of the last run

  const summarise = (batch: StoredBatch): BatchSummary => {
    const own = running?.batchId === batch.batchId ? running : null;
    return {
      ...batch,
      counts: countBatchCases(store, batch.batchId),
      isRunning: own !== null,
      runsPosition: own?.position ?? null,
      problem: problems.get(batch.batchId) ?? null,
    };
  };

  const announce = (batchId: BatchId): void => {
    emit({ kind: 'batchChanged', batch: summarise(getStoredBatch(store, batchId)) });
  };

  const findCase = (batchId: BatchId, position: number): StoredCase => {
    const [found] = listStoredCases(store, batchId, { offset: position, limit: 1 });
    if (found?.summary.position === position) return found;
    throw new IbisError('not-found', 'This case is not in the database any more.');
  };

  const announceCase = (batchId: BatchId, position: number): void => {
    emit({ kind: 'batchCaseChanged', batchId, batchCase: findCase(batchId, position).summary });
  };

  /** What a run has to do: a failed run only if asked, what could not be opened in any case. */
  function* findWork(batchId: BatchId, retryFailed: boolean): Generator<StoredCase> {
    for (let offset = 0; ;) {
      const [next] = listStoredCases(store, batchId, { offset, limit: 1 });
      if (next === undefined) return;
      const { state, stopReason, position } = next.summary;
      if (state === 'pending' || (state === 'failed' && (retryFailed || stopReason === null)))
        yield next;
      offset = position + 1;
    }
  }

  const note = (run: Running, { summary, batchCase }: StoredCase, outcome: CaseOutcome): void => {
    const { batchId } = run;
    // What failed as a session says so itself.
    const error = outcome.stopReason === 'failed' ? null : outcome.error;
    if (error !== null || summary.error !== null)
      saveCaseError(store, batchId, summary.position, error);
    if (error?.code === 'failed') logFault('batch', new Error(`case ${String(batchCase.line)}`));
    run.position = null;
    announceCase(batchId, summary.position);
    announce(batchId);
  };

  const work = async (run: Running, batch: StoredBatch, retryFailed: boolean): Promise<void> => {
    const { batchId } = batch;
    try {
      await runCases(findWork(batchId, retryFailed), {
        engine,
        settings: { ...batch, retryFailed },
        signal: run.controller.signal,
        whenAborted: 'wait',
        onBegin: ({ summary }) => {
          run.position = summary.position;
          announce(batchId);
        },
        onOutcome: (entry, outcome) => {
          note(run, entry, outcome);
        },
      });
    } catch (thrown) {
      logFault('batch', thrown);
      problems.set(batchId, toErrorShape(thrown));
    } finally {
      running = null;
      options.letGo();
      announce(batchId);
    }
  };

  const describeReport = (batchId: BatchId): BatchReport => {
    const batch = getStoredBatch(store, batchId);
    const counts = countBatchCases(store, batchId);
    const cases = listStoredCases(store, batchId, { offset: 0, limit: null });
    const rows = cases.map(({ summary, batchCase }) => {
      const { sessionId, state, error } = summary;
      const outcome =
        sessionId === null
          ? nothingDone
          : describeOutcome(getSession(store, sessionId), true, null);
      const { line, path: file, prompt } = batchCase;
      return { line, path: file, prompt, ...outcome, state, error };
    });
    const { label, policyId, segmenterId, refused } = batch;
    const shard = { index: 1, count: 1 };
    return { list: label, shard, policyId, segmenterId, counts, rows, refused: [...refused] };
  };

  return {
    findCase: (batchId, position) => ({
      batchCase: findCase(batchId, position).batchCase,
      segmenterId: getStoredBatch(store, batchId).segmenterId,
    }),
    close: async () => {
      if (running === null) return;
      running.controller.abort();
      await running.done;
    },
    handlers: {
      createBatch: async ({ from, jobId, ...models }) => {
        await options.requireModels(models);
        const { label, cases, refused } = await options.makeCases(from, jobId);
        if (cases.length === 0)
          throw new IbisError(
            'no-series',
            refused[0] === undefined
              ? 'There are no images in it.'
              : `Nothing in it can be opened. ${refused[0].fileName}: ${refused[0].reason}`,
          );
        const identified = new Map(
          cases.map((batchCase) => {
            const { sessionId } = identifyCase(batchCase, models);
            return [sessionId, { batchCase, sessionId }] as const;
          }),
        );
        const batch = { label, ...models, refused };
        return summarise(createStoredBatch(store, batch, [...identified.values()]));
      },
      listBatches: async () => listStoredBatches(store).map(summarise),
      listBatchCases: async ({ batchId, offset, limit }) =>
        listStoredCases(store, batchId, { offset, limit }).map(
          ({ summary }): BatchCaseSummary => summary,
        ),
      runBatch: async ({ batchId, retryFailed }) => {
        const batch = getStoredBatch(store, batchId);
        await options.requireModels(batch);
        if (running !== null)
          throw new IbisError(
            'session-state',
            running.batchId === batchId
              ? 'This batch is running already.'
              : 'Another batch is running. Pause it first, or wait until it is done.',
          );
        problems.delete(batchId);
        const controller = new AbortController();
        const run: Running = { batchId, controller, position: null, done: Promise.resolve() };
        running = run;
        run.done = work(run, batch, retryFailed);
        announce(batchId);
        return null;
      },
      pauseBatch: async ({ batchId }) => {
        if (running?.batchId === batchId) running.controller.abort();
        return null;
      },
      deleteBatch: async ({ batchId }) => {
        if (running?.batchId === batchId)
          throw new IbisError('session-state', 'The batch is running. Pause it first.');
        deleteStoredBatch(store, batchId);
        return null;
      },
      saveBatchReport: async ({ batchId, outDir }) => {
        if (!path.isAbsolute(outDir))
          throw new IbisError('usage', 'The folder must be given by its whole path.');
        const report = describeReport(batchId);
        const name = `batch-${batchId.slice(0, 8)}.json`;
        const bytes = `${JSON.stringify(report, null, 2)}\n`;
        return { file: await writeMadeFile(outDir, { name, bytes }) };
      },
      openBatchCase: async ({ batchId, position }) =>
        findCaseSlice(options.openForUser, findCase(batchId, position).batchCase),
    },
  };
}
