import type { OpenPathsResult } from '../contract/channels.js';
import { IbisError } from '../contract/errors.js';
import type { SessionId } from '../domain/brand.js';
import type { BatchEngine } from '../engine/batch/runCase.js';
import type { CliEngine } from './openEngine.js';

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

/** The engine of the command line as a batch needs it: it keeps what was opened last, and only that. */
export function createBatchEngine(engine: CliEngine): BatchEngine {
  let last: { readonly path: string; readonly result: OpenPathsResult } | null = null;
  return {
    open: async ({ path }) => {
      if (last?.path === path) return last.result;
      for (const { studyId } of last?.result.studies ?? [])
        await engine.invoke('closeStudy', { studyId });
      last = null;
      const result = await engine.invoke('openPaths', { paths: [path], jobId: 'cli-batch-open' });
      last = { path, result };
      return result;
    },
    getSeries: (seriesId) => engine.invoke('getSeries', { seriesId }),
    findSession: async (sessionId) => {
      try {
        return await engine.invoke('getSession', { sessionId });
      } catch (thrown) {
        if (thrown instanceof IbisError && thrown.code === 'not-found') return null;
        throw thrown;
      }
    },
    startSession: (identity, params) => engine.startSessionAs(identity, params),
    runToEnd: (sessionId) => runToEnd(engine, sessionId),
  };
}
