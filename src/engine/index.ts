import type { IbisEvent, Reply } from '../contract/channels.js';
import { IbisError } from '../contract/errors.js';
import type { ResolvedResource } from '../contract/engineMessages.js';
import { checkRequest } from './checkRequest.js';
import { loadDemoStudy } from './demoStudy.js';
import { dispatchCall } from './dispatch.js';
import type { EngineHandlers } from './dispatch.js';
import { createJobs } from './jobs.js';
import {
  closeStore,
  getSession,
  listInterruptedSessions,
  listSessions,
  openStore,
} from './store/index.js';

export interface EngineOptions {
  readonly dataDir: string;
  /** Folder with `models/`, `targets/` and `demo/`. */
  readonly resourcesDir: string;
  readonly version: string;
  readonly emit: (event: IbisEvent) => void;
}

export interface Engine {
  call(method: string, params: unknown): Promise<Reply<unknown>>;
  resolve(resource: string): Promise<Reply<ResolvedResource>>;
  close(): Promise<void>;
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const opened = openStore(options.dataDir);
  if (!opened.ok) throw new IbisError(opened.error.code, opened.error.message);
  const store = opened.value;
  const jobs = createJobs();
  const demo = loadDemoStudy(options.resourcesDir);
  const waiting = async (): Promise<never> => {
    throw new IbisError('failed', 'This part is being built.');
  };
  const handlers: EngineHandlers = {
    getAppInfo: async () => ({
      version: options.version,
      nodeVersion: process.version,
      engineProcessId: process.pid,
      dataDir: options.dataDir,
      provider: { available: [], used: 'cpu', note: '' },
      interruptedSessions: listInterruptedSessions(store),
      demoStudy: { available: demo !== null, prompt: demo?.prompt ?? '' },
    }),
    openPaths: waiting,
    openDemoStudy: waiting,
    cancelJob: async ({ jobId }) => {
      jobs.cancel(jobId);
      return null;
    },
    listStudies: async () => [],
    getSeries: waiting,
    closeStudy: waiting,
    listModels: async () => [],
    checkRequest: async ({ text }) => checkRequest(text, []),
    noteShownSlice: waiting,
    startSession: waiting,
    runSession: waiting,
    stepSession: waiting,
    pauseSession: waiting,
    cancelSession: waiting,
    addClick: waiting,
    removeClick: waiting,
    undoStep: waiting,
    decideSession: waiting,
    listSessions: async (query) => listSessions(store, query),
    getSession: async ({ sessionId }) => getSession(store, sessionId),
    exportSession: waiting,
  };
  return {
    call: (method, params) => dispatchCall(handlers, method, params),
    resolve: async () => ({
      ok: false,
      error: { code: 'not-found', message: 'There is no such image.' },
    }),
    close: async () => {
      jobs.cancelAll();
      closeStore(store);
    },
  };
}
