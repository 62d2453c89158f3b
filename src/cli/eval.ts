import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { z } from 'zod';

import { IbisError } from '../contract/errors.js';
import { evalMethods } from '../contract/evalMethods.js';
import type { EvalMethod } from '../contract/evalMethods.js';
import type { EvalReport } from '../contract/evalReport.js';
import { targetsFileSchema } from '../contract/targets.js';
import type { TargetsFile } from '../contract/targets.js';
import { createVolumeReader } from '../engine/eval/readVolume.js';
import { runEvaluation } from '../engine/eval/runEvaluation.js';
import { createModelPool, modelRoots } from '../engine/modelPool.js';
import { createProviderChoice } from '../engine/providerChoice.js';
import { parseAmount, parseCount, parseIndex } from './arguments.js';
import { defaultDataDir } from './locations.js';
import { resourcesDir } from './openEngine.js';
import { createOutput } from './output.js';
import type { Output } from './output.js';
import { requireWritableFolder } from './outputFolder.js';
import { DEFAULT_SEGMENTER } from './sessionOptions.js';

interface EvalOptions {
  readonly targets: string;
  readonly split: string;
  readonly policy?: string;
  readonly segmenter: string;
  readonly out: string;
  readonly methods: readonly EvalMethod[];
  readonly maxSteps: number;
  readonly maxFiles?: number;
  readonly seed: number;
  readonly dataDir?: string;
  readonly json?: true;
}

const DEFAULT_METHODS: readonly EvalMethod[] = ['agent', 'centre-click', 'oracle'];

function parseMethods(text: string): readonly EvalMethod[] {
  if (text === 'all') return evalMethods;
  return text.split(',').map((word) => {
    const method = evalMethods.find((candidate) => candidate === word);
    if (method === undefined)
      throw new InvalidArgumentError(`Methods are ${evalMethods.join(', ')}, or all.`);
    return method;
  });
}

export function loadTargets(file: string): TargetsFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new IbisError('not-found', 'The targets file cannot be read, or is not JSON.', { cause });
  }
  const parsed = targetsFileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new IbisError(
    'broken-file',
    `The targets file is not valid: ${z.prettifyError(parsed.error)}`,
  );
}

const policyMethods: readonly EvalMethod[] = [
  'agent',
  'other-image',
  'other-request',
  'absent-request',
];
const needsPolicy = (method: EvalMethod): boolean => policyMethods.includes(method);

function printMeans(output: Output, report: EvalReport, file: string): void {
  const lines = report.means.map(
    (mean) =>
      `${(mean.targetId ?? 'all').padEnd(24)} ${mean.method.padEnd(20)} n ${String(mean.n).padStart(4)}  Dice ${mean.dice.toFixed(3)} [${mean.low95.toFixed(3)}, ${mean.high95.toFixed(3)}]  IoU ${mean.iou.toFixed(3)}  ${mean.steps.toFixed(1)} steps`,
  );
  output.result(
    { file, rows: report.rows.length, means: report.means },
    [...lines, `wrote ${file}`].join('\n'),
  );
}

export async function runEval(datasetDir: string, options: EvalOptions): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  requireWritableFolder(path.dirname(path.resolve(options.out)));
  const targets = loadTargets(options.targets);
  const dataDir = path.resolve(
    options.dataDir ??
      defaultDataDir({ platform: process.platform, env: process.env, homeDir: homedir() }),
  );
  const provider = createProviderChoice(() => undefined);
  const models = createModelPool({
    roots: modelRoots(resourcesDir(), dataDir),
    cacheDir: path.join(dataDir, 'cache'), // a second evaluation of a set need not encode again
    chooseProvider: (model) => provider.choose(model),
  });
  const wantsPolicy = options.methods.some(needsPolicy);
  if (wantsPolicy && options.policy === undefined)
    throw new IbisError('usage', 'Name the policy with --policy, or leave it out of --methods.');
  const policyId = wantsPolicy ? (options.policy ?? '') : '';
  const controller = new AbortController();
  const cancel = (): void => {
    controller.abort();
  };
  process.on('SIGINT', cancel);
  const readerDir = mkdtempSync(path.join(tmpdir(), 'ibis-eval-'));
  const reader = createVolumeReader(readerDir);
  const progress = output.startProgress('Evaluating');
  try {
    await models.verify(policyId, options.segmenter);
    const report = await runEvaluation({
      datasetDir: path.resolve(datasetDir),
      targets,
      split: options.split,
      policy: policyId === '' ? null : await models.getPolicy(policyId),
      segmenter: await models.getSegmenter(options.segmenter),
      readVolume: reader.readVolume,
      methods: options.methods,
      seed: options.seed,
      maxSteps: options.maxSteps,
      ...(options.maxFiles === undefined ? {} : { maxFiles: options.maxFiles }),
      onProgress: (done, total) => {
        progress.update(done, total);
      },
      signal: controller.signal,
    });
    progress.stop();
    await mkdir(path.dirname(path.resolve(options.out)), { recursive: true });
    await writeFile(options.out, `${JSON.stringify(report, null, 2)}\n`);
    printMeans(output, report, path.resolve(options.out));
  } finally {
    progress.stop();
    process.off('SIGINT', cancel);
    await Promise.all([models.close(), reader.close()]);
    rmSync(readerDir, { recursive: true, force: true });
  }
}

export function addEvalCommand(program: Command): void {
  program
    .command('eval')
    .description('measure a policy and the baselines on a data set with ground truth')
    .argument('<dataset>', 'folder with images/ and masks/ or labels/, and optionally split.json')
    .requiredOption(
      '--targets <file>',
      'targets.json; those of known sets are in resources/targets',
    )
    .option('--split <name>', 'part of split.json', 'test')
    .option('--policy <id>', 'policy to measure')
    .option('--segmenter <id>', 'segmenter of all methods', DEFAULT_SEGMENTER)
    .requiredOption('--out <file>', 'report to write, as JSON')
    .option(
      '--methods <list>',
      `comma list of ${evalMethods.join(', ')}; or all`,
      parseMethods,
      DEFAULT_METHODS,
    )
    .option('--max-steps <n>', 'steps after which a run ends', parseCount, 20)
    .option('--max-files <n>', 'only the first so many files of the split', parseAmount)
    .option('--seed <n>', 'seed of policy and confidence intervals', parseIndex, 0)
    .option('--data-dir <dir>', "data folder with caches and added models (default: the app's own)")
    .option('--json', 'a JSON line instead of the table')
    .addHelpText(
      'after',
      `
Examples:
  $ ibis eval data/sunnybrook --targets resources/targets/sunnybrook_cmr.json --policy ibis-nano --out report.json
  $ ibis eval data/sunnybrook --targets resources/targets/sunnybrook_cmr.json --methods oracle,centre-click --out bound.json`,
    )
    .action(runEval);
}
