import path from 'node:path';

import type { Command } from 'commander';

import { measurementFormats } from '../contract/measurementChannels.js';
import type { MeasurementFormat } from '../contract/measurementChannels.js';
import { parseSomeOf } from './arguments.js';
import { addProfileOptions, chosenDeidentification } from './deidentify.js';
import type { ProfileOptions } from './deidentify.js';
import { openEngine, openStoredEngine } from './openEngine.js';
import { chooseSeries, openInput } from './openInput.js';
import { createOutput, storedText } from './output.js';
import { requireWritableFolder } from './outputFolder.js';

interface MeasurementsOptions extends ProfileOptions {
  readonly series?: string;
  readonly out?: string;
  readonly formats: readonly MeasurementFormat[];
  readonly import?: string;
  readonly deidentify?: true;
  readonly dataDir?: string;
  readonly json?: true;
}

/** What is stored of one series; with `--import` after a report was laid on it, with `--out` also written to files. */
export async function runMeasurements(
  input: string,
  options: MeasurementsOptions,
  command: Command,
): Promise<void> {
  const deidentify = chosenDeidentification(options, command);
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  if (options.out !== undefined) requireWritableFolder(options.out);
  // An import may be the first that is stored.
  const open = options.import === undefined ? openStoredEngine : openEngine;
  const engine = await open(options.dataDir);
  try {
    const opened = await openInput(engine, path.resolve(input), output);
    const { seriesId, seriesInstanceUID } = chooseSeries(opened, options.series);
    const notes: string[] = [];
    if (options.import !== undefined) {
      const imported = await engine.invoke('importMeasurements', {
        seriesId,
        path: path.resolve(options.import),
      });
      notes.push(...imported.notes);
    }
    const measurements = await engine.invoke('listMeasurements', { seriesId });
    const files: string[] = [];
    if (options.out !== undefined) {
      const written = await engine.invoke('exportMeasurements', {
        seriesId,
        formats: [...options.formats],
        outDir: path.resolve(options.out),
        deidentify,
      });
      files.push(...written.files);
      notes.push(...written.notes);
    }
    const lines = measurements.map(({ kind, label, axis, sliceIndex, quantities }) => {
      const values = quantities.map(({ name, value, unit }) =>
        `${name} ${String(Number(value.toPrecision(6)))} ${unit}`.trim(),
      );
      const name = label === '' ? kind : `${kind} "${label}"`;
      return `${name}  ${axis} ${String(sliceIndex)}  ${values.join(', ')}`.trimEnd();
    });
    output.result(
      { seriesInstanceUID, measurements, files, notes },
      storedText('measurements', lines, { files, notes }),
    );
  } finally {
    await engine.close();
  }
}

export function addMeasurementsCommand(program: Command): void {
  const command = program
    .command('measurements')
    .description('list the measurements on a series, write them to files, or import a DICOM SR')
    .argument('<path>', 'folder, file, zip or DICOMDIR that the series lies in')
    .option('--series <uid>', 'SeriesInstanceUID; may be left out where there is one series')
    .option('--out <dir>', 'folder to write to; made if missing')
    .option(
      '--formats <list>',
      `what to write, some of ${measurementFormats.join(',')}`,
      parseSomeOf(measurementFormats),
      ['dicom-sr', 'csv'] satisfies MeasurementFormat[],
    )
    .option('--import <file>', 'DICOM SR (TID 1500) to lay on the series first')
    .option(
      '--deidentify',
      "take the patient's identity out of the files; the options below say how",
    );
  addProfileOptions(command)
    .option('--data-dir <dir>', "data folder with the database (default: the app's own)")
    .option('--json', 'one JSON object instead of text')
    .addHelpText(
      'after',
      `
The measurements are those drawn in the window, or imported. A DICOM SR needs DICOM images; CSV and JSON do not.

Examples:
  $ ibis measurements ~/studies/ct --out tables --formats csv
  $ ibis measurements ~/studies/ct --out tables --deidentify
  $ ibis measurements ct.zip --series 1.2.3 --import report.dcm --json`,
    )
    .action(runMeasurements);
}
