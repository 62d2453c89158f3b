#!/usr/bin/env node
// `npm run bench [-- NAME ...]`: measures, prints a table and writes test-results/bench.json. `--write` also writes
// docs/bench.md: the whole table or none, so it takes no names.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { build, isBuilt } from './lib/build.mjs';
import { benchTable } from './lib/benchTable.mjs';
import { describeElectron, electronEnvironment } from './lib/electronRuntime.mjs';
import { inRepo, node24File } from './lib/paths.mjs';
import { say } from './lib/report.mjs';
import { run, toolEnvironment } from './lib/run.mjs';
import { setUpDependencies, setUpElectron, setUpTests } from './lib/setup.mjs';

const benchDir = inRepo('test', 'bench');
const known = readdirSync(benchDir).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []);
const words = process.argv.slice(2);
const names = words.filter((word) => !word.startsWith('-'));
const writes = words.includes('--write');
const usage = `npm run bench [-- NAME ...] [-- --write]\n\nNAME: ${known.join(', ')}; none: all of them.\n--write: all of them, and docs/bench.md.`;
const problem =
  names.find((name) => !known.includes(name)) ??
  words.find((word) => word.startsWith('-') && !['--write', '--help', '-h'].includes(word));
if (words.includes('--help') || words.includes('-h')) {
  console.log(usage);
  process.exit(0);
}
if (problem !== undefined || (writes && names.length > 0)) {
  const reason =
    problem === undefined ? '--write is for the whole table' : `"${problem}" is not known`;
  console.error(`${reason}.\n\n${usage}`);
  process.exit(2);
}

await setUpDependencies();
const electron = await setUpElectron();
const { python } = await setUpTests();
if (electron === null || !python) {
  say('failed', 'bench', 'it needs Electron and the Python environment');
  process.exit(1);
}
if (!(await isBuilt())) {
  const built = await build();
  if (!built.ok) {
    say('failed', 'build', built.reason);
    process.exit(1);
  }
}

const resultsFile = inRepo('test-results', 'bench.json');
if (names.length === 0) rmSync(resultsFile, { force: true });

const loadBefore = os.loadavg()[0];
const { code } = await run(
  node24File,
  [
    inRepo('node_modules', '@playwright', 'test', 'cli.js'),
    ...['test', '-c', path.join(benchDir, 'playwright.config.ts')],
    // Each name is one file: "undo" is not also another that has it in its name.
    ...names.map((name) => `/${name}\\.bench\\.ts$`),
  ],
  { show: true, env: toolEnvironment(electronEnvironment(electron)) },
);

const results = JSON.parse(readFileSync(resultsFile, 'utf8'));
const [cpu] = os.cpus();
results.machine = {
  processor: cpu?.model.trim() ?? 'unknown',
  cores: os.availableParallelism(),
  memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  system: `${os.type()} ${os.arch()}`,
  electron: describeElectron(electron),
  loadBefore,
  priority: os.getPriority(), // below 0: ahead of what else ran
};
writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`);

const { machine } = results;
const lines = [
  `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}; ` +
    `${machine.electron}. Load average before the run: ${loadBefore.toFixed(1)}` +
    `${machine.priority < 0 ? `, the bench run ahead of it (priority ${machine.priority})` : ''}.`,
  '',
  ...benchTable(results.measurements),
];
console.log(`\n${lines.join('\n')}\n\nwritten to ${resultsFile}`);
if (writes)
  writeFileSync(
    inRepo('docs', 'bench.md'),
    [
      '# Measured',
      '',
      'Written by `npm run bench -- --write`. Ratios were taken in one run on one machine; a load average',
      'near or above the number of cores means that other programs took part of it, and the times are upper bounds.',
      'Without a GPU the picture is drawn by SwiftShader, in software.',
      '',
      ...lines,
      '',
    ].join('\n'),
  );
process.exit(code ?? 1);
