import type { SeriesId, StudyId } from '../../domain/brand.js';
import type { Series, SeriesSummary, StudySummary } from '../../domain/study.js';
import { buildVolumes } from './buildVolumes.js';
import type { BuiltVolume, Instance, StoredFrame } from './types.js';

/** An opened series with all that is needed to read its pixels again. */
export interface OpenSeries {
  readonly series: Series;
  readonly volumes: readonly BuiltVolume[];
  readonly instances: readonly Instance[];
}

/** Some series have no description: the body part or the kind of image says a little. */
const describeSeries = (first: Instance): string =>
  first.series.description || first.series.bodyPart;

const fallbackUid = (seriesKey: string): string =>
  // UUID-derived UIDs (2.25) are valid for anyone; the key's 80 bits stand for the missing UID.
  `2.25.${BigInt(`0x${seriesKey}`).toString()}`;

/** Instances of one series -> its volumes. `repeated`: files left out since their image was there already. */
export function buildSeries(instances: readonly Instance[], repeated: number): OpenSeries | null {
  const [first] = instances;
  if (first === undefined) return null;
  const preset = first.preset;
  const built =
    preset ??
    buildVolumes(instances.flatMap((instance): readonly StoredFrame[] => instance.frames));
  const notes =
    repeated > 0
      ? [
          `${String(repeated)} file${repeated === 1 ? '' : 's'} of this series repeat${repeated === 1 ? 's' : ''} an image that is there already and ${repeated === 1 ? 'is' : 'are'} left out.`,
        ]
      : [];
  const volumes = built.map((volume) => ({
    ...volume,
    warnings: [...notes, ...volume.warnings],
  }));
  const shown = volumes[0]?.frames[0]?.info;
  const series: Series = {
    seriesId: first.seriesKey as SeriesId, // made in describeInstance, branded here
    studyId: first.studyKey as StudyId, // made in describeInstance, branded here
    seriesInstanceUID: first.series.seriesInstanceUID || fallbackUid(first.seriesKey),
    sourceKind: first.sourceKind,
    modality: first.series.modality,
    description: describeSeries(first),
    seriesNumber: first.series.seriesNumber,
    bodyPart: first.series.bodyPart,
    imageCount: volumes.reduce((sum, volume) => sum + volume.frames.length, 0),
    phaseCount: volumes.length,
    rows: shown?.rows ?? 0,
    columns: shown?.columns ?? 0,
    frameOfReferenceUID: first.series.frameOfReferenceUID,
    volumes: volumes.map((volume, phaseIndex) => ({
      phaseIndex,
      phaseLabel: volume.phaseLabel,
      images: volume.frames.map((frame) => frame.info),
      geometry: volume.geometry,
      warnings: volume.warnings,
    })),
  };
  return { series, volumes, instances };
}

const summarise = ({ series }: OpenSeries): SeriesSummary => {
  const { volumes: _volumes, frameOfReferenceUID: _frame, ...summary } = series;
  return summary;
};

const firstFilled = (values: readonly string[]): string =>
  values.find((value) => value !== '') ?? '';

/** Series of one study -> its line in the worklist; the first series that says something is believed. */
export function summariseStudy(openSeries: readonly OpenSeries[]): StudySummary | null {
  const sorted = openSeries.toSorted(
    (a, b) =>
      (a.series.seriesNumber ?? Number.MAX_SAFE_INTEGER) -
        (b.series.seriesNumber ?? Number.MAX_SAFE_INTEGER) ||
      a.series.description.localeCompare(b.series.description, 'en', { numeric: true }),
  );
  const [first] = sorted;
  const headers = sorted.flatMap(({ instances }) => instances[0]?.study ?? []);
  const [header] = headers;
  if (first === undefined || header === undefined) return null;
  return {
    studyId: first.series.studyId,
    studyInstanceUID: header.studyInstanceUID,
    patientName: firstFilled(headers.map((entry) => entry.patientName)),
    patientId: firstFilled(headers.map((entry) => entry.patientId)),
    patientBirthDate: firstFilled(headers.map((entry) => entry.patientBirthDate)),
    patientSex: firstFilled(headers.map((entry) => entry.patientSex)),
    studyDate: firstFilled(headers.map((entry) => entry.studyDate)),
    studyDescription: firstFilled(headers.map((entry) => entry.studyDescription)),
    accessionNumber: firstFilled(headers.map((entry) => entry.accessionNumber)),
    modalities: [
      ...new Set(sorted.map(({ series }) => series.modality).filter((value) => value !== '')),
    ],
    series: sorted.map(summarise),
  };
}
