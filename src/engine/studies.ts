import path from 'node:path';

import { IbisError } from '../contract/errors.js';
import type { IbisEvent, OpenPathsResult } from '../contract/channels.js';
import type { SeriesId, StudyId } from '../domain/brand.js';
import type { Series, StudySummary } from '../domain/study.js';
import { openPaths } from './dicom/index.js';
import type { Library } from './dicom/index.js';
import type { Jobs } from './jobs.js';
import type { SessionSource } from './store/index.js';

const PROGRESS_INTERVAL_MS = 80; // about as often as a bar can be seen to move

/** The open studies, and where each came from. */
export interface Studies {
  open(paths: readonly string[], jobId: string): Promise<OpenPathsResult>;
  /** Throws 'no-series' when it is not open. */
  getSeries(seriesId: SeriesId): Series;
  getStudyOf(seriesId: SeriesId): StudySummary;
  getSourcePaths(studyId: StudyId): readonly string[];
  /** Opens a stored session's study again where it is not open; throws a sentence that says what is missing. */
  reopen(source: SessionSource): Promise<void>;
  close(studyId: StudyId): void;
}

export function createStudies(options: {
  readonly library: Library;
  readonly jobs: Jobs;
  readonly emit: (event: IbisEvent) => void;
}): Studies {
  const { library, jobs, emit } = options;
  const pathsOf = new Map<StudyId, Set<string>>();

  const open = (paths: readonly string[], jobId: string): Promise<OpenPathsResult> =>
    jobs.run(jobId, async (signal) => {
      let lastSentMs = 0;
      const result = await openPaths(paths, {
        library,
        signal,
        onProgress: (done, total, label) => {
          const now = performance.now();
          if (done < total && now - lastSentMs < PROGRESS_INTERVAL_MS) return;
          lastSentMs = now;
          emit({ kind: 'jobProgressed', jobId, label, done, total });
        },
      });
      for (const { studyId } of result.studies) {
        const known = pathsOf.get(studyId) ?? new Set();
        for (const opened of paths) known.add(opened);
        pathsOf.set(studyId, known);
      }
      return result;
    });

  const getSeries = (seriesId: SeriesId): Series => {
    const series = library.getSeries(seriesId);
    if (series === null)
      throw new IbisError('no-series', 'The series is not open. Open its study first.');
    return series;
  };

  return {
    open,
    getSeries,
    getStudyOf: (seriesId) => {
      const { studyId } = getSeries(seriesId);
      const study = library.listStudies().find((candidate) => candidate.studyId === studyId);
      if (study === undefined) throw new Error('an open series belongs to an open study');
      return study;
    },
    getSourcePaths: (studyId) => [...(pathsOf.get(studyId) ?? [])],
    reopen: async (source) => {
      if (library.getSeries(source.seriesId) !== null) return;
      const { cancelled } = await open(source.sourcePaths, `reopen-${source.studyId}`);
      if (cancelled) throw new IbisError('cancelled', 'Opening the study was cancelled.');
      if (library.getSeries(source.seriesId) !== null) return;
      const places = source.sourcePaths.map((place) => path.basename(place)).join(', ');
      throw new IbisError(
        'no-series',
        `The images of this session (${places}) are not where they were. Open their study again, then go on.`,
      );
    },
    close: (studyId) => {
      library.closeStudy(studyId);
      pathsOf.delete(studyId);
    },
  };
}
