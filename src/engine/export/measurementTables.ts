import type { Measurement, Quantity } from '../../domain/measurement.js';
import type { Series, StudySummary } from '../../domain/study.js';
import { encodeCsv } from './csv.js';
import { RESEARCH_NOTICE } from './types.js';
import type { Software } from './types.js';

export interface MeasurementTableInput {
  readonly study: Pick<
    StudySummary,
    'patientId' | 'patientName' | 'studyDate' | 'studyInstanceUID'
  >;
  readonly series: Series;
  readonly measurements: readonly Measurement[];
  readonly software: Software;
}

const COLUMNS = [
  'patient_id',
  'patient_name',
  'study_date',
  'study_instance_uid',
  'series_instance_uid',
  'series_description',
  'modality',
  'measurement_id',
  'kind',
  'label',
  'phase',
  'plane',
  'slice',
  'sop_instance_uid',
  'frame',
  'quantity',
  'value',
  'unit',
  'points_lps_mm',
  'created_at',
  'updated_at',
] as const;

/** Six digits tell more than was measured; no noise of the last ones is shown. */
const formatValue = (value: number): string => String(Number(value.toPrecision(6)));
const formatMm = (value: number): string => String(Number(value.toFixed(4)));

/**
 * A line a quantity (an arrow, which has none, has a line as well). Phase, slice and frame count from 1, as on screen; points
 * are x y z in the patient, semicolons between them.
 */
export function encodeMeasurementCsv({
  study,
  series,
  measurements,
}: MeasurementTableInput): string {
  const lines = measurements.flatMap((measurement) => {
    const { image } = measurement;
    const line = (quantity: Quantity | null): readonly string[] => [
      study.patientId,
      study.patientName,
      study.studyDate,
      study.studyInstanceUID,
      series.seriesInstanceUID,
      series.description,
      series.modality,
      measurement.measurementId,
      measurement.kind,
      measurement.label,
      String(measurement.phaseIndex + 1),
      measurement.axis,
      String(measurement.sliceIndex + 1),
      image?.sopInstanceUID ?? '',
      image === null ? '' : String(image.frameNumber),
      quantity?.name ?? '',
      quantity === null ? '' : formatValue(quantity.value),
      quantity?.unit ?? '',
      measurement.points.map(({ x, y, z }) => [x, y, z].map(formatMm).join(' ')).join('; '),
      measurement.createdAt,
      measurement.updatedAt,
    ];
    const { quantities } = measurement;
    return quantities.length === 0 ? [line(null)] : quantities.map(line);
  });
  return encodeCsv([COLUMNS, ...lines]);
}

/** The same with all digits, indices from 0. */
export function encodeMeasurementJson(input: MeasurementTableInput): string {
  const { study, series, measurements, software } = input;
  const { patientId, patientName, studyDate, studyInstanceUID } = study;
  return `${JSON.stringify(
    {
      schemaVersion: 1,
      software,
      notice: RESEARCH_NOTICE,
      study: { patientId, patientName, studyDate, studyInstanceUID },
      series: {
        seriesInstanceUID: series.seriesInstanceUID,
        sourceKind: series.sourceKind,
        description: series.description,
        modality: series.modality,
        frameOfReferenceUID: series.frameOfReferenceUID,
      },
      measurements: measurements.map(({ seriesId: _seriesId, ...measurement }) => measurement),
    },
    null,
    2,
  )}\n`;
}
