import path from 'node:path';

import type { Command } from 'commander';

import type { Deidentification } from '../contract/deidentification.js';
import { IbisError } from '../contract/errors.js';
import { segmentationFormats } from '../contract/segmentationFormats.js';
import type { SegmentationFormat } from '../contract/segmentationFormats.js';
import type { Segmentation } from '../domain/segmentation.js';
import type { SeriesSummary } from '../domain/study.js';
import { parseSomeOf } from './arguments.js';
import { addProfileOptions, chosenDeidentification } from './deidentify.js';
import type { ProfileOptions } from './deidentify.js';
import { openEngine, openStoredEngine } from './openEngine.js';
import type { CliEngine } from './openEngine.js';
import { chooseSeries, openInput } from './openInput.js';
import { createOutput, storedText } from './output.js';
import { requireWritableFolder } from './outputFolder.js';

interface SegmentationsOptions extends ProfileOptions {
  readonly series?: string;
  readonly segmentation?: string;
  readonly out?: string;
  readonly formats: readonly SegmentationFormat[];
  readonly import?: string;
  readonly deidentify?: true;
  readonly dataDir?: string;
  readonly json?: true;
}

interface Written {
  readonly files: readonly string[];
  readonly notes: readonly string[];
}

/** A file onto the series that was named, or else onto the one that it was made on. */
function importFile(engine: CliEngine, file: string, on: SeriesSummary | null) {
  return engine.invoke('importSegmentation', {
    seriesId: on?.seriesId ?? null,
    path: path.resolve(file),
    search: on === null ? 'named-first' : 'here',
  });
}

async function listAll(
  engine: CliEngine,
  series: readonly SeriesSummary[],
): Promise<readonly Segmentation[]> {
  const lists = series.map(({ seriesId }) => engine.invoke('listSegmentations', { seriesId }));
  return (await Promise.all(lists)).flat();
}

/** Of several, each into a folder of its own, numbered as they are listed: names may name patients. */
async function writeAll(
  engine: CliEngine,
  segmentations: readonly Segmentation[],
  to: {
    readonly out: string;
    readonly formats: readonly SegmentationFormat[];
    readonly deidentify: Deidentification | null;
  },
): Promise<Written> {
  const files: string[] = [];
  const notes: string[] = [];
  for (const [n, { segmentationId }] of segmentations.entries()) {
    const folder = segmentations.length === 1 ? '' : `segmentation-${String(n + 1)}`;
    const written = await engine.invoke('exportSegmentation', {
      segmentationId,
      formats: [...to.formats],
      outDir: path.join(to.out, folder),
      deidentify: to.deidentify,
    });
    files.push(...written.files);
    notes.push(...written.notes.map((note) => (folder === '' ? note : `${folder}: ${note}`)));
  }
  return { files, notes };
}

const describe = ({ segmentationId, segmentationLabel, segments, updatedAt }: Segmentation) =>
  `${segmentationId}  ${updatedAt}  "${segmentationLabel}": ${segments.map((segment) => segment.segmentLabel).join(', ') || 'no segments'}`;

/** What is stored of the series; with `--import` after a file was laid on one, with `--out` also written to files. */
export async function runSegmentations(
  input: string,
  options: SegmentationsOptions,
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
    const chosen = options.series === undefined ? null : chooseSeries(opened, options.series);
    const imported =
      options.import === undefined ? null : await importFile(engine, options.import, chosen);
    const series = chosen === null ? opened.studies.flatMap((study) => study.series) : [chosen];
    const wanted = options.segmentation;
    const segmentations = (await listAll(engine, series)).filter(
      ({ segmentationId }) => wanted === undefined || segmentationId === wanted,
    );
    if (wanted !== undefined && segmentations.length === 0)
      throw new IbisError('not-found', `There is no segmentation ${wanted} of these images.`);
    const written =
      options.out === undefined
        ? { files: [], notes: [] }
        : await writeAll(engine, segmentations, {
            out: path.resolve(options.out),
            formats: options.formats,
            deidentify,
          });
    const notes = [...(imported?.notes ?? []), ...written.notes];
    const lying = opened.derived.filter(({ kind }) => kind === 'segmentation');
    if (lying.length > 0 && imported === null)
      notes.push(
        `Beside the images lie segmentations in files (${lying.map(({ fileName }) => fileName).join(', ')}): --import takes one in.`,
      );
    output.result(
      {
        imported: imported?.segmentation.segmentationId ?? null,
        segmentations,
        files: written.files,
        notes,
      },
      storedText('segmentations', segmentations.map(describe), { files: written.files, notes }),
    );
  } finally {
    await engine.close();
  }
}

export function addSegmentationsCommand(program: Command): void {
  const command = program
    .command('segmentations')
    .description('list the segmentations on images, write them to files, or import one')
    .argument('<path>', 'folder, file, zip or DICOMDIR that the images lie in')
    .option('--series <uid>', 'SeriesInstanceUID; else all series, and an import finds its own')
    .option('--segmentation <id>', 'only this one of those that are listed')
    .option('--out <dir>', 'folder to write to; made if missing')
    .option(
      '--formats <list>',
      `what to write, some of ${segmentationFormats.join(',')}`,
      parseSomeOf(segmentationFormats),
      ['seg'] satisfies SegmentationFormat[],
    )
    .option('--import <file>', 'DICOM SEG, RTSTRUCT, NIfTI or NRRD to lay on the images first')
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
The segmentations are those made in the window, or imported. Several are written into folders of their own,
segmentation-1, segmentation-2 and so on, in the order in which they are listed. Nothing is overwritten.

Examples:
  $ ibis segmentations ~/studies/ct --import liver.dcm
  $ ibis segmentations ~/studies/ct --out masks --formats seg,nifti,csv --deidentify
  $ ibis segmentations ct.zip --series 1.2.3 --import liver.seg.nrrd --json`,
    )
    .action(runSegmentations);
}
