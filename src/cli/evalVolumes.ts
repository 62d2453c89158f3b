import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

import type { Command } from 'commander';

import { volumeMethods } from '../contract/volumeReport.js';
import type { VolumeReport } from '../contract/volumeReport.js';
import { createVolumeReader } from '../engine/eval/readVolume.js';
import { findDatasetFiles } from '../engine/eval/loadCases.js';
import { collectSigns } from '../engine/eval/volumes/collectSigns.js';
import type { SignRecord } from '../engine/eval/volumes/collectSigns.js';
import { loadVolumeCase } from '../engine/eval/volumes/loadVolumeCase.js';
import { runVolumeEvaluation } from '../engine/eval/volumes/runVolumeEvaluation.js';
import type { VolumeEvaluationOptions } from '../engine/eval/volumes/runVolumeEvaluation.js';
import { createModelPool, modelRoots } from '../engine/modelPool.js';
import { measuredLimits } from '../engine/propagation/limits.js';
import { createProviderChoice } from '../engine/providerChoice.js';
import { parseAmount } from './arguments.js';
import { loadTargets } from './eval.js';
import { defaultDataDir } from './locations.js';
import { resourcesDir } from './openEngine.js';
import { createOutput } from './output.js';
import type { Output } from './output.js';
import { requireWritableFolder } from './outputFolder.js';
import { DEFAULT_SEGMENTER } from './sessionOptions.js';

interface EvalVolumesOptions {
  readonly targets: string;
  readonly split: string;
  readonly segmenter: string;
  readonly out: string;
  readonly signs?: true;
  readonly maxFiles?: number;
  readonly dataDir?: string;
  readonly json?: true;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function printReport(output: Output, report: VolumeReport, file: string): void {
  const lines = volumeMethods.flatMap(({ id }) => {
    const rows = report.rows.filter(({ method }) => method === id);
    if (rows.length === 0) return [];
    const distances = rows.flatMap(({ hausdorff95Mm }) => hausdorff95Mm ?? []);
    return [
      `${id.padEnd(24)} n ${String(rows.length).padStart(3)}  clicks ${mean(rows.map(({ clicks }) => clicks)).toFixed(1)}  Dice ${mean(rows.map(({ dice }) => dice)).toFixed(3)}  HD95 ${mean(distances).toFixed(1)} mm`,
    ];
  });
  output.result({ file, rows: report.rows.length }, [...lines, `wrote ${file}`].join('\n'));
}

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
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  const file = path.resolve(options.out);
  requireWritableFolder(path.dirname(file));
  const targets = loadTargets(options.targets);
  const dataDir = path.resolve(
    options.dataDir ??
      defaultDataDir({ platform: process.platform, env: process.env, homeDir: homedir() }),
  );
  const provider = createProviderChoice(() => undefined);
  const models = createModelPool({
    roots: modelRoots(resourcesDir(), dataDir),
    cacheDir: path.join(dataDir, 'cache'),
    chooseProvider: (model) => provider.choose(model),
  });
  const controller = new AbortController();
  const cancel = (): void => {
    controller.abort();
  };
  process.on('SIGINT', cancel);
  const readerDir = mkdtempSync(path.join(tmpdir(), 'ibis-eval-'));
  const reader = createVolumeReader(readerDir);
  const progress = output.startProgress('Evaluating');
  try {
    await models.verify('', options.segmenter);
    const evaluation: VolumeEvaluationOptions = {
      datasetDir: path.resolve(datasetDir),
      targets,
      split: options.split,
      segmenter: await models.getSegmenter(options.segmenter),
      readVolume: reader.readVolume,
      limits: measuredLimits,
      ...(options.maxFiles === undefined ? {} : { maxFiles: options.maxFiles }),
      onProgress: (done, total) => {
        progress.update(done, total);
      },
      signal: controller.signal,
    };
    await mkdir(path.dirname(file), { recursive: true });
    if (options.signs === true) {
      const records = await collectAllSigns(evaluation);
      await writeFile(file, `${JSON.stringify(records)}\n`);
      output.result({ file, volumes: records.length }, `wrote ${file}`);
      return;
    }
    const report = await runVolumeEvaluation(evaluation);
    progress.stop();
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
    printReport(output, report, file);
  } finally {
    progress.stop();
    process.off('SIGINT', cancel);
    await Promise.all([models.close(), reader.close()]);
    rmSync(readerDir, { recursive: true, force: true });
  }
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
