import type { SeriesSummary, StudySummary } from '../../domain/study.js';
import type { Store } from './openStore.js';
import { loadSourcePaths } from './readSession.js';

/** A series that work is stored on, with its study. */
export interface NewSeries {
  readonly study: Omit<StudySummary, 'series' | 'modalities'>;
  readonly series: Pick<
    SeriesSummary,
    'seriesId' | 'seriesInstanceUID' | 'sourceKind' | 'modality' | 'description' | 'bodyPart'
  >;
  /** What was opened; enough to open the study again when the work is taken up later. */
  readonly sourcePaths: readonly string[];
}

/** Adds a series and its study, or brings them up to date; part of the caller's transaction. */
export function saveSeries(store: Store, { study, series, sourcePaths }: NewSeries): void {
  // Kept beside the new ones: an older session's series may lie where this study was opened before.
  const knownPaths = loadSourcePaths(store, study.studyId);
  store.database
    .prepare(
      `INSERT INTO studies VALUES (@studyId, @studyInstanceUID, @patientName, @patientId,
         @patientBirthDate, @patientSex, @studyDate, @studyDescription, @accessionNumber, @sourcePaths)
       ON CONFLICT (study_id) DO UPDATE SET patient_name = excluded.patient_name,
         patient_id = excluded.patient_id, patient_birth_date = excluded.patient_birth_date,
         patient_sex = excluded.patient_sex, study_date = excluded.study_date,
         study_description = excluded.study_description,
         accession_number = excluded.accession_number, source_paths = excluded.source_paths`,
    )
    .run({
      studyId: study.studyId,
      studyInstanceUID: study.studyInstanceUID,
      patientName: study.patientName,
      patientId: study.patientId,
      patientBirthDate: study.patientBirthDate,
      patientSex: study.patientSex,
      studyDate: study.studyDate,
      studyDescription: study.studyDescription,
      accessionNumber: study.accessionNumber,
      sourcePaths: JSON.stringify([...new Set([...sourcePaths, ...knownPaths])]),
    });
  store.database
    .prepare(
      `INSERT INTO series VALUES (@seriesId, @studyId, @seriesInstanceUID, @sourceKind, @modality,
         @description, @bodyPart)
       ON CONFLICT (series_id) DO UPDATE SET modality = excluded.modality,
         description = excluded.description, body_part = excluded.body_part`,
    )
    .run({
      seriesId: series.seriesId,
      studyId: study.studyId,
      seriesInstanceUID: series.seriesInstanceUID,
      sourceKind: series.sourceKind,
      modality: series.modality,
      description: series.description,
      bodyPart: series.bodyPart,
    });
}
