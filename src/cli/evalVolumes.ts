import path from 'node:path';

import type { Command } from 'commander';

import { volumeMethods } from '../contract/volumeReport.js';
import type { VolumeReport } from '../contract/volumeReport.js';
import { findDatasetFiles } from '../engine/eval/loadCases.js';
import { mean } from '../engine/eval/summarise.js';
import { collectSigns } from '../engine/eval/volumes/collectSigns.js';
import type { SignRecord } from '../engine/eval/volumes/collectSigns.js';
import { loadVolumeCase } from '../engine/eval/volumes/loadVolumeCase.js';
import { runVolumeEvaluation } from '../engine/eval/volumes/runVolumeEvaluation.js';
import type { VolumeEvaluationOptions } from '../engine/eval/volumes/runVolumeEvaluation.js';
import { measuredLimits } from '../engine/propagation/limits.js';
import { parseAmount } from './arguments.js';
import { evaluateWith } from './evaluating.js';
import type { MeasuringOptions } from './evaluating.js';
import { DEFAULT_SEGMENTER } from './sessionOptions.js';

interface EvalVolumesOptions extends MeasuringOptions {
  readonly signs?: true;
}

const describeMethods = ({ rows }: VolumeReport): string[] =>
  volumeMethods.flatMap(({ id }) => {
    const own = rows.filter(({ method }) => method === id);
    if (own.length === 0) return [];
    const distances = own.flatMap(({ hausdorff95Mm }) => hausdorff95Mm ?? []);
    return [
      `${id.padEnd(24)} n ${String(own.length).padStart(3)}  clicks ${mean(own.map(({ clicks }) => clicks)).toFixed(1)}  Dice ${mean(own.map(({ dice }) => dice)).toFixed(3)}  HD95 ${mean(distances).toFixed(1)} mm`,
    ];
  });

async function collectAllSigns(options: VolumeEvaluationOptions): Promise<SignRecord[]> {
  const { targets, readVolume, signal, segmenter } = options;
  const files = await findDatasetFiles(options.datasetDir, options.split);
  const names = files.names.slice(0, options.maxFiles);
  const records: SignRecord[] = [];
  const target = targets.targets[0];
  if (target === undefined) return records;
  for (const [index, name] of names.entries()) {
    const volume = await loadVolumeCase(files, name, target, readVolume, signal);
    const record = await collectSigns(volume, target.minPixels, { segmenter, signal });
    if (record !== null) records.push(record);
    options.onProgress?.(index + 1, names.length);
  }
  return records;
}

export async function runEvalVolumes(
  datasetDir: string,
  options: EvalVolumesOptions,
): Promise<void> {
  await evaluateWith(options, async ({ models, report, ...measuring }) => {
    await models.verify('', options.segmenter);
    const evaluation: VolumeEvaluationOptions = {
      ...{ ...measuring, split: options.split, maxFiles: options.maxFiles },
      datasetDir: path.resolve(datasetDir),
      segmenter: await models.getSegmenter(options.segmenter),
      limits: measuredLimits,
    };
    if (options.signs === true) {
      const records = await collectAllSigns(evaluation);
      await report(JSON.stringify(records), { volumes: records.length }, []);
      return;
    }
    const measured = await runVolumeEvaluation(evaluation);
    const found = { rows: measured.rows.length };
    await report(JSON.stringify(measured, null, 2), found, describeMethods(measured));
  });
}

export function addEvalVolumesCommand(program: Command): void {
  program
    .command('eval-volumes')
    .description('measure how well whole volumes are completed from clicks on a few slices')
    .argument('<dataset>', 'folder with images/ and masks/ or labels/, and optionally split.json')
    .requiredOption('--targets <file>', 'targets.json; its first target is measured')
    .option('--split <name>', 'part of split.json', 'test')
    .option('--segmenter <id>', 'segmenter to propagate with', DEFAULT_SEGMENTER)
    .requiredOption('--out <file>', 'report to write, as JSON')
    .option('--signs', 'write the signs of each slice instead, from which limits are chosen')
    .option('--max-files <n>', 'only the first so many volumes of the split', parseAmount)
    .option('--data-dir <dir>', "data folder with added models (default: the app's own)")
    .option('--json', 'a JSON line instead of the table')
    .addHelpText(
      'after',
      `
An oracle that knows the truth clicks on one, two or three slices; the rest is propagated, or interpolated by shape.
Examples:
  $ ibis eval-volumes data/msd_hippocampus_mri --targets resources/targets/msd_hippocampus_mri.json --out report.json`,
    )
    .action(runEvalVolumes);
}
