import path from 'node:path';

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { IbisError } from '../contract/errors.js';
import { evalMethods } from '../contract/evalMethods.js';
import type { EvalMethod } from '../contract/evalMethods.js';
import type { EvalMean } from '../contract/evalReport.js';
import { runEvaluation } from '../engine/eval/runEvaluation.js';
import { parseAmount, parseCount, parseIndex } from './arguments.js';
import { evaluateWith } from './evaluating.js';
import type { MeasuringOptions } from './evaluating.js';
import { DEFAULT_SEGMENTER } from './sessionOptions.js';

interface EvalOptions extends MeasuringOptions {
  readonly policy?: string;
  readonly methods: readonly EvalMethod[];
  readonly maxSteps: number;
  readonly seed: number;
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

const policyMethods: readonly EvalMethod[] = [
  'agent',
  'other-image',
  'other-request',
  'absent-request',
];
const needsPolicy = (method: EvalMethod): boolean => policyMethods.includes(method);

const describeMean = (mean: EvalMean): string =>
  `${(mean.targetId ?? 'all').padEnd(24)} ${mean.method.padEnd(20)} n ${String(mean.n).padStart(4)}  Dice ${mean.dice.toFixed(3)} [${mean.low95.toFixed(3)}, ${mean.high95.toFixed(3)}]  IoU ${mean.iou.toFixed(3)}  ${mean.steps.toFixed(1)} steps`;

export async function runEval(datasetDir: string, options: EvalOptions): Promise<void> {
  const wantsPolicy = options.methods.some(needsPolicy);
  if (wantsPolicy && options.policy === undefined)
    throw new IbisError('usage', 'Name the policy with --policy, or leave it out of --methods.');
  const policyId = wantsPolicy ? (options.policy ?? '') : '';
  await evaluateWith(options, async ({ models, report, ...measuring }) => {
    await models.verify(policyId, options.segmenter);
    const { split, methods, seed, maxSteps, maxFiles } = options;
    const measured = await runEvaluation({
      ...{ ...measuring, split, methods, seed, maxSteps, maxFiles },
      datasetDir: path.resolve(datasetDir),
      policy: policyId === '' ? null : await models.getPolicy(policyId),
      segmenter: await models.getSegmenter(options.segmenter),
    });
    const { rows, means } = measured;
    const found = { rows: rows.length, means };
    await report(JSON.stringify(measured, null, 2), found, means.map(describeMean));
  });
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
    .option('--models <dir>', 'another folder of model folders, looked in first')
    .option('--json', 'a JSON line instead of the table')
    .addHelpText(
      'after',
      `
Examples:
  $ ibis eval data/sunnybrook --targets resources/targets/sunnybrook_cmr.json --policy ibis-nano --out report.json
  $ ibis eval data/sunnybrook --targets resources/targets/sunnybrook_cmr.json --methods oracle,centre-click --out bound.json
  $ ibis eval data/sunnybrook --targets resources/targets/sunnybrook_cmr.json --models runs/export --policy sft --methods agent --out sft.json`,
    )
    .action(runEval);
}
