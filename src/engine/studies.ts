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

/** Whose work needs studies that the user has not opened. */
export type BackgroundUse = 'batch' | 'batch-scan' | 'prefetch';

/** The open studies, and where each came from. */
export interface Studies {
  open(paths: readonly string[], jobId: string): Promise<OpenPathsResult>;
  /** The same, for work that the user does not see: what they have not opened themselves is not listed. */
  openInBackground(
    paths: readonly string[],
    jobId: string,
    use: BackgroundUse,
  ): Promise<OpenPathsResult>;
  /** Closes what `use` opened and nobody else has opened since; gives what was closed. */
  closeBackground(use: BackgroundUse): readonly SeriesId[];
  /** What was opened in the background is now the user's. */
  show(studyId: StudyId): void;
  /** What the user has opened. */
  list(): readonly StudySummary[];
  /** By anyone. */
  isOpen(seriesId: SeriesId): boolean;
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
  const inBackground = new Map<StudyId, Set<BackgroundUse>>();

  const read = (
    ground: 'foreground' | 'background',
    paths: readonly string[],
    jobId: string,
  ): Promise<OpenPathsResult> => {
    const readInto = async (signal: AbortSignal): Promise<OpenPathsResult> => {
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
    };
    return ground === 'foreground'
      ? jobs.run(jobId, readInto)
      : jobs.runInBackground(jobId, readInto);
  };

  const open = async (paths: readonly string[], jobId: string): Promise<OpenPathsResult> => {
    const result = await read('foreground', paths, jobId);
    for (const { studyId } of result.studies) inBackground.delete(studyId);
    return result;
  };

  const close = (studyId: StudyId): void => {
    library.closeStudy(studyId);
    pathsOf.delete(studyId);
    inBackground.delete(studyId);
  };

  const getSeries = (seriesId: SeriesId): Series => {
    const series = library.getSeries(seriesId);
    if (series === null)
      throw new IbisError('no-series', 'The series is not open. Open its study first.');
    return series;
  };

  return {
    open,
    openInBackground: async (paths, jobId, use) => {
      const known = new Set(library.listStudies().map(({ studyId }) => studyId));
      const result = await read('background', paths, jobId);
      for (const { studyId } of result.studies) {
        const uses = inBackground.get(studyId);
        if (uses !== undefined) uses.add(use);
        else if (!known.has(studyId)) inBackground.set(studyId, new Set([use]));
      }
      return result;
    },
    closeBackground: (use) =>
      [...inBackground].flatMap(([studyId, uses]) => {
        if (!uses.delete(use) || uses.size > 0) return [];
        const series = library.listStudies().find((study) => study.studyId === studyId)?.series;
        close(studyId);
        return (series ?? []).map(({ seriesId }) => seriesId);
      }),
    show: (studyId) => {
      inBackground.delete(studyId);
    },
    isOpen: (seriesId) => library.getSeries(seriesId) !== null,
    list: () => library.listStudies().filter(({ studyId }) => !inBackground.has(studyId)),
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
    close,
  };
}
