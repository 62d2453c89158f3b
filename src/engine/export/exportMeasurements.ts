import type { ExportResult } from '../../contract/channels.js';
import type { MeasurementFormat } from '../../contract/measurementChannels.js';
import { assertNever } from '../../domain/result.js';
import type { Deidentifier } from '../deidentify/index.js';
import { findFolderWithout } from './exportFolder.js';
import type { MadeFile } from './madeFile.js';
import { encodeMeasurementReport, whyNotReported } from './measurementReport.js';
import type { MeasurementReportInput } from './measurementReport.js';
import { encodeMeasurementCsv, encodeMeasurementJson } from './measurementTables.js';
import type { MeasurementTableInput } from './measurementTables.js';
import { readSourceHeader } from './sourceHeader.js';
import { measurementsWithoutIdentity } from './withoutIdentity.js';
import { writeFormats } from './writeFormats.js';

export type MeasurementExportInput = MeasurementTableInput &
  Omit<MeasurementReportInput, 'header'> & {
    /** Takes the patient's identity out of all that is written. */
    readonly deidentifier?: Deidentifier;
  };

const NAMES: Readonly<Record<MeasurementFormat, string>> = {
  'dicom-sr': 'measurements.dcm',
  csv: 'measurements.csv',
  json: 'measurements.json',
};

type Made = readonly (MadeFile | string)[]; // a sentence says why there is no file, or what was left out

function makeReport(input: MeasurementExportInput): Made {
  const first = input.phases[0]?.[0];
  if (input.series.sourceKind !== 'dicom' || first === undefined)
    return [
      'The images are not DICOM, so nothing can refer to them: no DICOM SR was written. CSV and JSON hold the same.',
    ];
  const report = { ...input, header: readSourceHeader(first.file) };
  const why = input.measurements.map((each) => whyNotReported(report, each));
  const measurements = input.measurements.filter((_, n) => why[n] === '');
  const notes = why.filter((sentence) => sentence !== '');
  if (measurements.length === 0) return [...notes, 'No DICOM SR was written.'];
  const bytes = encodeMeasurementReport({ ...report, measurements });
  return [{ name: NAMES['dicom-sr'], bytes }, ...notes];
}

function makeFiles(input: MeasurementExportInput, format: MeasurementFormat): Made {
  const { deidentifier } = input;
  const tables =
    deidentifier === undefined ? input : measurementsWithoutIdentity(input, deidentifier);
  switch (format) {
    case 'dicom-sr':
      return makeReport(input);
    case 'csv':
      return [{ name: NAMES.csv, bytes: encodeMeasurementCsv(tables) }];
    case 'json':
      return [{ name: NAMES.json, bytes: encodeMeasurementJson(tables) }];
    default:
      return assertNever(format);
  }
}

/**
 * Writes the wanted formats into `outDir` (made if missing), or into the first of `ibis-2`, `ibis-3`, ... in it where an
 * earlier export lies there: none is overwritten. Rejects with IbisError where it cannot write.
 */
export async function exportMeasurements(
  input: MeasurementExportInput,
  formats: readonly MeasurementFormat[],
  outDir: string,
): Promise<ExportResult & { readonly folder: string }> {
  const folder = findFolderWithout(outDir, Object.values(NAMES));
  const written = await writeFormats(formats, (format) => makeFiles(input, format), {
    folder,
    deidentifier: input.deidentifier,
  });
  return { ...written, folder };
}
