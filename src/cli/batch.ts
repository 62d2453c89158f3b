import path from 'node:path';

import { Option } from 'commander';
import type { Command } from 'commander';

import type { BatchReport, BatchRow } from '../contract/batchReport.js';
import { IbisError } from '../contract/errors.js';
import type { BatchCase } from '../domain/batchCase.js';
import { listColumns, loadBatchList } from '../engine/batch/batchList.js';
import { nothingDone } from '../engine/batch/runCase.js';
import type { BatchSettings } from '../engine/batch/runCase.js';
import { runCases } from '../engine/batch/runCases.js';
import { parseCount, parseShard } from './arguments.js';
import type { Shard } from './arguments.js';
import { createBatchEngine } from './batchEngine.js';
import { choosePolicy } from './choosePolicy.js';
import { openEngine } from './openEngine.js';
import type { CliEngine } from './openEngine.js';
import { createOutput } from './output.js';
import type { Output } from './output.js';
import { requireWritableFile, writeOutput } from './outputFolder.js';
import { DEFAULT_SEGMENTER } from './sessionOptions.js';

interface BatchOptions {
  readonly shard: Shard;
  readonly policy?: string;
  readonly segmenter: string;
  readonly maxSteps: number;
  readonly retryFailed?: true;
  readonly dataDir?: string;
  readonly out?: string;
  readonly json?: true;
}

/** Every Nth row, so that shards of a list that is sorted by size take about as long as each other. */
export const takeShard = (
  cases: readonly BatchCase[],
  { index, count }: Shard,
): readonly BatchCase[] => cases.filter((_case, place) => place % count === index - 1);

/** What every case would fail of is said once, before the first. */
async function requireModels(engine: CliEngine, settings: BatchSettings): Promise<void> {
  const models = await engine.invoke('listModels', {});
  for (const [role, id] of [
    ['policy', settings.policyId],
    ['segmenter', settings.segmenterId],
  ] as const) {
    const model = models.find((candidate) => candidate.role === role && candidate.id === id);
    if (model === undefined)
      throw new IbisError('model-missing', `There is no ${role} "${id}" installed.`);
    if (model.problem !== null) throw new IbisError(model.problem.code, model.problem.message);
  }
}

async function warnOfRequests(
  engine: CliEngine,
  policyId: string,
  cases: readonly BatchCase[],
  output: Output,
): Promise<void> {
  for (const text of new Set(cases.map(({ prompt }) => prompt))) {
    const check = await engine.invoke('checkRequest', { policyId, text });
    if (!check.known) output.note(`Note on "${text}": ${check.warning}`);
  }
}

const pending = ({ line, path: file, prompt }: BatchCase): BatchRow => ({
  line,
  path: file,
  prompt,
  ...nothingDone,
});

function wordsFor(row: BatchRow): string {
  if (row.error !== null) return `failed: ${row.error.message} (${row.error.code})`;
  const how = `${row.stopReason ?? 'under review'} after ${row.steps} steps, ${row.maskVoxels} voxels`;
  return row.earlier ? `${how}, from an earlier run` : `${how}, ${Math.round(row.elapsedMs)} ms`;
}

/** Runs the cases in order and replaces their pending rows; ends early when `signal` aborts or the disk is full. */
async function runShard(
  engine: CliEngine,
  cases: readonly BatchCase[],
  rows: BatchRow[],
  options: {
    readonly settings: BatchSettings;
    readonly output: Output;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { settings, output, signal } = options;
  let progress = output.startProgress('Cases');
  try {
    await runCases(
      cases.map((batchCase, place) => ({ batchCase, place })),
      {
        engine: createBatchEngine(engine),
        settings,
        signal,
        whenAborted: 'drop', // closing the engine ends it
        onBegin: ({ place }) => {
          progress.update(place, cases.length);
        },
        onOutcome: ({ batchCase, place }, outcome) => {
          const row = { ...pending(batchCase), ...outcome };
          rows[place] = row;
          progress.stop(); // a line would be drawn into the bar
          output.result(
            row,
            `${place + 1}/${cases.length} line ${row.line} ${path.basename(row.path)}: ${wordsFor(row)}`,
          );
          progress = output.startProgress('Cases');
        },
      },
    );
  } finally {
    progress.stop();
  }
}

const countRows = (rows: readonly BatchRow[], state: BatchRow['state']): number =>
  rows.filter((row) => row.state === state).length;

async function writeReport(report: BatchReport, out: string | undefined): Promise<void> {
  if (out === undefined) return;
  await writeOutput(out, `${JSON.stringify(report, null, 2)}\n`);
}

export async function runBatch(list: string, options: BatchOptions): Promise<void> {
  const output = createOutput(options.json === true, { out: process.stdout, err: process.stderr });
  const cases = takeShard(loadBatchList(list), options.shard);
  if (options.out !== undefined) requireWritableFile(options.out);
  const engine = await openEngine(options.dataDir);
  const controller = new AbortController();
  const interrupt = (): void => {
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const; // Ctrl+C; a scheduler that wants the node back
  for (const name of signals) process.on(name, interrupt);
  const rows = cases.map(pending);
  try {
    const policyId = await choosePolicy(engine, options.policy);
    const settings = {
      policyId,
      segmenterId: options.segmenter,
      maxSteps: options.maxSteps,
      retryFailed: options.retryFailed === true,
    };
    await requireModels(engine, settings);
    await warnOfRequests(engine, policyId, cases, output);
    try {
      await runShard(engine, cases, rows, { settings, output, signal: controller.signal });
    } finally {
      const counts = {
        done: countRows(rows, 'done'),
        failed: countRows(rows, 'failed'),
        pending: countRows(rows, 'pending'),
      };
      const { segmenterId } = settings;
      const { shard } = options;
      await writeReport(
        { list: path.resolve(list), shard, policyId, segmenterId, counts, rows, refused: [] },
        options.out,
      );
      output.result(
        { shard, counts },
        `${counts.done} done, ${counts.failed} failed, ${counts.pending} pending of ${rows.length}`,
      );
    }
  } finally {
    await engine.close();
    for (const name of signals) process.off(name, interrupt);
  }
  if (controller.signal.aborted && countRows(rows, 'pending') > 0)
    throw new IbisError('cancelled', 'Interrupted. The same command goes on where it stopped.');
  const failed = countRows(rows, 'failed');
  if (failed > 0)
    throw new IbisError(
      'failed',
      `${failed} of ${rows.length} cases failed; each says why. The others are stored.`,
    );
}

export function addBatchCommand(program: Command): void {
  program
    .command('batch')
    .description('let the agent segment every row of a list; each result waits for review')
    .argument('<list.csv>', `CSV with a header: ${listColumns.join(',')}`)
    .addOption(
      new Option('--shard <i/n>', 'only rows I, I+N, I+2N, ... of the list')
        .argParser(parseShard)
        .default({ index: 1, count: 1 }, 'all rows'),
    )
    .option('--policy <id>', 'policy to use (default: the first one installed)')
    .option('--segmenter <id>', 'segmenter to use', DEFAULT_SEGMENTER)
    .option('--max-steps <n>', 'steps after which a run ends', parseCount, 20)
    .option('--retry-failed', 'go on with cases whose run failed in an earlier call')
    .option('--out <file>', 'report to write, as JSON')
    .option('--data-dir <dir>', "data folder with the session database (default: the app's own)")
    .option('--json', 'a JSON line a case instead of text')
    .addHelpText(
      'after',
      `
The list: path and prompt are needed; series, axis, slice and phase may be left out or empty and are then as
in "ibis segment"; slice may be "middle". Relative paths start from the list's folder. It is checked whole before anything runs.

  path,prompt,axis,slice
  patients/001,"Segment the left putamen.",axial,68

A case is a row with its policy, segmenter and step limit. One that is finished is never run again; one that was
interrupted or killed goes on from its last stored step; a row that could not be opened is tried again. Run the
same command to resume. Ends with 5 where a case failed; the others are stored all the same.

Give each shard a data folder of its own on a local disk, and join them with "ibis merge".

Examples:
  $ ibis batch list.csv --policy ibis-nano --data-dir /tmp/ibis --out report.json
  $ parallel ibis batch list.csv --shard {}/4 --policy ibis-nano --data-dir /tmp/ibis-{} --out report-{}.json ::: 1 2 3 4
  $ sbatch --array=1-16 --wrap 'ibis batch list.csv --shard $SLURM_ARRAY_TASK_ID/16 --policy ibis-nano --data-dir /local/ibis-$SLURM_ARRAY_TASK_ID'`,
    )
    .action(runBatch);
}
