import os from 'node:os';
import path from 'node:path';

import type {
  IbisEvent,
  MethodParams,
  MethodResults,
  ParsedParams,
  Reply,
} from '../contract/channels.js';
import type { EngineMethodName } from '../contract/channels.js';
import { IbisError, toErrorShape } from '../contract/errors.js';
import type { ResolvedResource } from '../contract/engineMessages.js';
import type { ImageId, SeriesId } from '../domain/brand.js';
import type { SegmentationSession } from '../domain/session.js';
import { createBackground } from './background.js';
import { checkRequest } from './checkRequest.js';
import { createDeidentification } from './deidentification.js';
import { loadDemoStudy } from './demoStudy.js';
import { createLibrary } from './dicom/index.js';
import type { Library } from './dicom/index.js';
import { dispatchCall } from './dispatch.js';
import type { EngineHandlers } from './dispatch.js';
import { createForeground } from './foreground.js';
import { foregroundMethods } from './foregroundMethods.js';
import { createIdleEncoding } from './idleEncoding.js';
import { createJobs } from './jobs.js';
import { logFault } from './log.js';
import { createMeasurementFiles } from './measurements/files.js';
import { createMeasurements } from './measurements/index.js';
import { createModelPool, modelRoots } from './modelPool.js';
import { openPropagation } from './propagation/openPropagation.js';
import type { OpenPropagation, SeriesPropagation } from './propagation/openPropagation.js';
import { createProviderChoice } from './providerChoice.js';
import { createReviewHandlers } from './reviewHandlers.js';
import { createSegmentationFiles } from './segmentationFiles.js';
import { createSegmentToolHandlers } from './segmentations/applyTool.js';
import { createSegmentationHandlers } from './segmentations/handlers.js';
import { createSegmentations } from './segmentations/index.js';
import { createLiveSegmentations } from './segmentations/liveSegmentations.js';
import { createPropagationHandlers } from './segmentations/propagateSegment.js';
import { createSessionExport } from './sessionExport.js';
import { createSessionFiles } from './sessionFile/index.js';
import { createSessions } from './sessions.js';
import type { SessionIdentity } from './sessions.js';
import { createSliceSource } from './slices.js';
import type { PreparedSlice, SliceRequest } from './slices.js';
import { closeStore, getSessionSource, listInterruptedSessions, openStore } from './store/index.js';
import { createStudies } from './studies.js';
import { createSurfaceHandlers } from './surfaces/handlers.js';
import { createSurfaceRunner } from './surfaces/surfaceRunner.js';
import { createToolRunner } from './tools/toolRunner.js';

export interface EngineOptions {
  /** Database, caches and the user's own models; made if missing. */
  readonly dataDir: string;
  /** Folder with `models/`, `targets/` and `demo/`. */
  readonly resourcesDir: string;
  readonly version: string;
  readonly emit: (event: IbisEvent) => void;
}

/** All that Ibis does, without a window: the app's engine process and the command line run this same code. */
export interface Engine {
  /** A call as it comes over a channel: parsed first. Never rejects. */
  call(method: string, params: unknown): Promise<Reply<unknown>>;
  /** The same for callers in this process: typed, and rejecting with IbisError. */
  invoke<M extends EngineMethodName>(method: M, params: MethodParams<M>): Promise<MethodResults[M]>;
  /** A slice as the models see it, without a session. Rejects with IbisError. */
  prepareSlice(request: SliceRequest): Promise<PreparedSlice>;
  /** Completes a series from masks of some of its slices, without a segmentation. Rejects with IbisError. */
  propagate(request: SeriesPropagation, signal: AbortSignal): Promise<OpenPropagation>;
  /** `startSession` with an identity of the caller's, for work that must be found again after a kill. */
  startSessionAs(
    identity: SessionIdentity,
    params: ParsedParams<'startSession'>,
  ): Promise<SegmentationSession>;
  /** What to stream for a dicom:// address. Never rejects. */
  resolve(resource: string): Promise<Reply<ResolvedResource>>;
  close(): Promise<void>;
}

/** 'frame/<imageId>' or 'thumbnail/<seriesId>' -> a stretch of a file. */
function resolveResource(library: Library, resource: string): Promise<ResolvedResource> {
  const [kind, id = '', ...rest] = resource.split('/');
  if (id !== '' && rest.length === 0) {
    if (kind === 'frame') return library.resolveFrame(id as ImageId); // branding at the edge
    if (kind === 'thumbnail') return library.resolveThumbnail(id as SeriesId); // branding at the edge
  }
  throw new IbisError('not-found', 'There is no such image.');
}

/** As the operating system knows the user; '' where it does not say (a container without an account). */
function getUserName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return '';
  }
}

/** Opens the database and makes everything ready to be called. Rejects where the database is refused. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { dataDir, resourcesDir, emit, version } = options;
  const opened = openStore(dataDir);
  if (!opened.ok) throw new IbisError(opened.error.code, opened.error.message);
  const store = opened.value;

  const cacheDir = path.join(dataDir, 'cache');
  const foreground = createForeground();
  const jobs = createJobs(foreground);
  const demo = loadDemoStudy(resourcesDir);
  const library = createLibrary({ cacheDir: path.join(cacheDir, 'images') });
  const studies = createStudies({ library, jobs, emit });
  const slices = createSliceSource(library);
  const provider = createProviderChoice(emit);
  const models = createModelPool({
    roots: modelRoots(resourcesDir, dataDir),
    cacheDir,
    chooseProvider: (model) => provider.choose(model),
  });
  const sessions = createSessions({
    output: { store, emit },
    ...{ studies, slices, models, foreground },
  });
  const { batches, prefetch } = createBackground({
    ...{ store, emit, library, studies, slices, models, sessions, foreground, cacheDir },
  });
  const live = createLiveSegmentations({ store, emit });
  const segmentations = createSegmentations({
    live,
    store,
    studies,
    findSeries: (seriesId) => library.getSeries(seriesId),
  });
  const segmentationHandlers = createSegmentationHandlers({
    segmentations,
    live,
    store,
    studies,
    slices,
    emit,
  });
  const measurements = createMeasurements({ store, studies, library, slices, emit });
  const deidentification = createDeidentification({ dataDir, library, studies, jobs, emit });
  const tools = createToolRunner();
  const surfaces = createSurfaceRunner();
  const idleEncoding = createIdleEncoding({
    slices,
    getSegmenter: (id) => models.getSegmenter(id),
    isBusy: () => foreground.isBusy(),
  });

  const openDemoStudy: EngineHandlers['openDemoStudy'] = async () => {
    if (demo === null) throw new IbisError('not-found', 'This installation carries no demo study.');
    const { prompt, axis, sliceIndex } = demo;
    const result = await studies.open([demo.path], 'demo');
    const seriesId = result.studies[0]?.series[0]?.seriesId ?? null;
    return { ...result, seriesId, prompt, axis, sliceIndex };
  };

  const exportSession = createSessionExport({
    ...{ store, library, studies, slices, models, deidentification, version },
  });

  const handlers: EngineHandlers = {
    ...sessions.handlers,
    ...batches.handlers,
    ...createReviewHandlers(store),
    ...segmentationHandlers,
    ...createSegmentToolHandlers({ segmentations, slices, tools, jobs, emit }),
    ...createPropagationHandlers({ segmentations, live, store, slices, models, jobs, emit }),
    ...createSurfaceHandlers({ segmentations, surfaces }),
    ...measurements.handlers,
    ...createMeasurementFiles({
      ...{ store, studies, library, measurements, deidentification, version },
    }),
    ...deidentification.handlers,
    ...createSegmentationFiles({
      segmentations,
      live,
      store,
      studies,
      library,
      slices,
      deidentification,
      measure: (segmentationId, segmentNumber) =>
        segmentationHandlers.computeSegmentStatistics({ segmentationId, segmentNumber }),
      version,
    }),
    getAppInfo: async () => ({
      version,
      nodeVersion: process.version,
      engineProcessId: process.pid,
      dataDir,
      userName: getUserName(),
      provider: await provider.describe(),
      interruptedSessions: listInterruptedSessions(store).filter(
        (session) => session.decision === null,
      ),
      demoStudy: { available: demo !== null, prompt: demo?.prompt ?? '' },
    }),
    openPaths: ({ paths, jobId }) => studies.open(paths, jobId),
    openDemoStudy,
    cancelJob: async ({ jobId }) => {
      jobs.cancel(jobId);
      return null;
    },
    listStudies: async () => studies.list(),
    getSeries: async ({ seriesId }) => studies.getSeries(seriesId),
    computeWindow: ({ seriesId, phaseIndex }) => slices.computeWindow(seriesId, phaseIndex),
    reopenSession: async ({ sessionId }) => {
      const source = getSessionSource(store, sessionId);
      await studies.reopen(source);
      studies.show(source.studyId);
      return studies.getSeries(source.seriesId);
    },
    closeStudy: async ({ studyId }) => {
      studies.close(studyId);
      slices.forget();
      return null;
    },
    listModels: () => models.describe(),
    checkRequest: async ({ policyId, text }) =>
      checkRequest(text, (await models.getPolicyManifest(policyId)).policy.targets),
    noteShownSlice: async ({ segmenterId, ...request }) => {
      idleEncoding.noteShown(request, segmenterId);
      return null;
    },
    prefetchCase: async ({ target }) => {
      prefetch.fetch(target);
      return null;
    },
    exportSession,
    ...createSessionFiles({
      ...{ store, library, studies, slices, live, deidentification, exportSession },
      ...{ emit, dataDir, version },
      letGo: (sessionId) => sessions.letGo(sessionId),
    }),
  };

  const call = (method: string, params: unknown): Promise<Reply<unknown>> => {
    const work = (): Promise<Reply<unknown>> => dispatchCall(handlers, method, params);
    return foregroundMethods.has(method) ? foreground.during(work) : work();
  };

  return {
    call,
    invoke: async (method, params) => {
      const reply = await call(method, params);
      if (!reply.ok) throw new IbisError(reply.error.code, reply.error.message);
      return reply.value as MethodResults[typeof method]; // the handler of `method` gave it
    },
    prepareSlice: (request) => slices.prepare(request),
    propagate: (request, signal) => openPropagation({ slices, models }, request, signal),
    startSessionAs: (identity, params) => sessions.start(params, identity),
    resolve: async (resource) => {
      try {
        return { ok: true, value: await resolveResource(library, resource) };
      } catch (thrown) {
        const error = toErrorShape(thrown);
        if (error.code === 'failed') logFault('resolve', thrown);
        return { ok: false, error };
      }
    },
    close: async () => {
      idleEncoding.stop();
      prefetch.stop();
      jobs.cancelAll();
      await batches.close();
      await sessions.close();
      await Promise.all([models.close(), library.close(), tools.close(), surfaces.close()]);
      closeStore(store);
    },
  };
}
