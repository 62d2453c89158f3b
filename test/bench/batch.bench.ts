import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { test } from '@playwright/test';

import { batchReportSchema } from '../../src/contract/batchReport.js';
import { repoRoot } from '../e2e/support/launch.js';
import { median, record } from './support/results.js';

const nodeFile = path.join(repoRoot, 'node_modules', 'node', 'bin', 'node');
const cliFile = path.join(repoRoot, 'out', 'main', 'cli.js');
const demo = path.join(repoRoot, 'resources', 'demo', 'colin27');
const FIRST_SLICE = 64;
const CASES = 12;

const runCli = (args: readonly string[]): Promise<number | null> =>
  new Promise((resolve) => {
    spawn(nodeFile, [cliFile, ...args], { stdio: 'ignore' }).on('close', resolve);
  });

test('a batch on the command line, from start to end', async () => {
  const models = path.join(repoRoot, 'resources', 'models', 'ibis-nano', 'manifest.json');
  test.skip(!existsSync(models), 'no trained policy is installed in resources/models');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ibis-bench-batch-'));
  const [list, report] = [path.join(folder, 'list.csv'), path.join(folder, 'report.json')];
  const row = (_: unknown, n: number): string =>
    `${demo},Segment the left putamen.,axial,${String(FIRST_SLICE + n)}`;
  writeFileSync(list, ['path,prompt,axis,slice', ...Array.from({ length: CASES }, row)].join('\n'));
  const begunMs = performance.now();
  const code = await runCli([
    ...['batch', list, '--policy', 'ibis-nano', '--data-dir', path.join(folder, 'data')],
    ...['--out', report],
  ]);
  const elapsedMs = performance.now() - begunMs;
  if (code !== 0) throw new Error(`ibis batch ended with ${String(code)}`);
  const { rows, counts } = batchReportSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
  rmSync(folder, { recursive: true, force: true });
  const steps = rows.map((each) => each.steps);
  record(
    {
      name: 'ibis batch, cases',
      value: (60_000 * counts.done) / elapsedMs,
      unit: 'per min',
      note: `${String(CASES)} slices of the demo study with ibis-nano, start of the program included; ${String(median(steps))} steps a case (median)`,
    },
    {
      name: 'ibis batch, a case once it runs, median',
      value: median(rows.map((each) => each.elapsedMs)),
      unit: 'ms',
    },
  );
});
