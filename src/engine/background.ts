import type { IbisEvent, OpenPathsResult } from '../contract/channels.js';
import { IbisError } from '../contract/errors.js';
import type { BatchCase } from '../domain/batchCase.js';
import type { SessionId } from '../domain/brand.js';
import type { SegmentationSession } from '../domain/session.js';
import type { SeriesSummary, StudySummary } from '../domain/study.js';
import { createBatches } from './batch/index.js';
import type { Batches } from './batch/index.js';
import { createCaseMaker } from './batch/makeCases.js';
import type { BatchEngine } from './batch/runCase.js';
import type { Library } from './dicom/index.js';
import type { Foreground } from './foreground.js';
import type { ModelPool } from './modelPool.js';
import { createPrefetch } from './prefetch.js';
import type { Prefetch } from './prefetch.js';
import type { Sessions } from './sessions.js';
import type { SliceSource } from './slices.js';
import { getSession } from './store/index.js';
import type { Store } from './store/index.js';
import type { Studies } from './studies.js';

/** Null: there is none of that id. */
function findSession(store: Store, sessionId: SessionId): SegmentationSession | null {
  try {
    return getSession(store, sessionId);
  } catch (thrown) {
    if (thrown instanceof IbisError && thrown.code === 'not-found') return null;
    throw thrown;
  }
}

/** Work that the user does not wait for: batches, and the next case ahead of time. */
export function createBackground(options: {
  readonly store: Store;
  readonly emit: (event: IbisEvent) => void;
  readonly library: Library;
  readonly studies: Studies;
  readonly slices: SliceSource;
  readonly models: ModelPool;
  readonly sessions: Sessions;
  readonly foreground: Foreground;
  readonly cacheDir: string;
}): { readonly batches: Batches; readonly prefetch: Prefetch } {
  const { store, emit, library, studies, slices, models, sessions, foreground, cacheDir } = options;
  let openPath: string | null = null;

  const letGo = (): void => {
    openPath = null;
    slices.forget(studies.closeBackground('batch'));
  };

  /** Where a case is open already it is not read again: its images would be replaced, on screen and in the caches. */
  const findOpen = (
    { path, seriesUID }: BatchCase,
    among: readonly StudySummary[],
  ): OpenPathsResult | null => {
    const fits = ({ seriesInstanceUID, seriesId }: SeriesSummary): boolean =>
      seriesUID === null
        ? library.getInstances(seriesId, 0).every(({ file }) => file === path)
        : seriesInstanceUID === seriesUID;
    const found = among.flatMap((study) => {
      const series = study.series.filter(fits);
      return series.length === 0 ? [] : [{ ...study, series }];
    });
    return found.length === 0
      ? null
      : { studies: found, refused: [], derived: [], cancelled: false };
  };

  const engine: BatchEngine = {
    open: async (batchCase) => {
      await foreground.whenFree();
      const open = findOpen(batchCase, studies.list());
      if (open !== null) return open;
      const { path } = batchCase;
      if (openPath !== path) letGo();
      openPath = path;
      return studies.openInBackground([path], 'batch-open', 'batch');
    },
    getSeries: async (seriesId) => studies.getSeries(seriesId),
    findSession: async (sessionId) => findSession(store, sessionId),
    startSession: (identity, params) => sessions.start(params, identity),
    runToEnd: (sessionId, signal) => sessions.runToEnd(sessionId, signal),
  };

  const batches = createBatches({
    store,
    emit,
    engine,
    letGo,
    makeCases: createCaseMaker({ library, studies, cacheDir }),
    requireModels: ({ policyId, segmenterId }) => models.verify(policyId, segmenterId),
    openForUser: {
      open: async (batchCase) => {
        const open = findOpen(batchCase, library.listStudies());
        if (open === null) return studies.open([batchCase.path], 'batch-case');
        for (const { studyId } of open.studies) studies.show(studyId);
        return open;
      },
      getSeries: async (seriesId) => studies.getSeries(seriesId),
    },
  });
  const prefetch = createPrefetch({
    store,
    studies,
    slices,
    foreground,
    getSegmenter: (id) => models.getSegmenter(id),
    findBatchCase: (target) => batches.findCase(target.batchId, target.position),
  });
  return { batches, prefetch };
}
