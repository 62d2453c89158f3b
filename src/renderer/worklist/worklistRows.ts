import type { SeriesId, StudyId } from '../../domain/brand.js';
import type { SeriesSummary, StudySummary } from '../../domain/study.js';
import { formatDicomDate, formatPatientName } from '../ui/format.js';

/** The worklist is one flat list of rows, so that thousands of series scroll as smoothly as ten. */
export type WorklistRow =
  | { readonly kind: 'study'; readonly study: StudySummary; readonly folded: boolean }
  | { readonly kind: 'series'; readonly series: SeriesSummary };

const searchableStudy = (study: StudySummary): string =>
  [
    study.patientName,
    formatPatientName(study.patientName),
    study.patientId,
    study.studyDate,
    formatDicomDate(study.studyDate),
    study.studyDescription,
    study.accessionNumber,
  ].join(' ');

const searchableSeries = (series: SeriesSummary): string =>
  [series.modality, series.description, series.bodyPart].join(' ');

/** Every word of the search must occur in the study or in the series itself, in any order, any case. */
export function flattenWorklist(
  studies: readonly StudySummary[],
  search: string,
  folded: ReadonlySet<StudyId>,
): readonly WorklistRow[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return studies.flatMap((study): WorklistRow[] => {
    const studyText = searchableStudy(study).toLowerCase();
    const wordsLeft = words.filter((word) => !studyText.includes(word));
    const shown = study.series.filter((series) => {
      const text = searchableSeries(series).toLowerCase();
      return wordsLeft.every((word) => text.includes(word));
    });
    if (words.length > 0 && shown.length === 0) return [];
    // A search opens what it finds.
    const isFolded = words.length === 0 && folded.has(study.studyId);
    const head: WorklistRow = { kind: 'study', study, folded: isFolded };
    return isFolded
      ? [head]
      : [head, ...shown.map((series): WorklistRow => ({ kind: 'series', series }))];
  });
}

/** The series `offset` places after `current` among the rows shown; stays at the ends. */
export function findNeighbourSeries(
  rows: readonly WorklistRow[],
  current: SeriesId | null,
  offset: 1 | -1,
): SeriesId | null {
  const ids = rows.flatMap((row) => (row.kind === 'series' ? [row.series.seriesId] : []));
  const at = current === null ? -1 : ids.indexOf(current);
  if (at < 0) return ids[0] ?? null;
  return ids[at + offset] ?? null;
}

/** First series of the study after (1) or before (-1) the one that holds `current`: the next case. */
export function findNeighbourCase(
  studies: readonly StudySummary[],
  current: SeriesId | null,
  direction: 1 | -1,
): SeriesId | null {
  const at = studies.findIndex((study) =>
    study.series.some((series) => series.seriesId === current),
  );
  return studies[at + direction]?.series[0]?.seriesId ?? null;
}
