import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import type { Command } from 'commander';

import type { OpenPathsResult } from '../contract/channels.js';
import type { Series } from '../domain/study.js';
import { createLibrary, openPaths } from '../engine/dicom/index.js';
import { countSlices, requireSomething } from './openInput.js';
import { createOutput } from './output.js';

const describeSeries = (series: Series): object => ({
  seriesInstanceUID: series.seriesInstanceUID,
  sourceKind: series.sourceKind,
  modality: series.modality,
  description: series.description,
  seriesNumber: series.seriesNumber,
  bodyPart: series.bodyPart,
  rows: series.rows,
  columns: series.columns,
  imageCount: series.imageCount,
  phases: series.volumes.map((volume) => ({
    phaseIndex: volume.phaseIndex,
    label: volume.phaseLabel,
    imageCount: volume.images.length,
    dimensions: volume.geometry?.dimensions ?? null,
    spacingMm: volume.geometry?.spacingMm ?? null,
    orientationKnown: volume.geometry?.orientationKnown ?? false,
    sliceCounts:
      volume.geometry === null
        ? { acquired: volume.images.length }
        : Object.fromEntries(
            (['acquired', 'axial', 'coronal', 'sagittal'] as const).map((axis) => [
              axis,
              countSlices(series, volume.phaseIndex, axis),
            ]),
          ),
    warnings: volume.warnings,
  })),
});

function describeAll(
  result: OpenPathsResult,
  getSeries: (id: Series['seriesId']) => Series | null,
) {
  const studies = result.studies.map(({ series, ...study }) => ({
    ...study,
    series: series.flatMap(({ seriesId }) => {
      const full = getSeries(seriesId);
      return full === null ? [] : [describeSeries(full)];
    }),
  }));
  const all = result.studies.flatMap((study) => study.series);
  return {
    studies,
    counts: {
      studies: studies.length,
      series: all.length,
      images: all.reduce((sum, series) => sum + series.imageCount, 0),
      derived: result.derived.length,
      refused: result.refused.length,
    },
    derived: result.derived.map(({ fileName, kind, seriesInstanceUIDs }) => ({
      fileName,
      kind,
      seriesInstanceUIDs,
    })),
    refused: result.refused,
  };
}

function formatText(result: OpenPathsResult): string {
  const lines = result.studies.flatMap((study) => [
    `${study.patientName || '(no name)'}  ${study.studyDate}  ${study.studyDescription}`.trimEnd(),
    ...study.series.map((series) => {
      const phases = series.phaseCount > 1 ? `, ${series.phaseCount} phases` : '';
      return `  ${series.modality.padEnd(3)} ${series.imageCount} images ${series.columns} x ${series.rows}${phases}  ${series.description}\n      ${series.seriesInstanceUID}`;
    }),
  ]);
  const refused = result.refused.map(
    (refusal) => `refused ${refusal.fileName}: ${refusal.reason} (${refusal.code})`,
  );
  const derived = result.derived.map(
    ({ fileName, kind, seriesInstanceUIDs }) =>
      `${kind} ${fileName} on ${seriesInstanceUIDs.join(', ') || 'images that it does not name'}`,
  );
  return [...lines, ...derived, ...refused].join('\n');
}

/** `ibis info`: reads headers only and keeps nothing, so it needs neither database nor models. */
export async function runInfo(input: string, options: { readonly json?: true }): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  const cacheDir = mkdtempSync(path.join(tmpdir(), 'ibis-info-'));
  const library = createLibrary({ cacheDir });
  const progress = output.startProgress('Reading');
  try {
    const result = await openPaths([path.resolve(input)], {
      library,
      onProgress: (done, total) => {
        progress.update(done, total);
      },
    });
    progress.stop();
    // Said before the complaint that nothing could be opened: the reasons are the answer.
    const text = formatText(result);
    if (output.isJson || text !== '')
      output.result(
        describeAll(result, (seriesId) => library.getSeries(seriesId)),
        text,
      );
    requireSomething(result);
  } finally {
    progress.stop();
    await library.close();
    rmSync(cacheDir, { recursive: true, force: true });
  }
}

export function addInfoCommand(program: Command): void {
  program
    .command('info')
    .description('list the studies and series in a folder, file, zip or DICOMDIR')
    .argument('<path>', 'what to open')
    .option(
      '--json',
      'one JSON object: studies, counts, files about images, refused files with reasons',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ ibis info ~/studies/mr\n  $ ibis info study.zip --json | jq .counts',
    )
    .action(runInfo);
}
