import { statSync } from 'node:fs';
import path from 'node:path';

import type { ParsedParams } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import type { BatchCase } from '../../domain/batchCase.js';
import type { SeriesSummary, Refusal } from '../../domain/study.js';
import type { Library } from '../dicom/index.js';
import type { Studies } from '../studies.js';
import { loadBatchList } from './batchList.js';

export interface MadeCases {
  readonly label: string;
  readonly cases: readonly BatchCase[];
  /** What could not be read, or taken as a case. */
  readonly refused: readonly Refusal[];
}

type CasesFrom = ParsedParams<'createBatch'>['from'];
type Asked = Pick<Exclude<CasesFrom, { kind: 'list' }>, 'prompts' | 'axis' | 'slice'>;

const isFile = (place: string): boolean =>
  statSync(place, { throwIfNoEntry: false })?.isFile() ?? false;

/** The folder that all files lie in or below. */
function commonFolder(files: readonly string[]): string {
  let common = path.dirname(files[0] ?? '');
  for (const file of files)
    while (!file.startsWith(common === path.parse(common).root ? common : common + path.sep))
      common = path.dirname(common);
  return common;
}

/**
 * The narrowest place that brings a series again: its file or its folder; of an archive, the archive. Null: it came
 * from one of several archives, and nothing says from which.
 */
function findCasePath(
  files: readonly string[],
  sourcePaths: readonly string[],
  cacheDir: string,
): string | null {
  if (files.some((file) => file.startsWith(cacheDir + path.sep))) {
    const archives = sourcePaths.filter(isFile);
    return archives.length === 1 ? (archives[0] ?? null) : null;
  }
  const [only, second] = files;
  return second === undefined ? (only ?? null) : commonFolder(files);
}

/** Cases of open series, and of all that lies in a folder or stands in a list. Rejects where there is none. */
export function createCaseMaker(options: {
  readonly library: Library;
  readonly studies: Studies;
  /** Unpacked archives lie below it. */
  readonly cacheDir: string;
}): (from: CasesFrom, jobId: string) => Promise<MadeCases> {
  const { library, studies, cacheDir } = options;

  const casesOf = (
    series: SeriesSummary,
    { prompts, axis, slice }: Asked,
  ): BatchCase[] | Refusal => {
    const phases = Array.from({ length: series.phaseCount }, (_, phase) => phase);
    const files = new Set(
      phases
        .flatMap((phase) => library.getInstances(series.seriesId, phase))
        .map(({ file }) => file),
    );
    const found = findCasePath([...files], studies.getSourcePaths(series.studyId), cacheDir);
    if (found === null) {
      const reason = 'It came from one of several archives. Open its archive alone, then add it.';
      return { fileName: series.description, code: 'usage', reason };
    }
    return prompts.map((prompt) => ({
      line: 0, // given when all cases are known
      path: found,
      prompt,
      seriesUID: series.seriesInstanceUID === '' ? null : series.seriesInstanceUID,
      axis,
      sliceIndex: slice,
      phaseIndex: 0,
    }));
  };

  const makeFrom = (
    series: readonly SeriesSummary[],
    asked: Asked,
  ): Pick<MadeCases, 'cases' | 'refused'> => {
    const made = series.map((each) => casesOf(each, asked));
    return {
      cases: made
        .flatMap((each) => (Array.isArray(each) ? each : []))
        .map((each, place) => ({ ...each, line: place + 1 })),
      refused: made.flatMap((each) => (Array.isArray(each) ? [] : [each])),
    };
  };

  return async (from, jobId) => {
    if (from.kind === 'list')
      return { label: path.basename(from.path), cases: loadBatchList(from.path), refused: [] };
    if (from.kind === 'series') {
      const series = from.seriesIds.map((seriesId) => studies.getSeries(seriesId));
      return { label: from.prompts[0] ?? '', ...makeFrom(series, from) };
    }
    try {
      const opened = await studies.openInBackground([from.path], jobId, 'batch-scan');
      if (opened.cancelled) throw new IbisError('cancelled', 'Reading the folder was cancelled.');
      const made = makeFrom(
        opened.studies.flatMap((study) => study.series),
        from,
      );
      return {
        label: path.basename(from.path),
        cases: made.cases,
        refused: [...opened.refused, ...made.refused],
      };
    } finally {
      studies.closeBackground('batch-scan');
    }
  };
}
