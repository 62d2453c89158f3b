#!/usr/bin/env node
// `npm test [-- STAGE ...]`: sets up what is missing and runs everything, or only the named stages.
// The last line is `N passed, N failed, N skipped`; what was skipped is listed by name, with the reason.
import { mkdirSync } from 'node:fs';

import { hasDisplay, startVirtualDisplay } from './lib/display.mjs';
import { electronEnvironment } from './lib/electronRuntime.mjs';
import { inRepo } from './lib/paths.mjs';
import { setUpDependencies, setUpElectron, setUpTests } from './lib/setup.mjs';
import { summarise, countResults } from './lib/summary.mjs';
import {
  checks,
  contract,
  namesIn,
  runAndRead,
  skippedStage,
  training,
  trainingTestNames,
  unit,
  windowTestNames,
  windowTests,
} from './lib/testStages.mjs';

/**
 * A guard against what hangs, as are the limits of the stages: what has not run by then fails. On two cores that have
 * nothing else to do the whole takes a quarter of it; on a busy machine it takes several times as long, and still ends.
 */
const endMs = Date.now() + 75 * 60_000;

await setUpDependencies();
const electron = await setUpElectron();
const { python } = await setUpTests();
mkdirSync(inRepo('test-results'), { recursive: true });

async function canShowVirtually() {
  const virtual = await startVirtualDisplay();
  virtual?.stop();
  return virtual !== null;
}

async function runWindowTests() {
  const names = () => namesIn(windowTestNames);
  if (electron === null) return skippedStage('e2e', names(), 'no Electron can run here');
  if (!hasDisplay && !(await canShowVirtually()))
    return skippedStage('e2e', names(), 'there is no display and no Xvfb');
  return runAndRead(windowTests(electronEnvironment(electron)), endMs - Date.now());
}

async function runTraining() {
  if (python) return runAndRead(training, endMs - Date.now());
  const names = namesIn(trainingTestNames);
  return skippedStage('training', names, 'the Python packages cannot be had here');
}

const stages = [
  ...[...checks, unit, contract].map((stage) => ({
    name: stage.name,
    run: () => runAndRead(stage, endMs - Date.now()),
  })),
  { name: 'e2e', run: runWindowTests },
  { name: 'training', run: runTraining },
];

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !stages.some((stage) => stage.name === name));
if (unknown !== undefined) {
  console.error(`No stage "${unknown}". Stages: ${stages.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const done = [];
for (const stage of stages)
  if (wanted.length === 0 || wanted.includes(stage.name)) done.push(await stage.run());

for (const line of summarise(done)) console.log(line);
process.exitCode = countResults(done).failed > 0 ? 1 : 0;
