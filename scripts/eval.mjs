#!/usr/bin/env node
// `npm run eval`: measures the bundled models on the test splits with `ibis eval`, stores the reports in
// docs/models/reports/ and writes docs/models.md. Run again after a cut, it goes on with what is missing.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { build, isBuilt } from './lib/build.mjs';
import { compactReport } from './lib/compact.mjs';
import {
  findModels,
  findPolicy,
  findSets,
  isKept,
  listFineTunedJobs,
  listJobs,
  medscribble,
} from './lib/evalJobs.mjs';
import { writeMedscribbleSet } from './lib/medscribbleSet.mjs';
import { continueUnderNode24 } from './lib/node24.mjs';
import { inRepo, node24File, repoRoot } from './lib/paths.mjs';
import { say, seconds } from './lib/report.mjs';
import { run } from './lib/run.mjs';
import { setUpDependencies } from './lib/setup.mjs';
import { reportsDir, writeModelsPage } from './modelsPage.mjs';

const usage = `Usage: npm run eval -- [options]
  --sets LIST       only these data sets, by name
  --part PART       only "policy", only "segmenters" or only "propagation"
  --sft FOLDER      nothing else but the agent with the policy in FOLDER, that of before reinforcement learning
  --again           also what was measured since the models and the targets last changed
  --split NAME      part of the data; default: test. Another is a trial, whose reports stay in test-results/eval/
  --max-files N     only the first so many files of a set; a trial, too
The data are looked for in the folder data of IBIS_SHARED, or of ../shared.`;

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

function parse() {
  const text = { type: 'string' };
  try {
    return parseArgs({
      options: {
        ...{
          sets: text,
          part: text,
          sft: text,
          'max-files': text,
          split: { ...text, default: 'test' },
        },
        ...{ again: { type: 'boolean' }, help: { type: 'boolean' } },
      },
    }).values;
  } catch (error) {
    return fail(`${error.message}\n${usage}`);
  }
}

const options = parse();
if (options.help) {
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
const allParts = ['policy', 'segmenters', 'propagation'];
if (options.part !== undefined && !allParts.includes(options.part)) fail(usage);
const fineTuned = options.sft === undefined ? null : findPolicy(options.sft);
if (options.sft !== undefined && fineTuned === null)
  fail(`There is no policy with a manifest.json in ${options.sft}.`);
const parts = options.part === undefined ? allParts : [options.part];

await setUpDependencies();
await continueUnderNode24(); // which reads TypeScript
const { evalMethods } = await import('../src/contract/evalMethods.ts');

const models = findModels(inRepo('resources', 'models'));
const policy = models.find(({ role }) => role === 'policy');
if (policy === undefined) fail('No policy is bundled in resources/models.');
const sets = findSets(inRepo('resources', 'targets'));
const wanted = options.sets?.split(',') ?? sets.map(({ name }) => name);
const unknown = wanted.filter((name) => !sets.some((set) => set.name === name));
if (unknown.length > 0)
  fail(`There is no set ${unknown.join(', ')}. There are ${sets.map((s) => s.name).join(', ')}.`);

if (!(await isBuilt())) {
  say('busy', 'build', 'the sources changed');
  const built = await build();
  if (!built.ok) fail(`The build failed:\n${built.reason}`);
}

const isTrial = options.split !== 'test' || options['max-files'] !== undefined;
const dataDir = path.join(process.env.IBIS_SHARED ?? path.join(repoRoot, '..', 'shared'), 'data');
const first = options['max-files'] === undefined ? '' : `-first-${options['max-files']}`;
const resultsDir = inRepo('test-results', 'eval', `${options.split}${first}`);

/** Without what was encoded before: how long that takes is measured, too. */
async function evaluate({ set, command = 'eval', arguments: chosen }, out) {
  const temporary = mkdtempSync(path.join(tmpdir(), 'ibis-eval-'));
  const source = path.join(dataDir, set.name);
  try {
    const isConverted = set.name === medscribble;
    const targets = isConverted ? writeMedscribbleSet(source, temporary) : set.targetsFile;
    const { code } = await run(
      node24File,
      [
        ...[inRepo('out', 'main', 'cli.js'), command, isConverted ? temporary : source],
        ...['--targets', targets, '--split', options.split, '--out', out],
        ...['--data-dir', path.join(temporary, 'data'), ...chosen],
        ...(options['max-files'] === undefined ? [] : ['--max-files', options['max-files']]),
      ],
      { show: true },
    );
    return code;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

let isStopped = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    isStopped = true;
  });

const chosenSets = sets.filter(({ name }) => wanted.includes(name));
const jobs =
  fineTuned === null
    ? listJobs({ sets: chosenSets, models, policy, methods: evalMethods, parts })
    : listFineTunedJobs({ sets: chosenSets, models, policy: fineTuned });
const failures = [];
for (const job of jobs) {
  if (isStopped) break;
  const name = job.report.replace(/\.json$/, '');
  const report = path.join(resultsDir, job.report);
  if (!existsSync(path.join(dataDir, job.set.name))) {
    say('note', name, `skipped: there is no ${path.join(dataDir, job.set.name)}`);
    continue;
  }
  if (job.set.name === medscribble && options.split !== 'test') {
    say('note', name, 'skipped: all of it is for testing');
    continue;
  }
  if (!options.again && isKept(report, job.inputs)) say('ready', name, 'kept');
  else {
    const begunMs = Date.now();
    say('busy', name, 'evaluating');
    const code = await evaluate(job, report);
    if (code !== 0) {
      if (!isStopped) say('failed', name, `ibis eval ended with ${String(code)}`);
      failures.push(name);
      continue;
    }
    say('ready', name, seconds(begunMs));
  }
  if (isTrial) continue;
  const stored = path.join(reportsDir, job.report);
  mkdirSync(path.dirname(stored), { recursive: true });
  writeFileSync(stored, compactReport(JSON.parse(readFileSync(report, 'utf8'))));
  writeModelsPage();
}
if (isTrial) say('note', 'page', `not written after a trial; the reports are in ${resultsDir}`);
else say('ready', 'page', 'docs/models.md holds what is stored in docs/models/reports');
if (isStopped) say('note', 'eval', 'stopped; run it again to go on with what is missing');
process.exitCode = failures.length > 0 || isStopped ? 1 : 0;
