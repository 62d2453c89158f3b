import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { inRepo, node24File, repoRoot, venvPython } from './paths.mjs';
import { seconds } from './report.mjs';
import { toolEnvironment } from './run.mjs';

const minutes = (count) => count * 60_000;
const reportFile = inRepo('test-results', 'stage.json');
const bin = (...parts) => [node24File, inRepo('node_modules', ...parts)];
const vitest = bin('vitest', 'vitest.mjs');
const vitestReport = inRepo('scripts', 'reporters', 'vitestReport.mjs');

/** Runs a stage in a process group of its own, so that nothing it started outlives its time limit. */
function runStage([command, ...args], { cwd = repoRoot, env, limitMs }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: toolEnvironment(env),
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: process.platform !== 'win32',
    });
    let late = false;
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        child.kill('SIGKILL');
      }
    };
    const timer = setTimeout(() => {
      late = true;
      end();
    }, limitMs);
    process.once('exit', end);
    child.on('error', (error) => resolve({ code: null, late, message: error.message }));
    child.on('exit', (code) => {
      clearTimeout(timer);
      process.off('exit', end);
      resolve({ code, late, message: '' });
    });
  });
}

/** A check that passes or fails as a whole (lint, types, build). */
const check = (name, command, limitMs) => ({ name, command, limitMs, kind: 'check' });

export const checks = [
  check(
    'build',
    [...bin('electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn'],
    minutes(10),
  ),
  check('eslint', [...bin('eslint', 'bin', 'eslint.js'), '.', '--max-warnings=0'], minutes(12)),
  check(
    'prettier',
    [...bin('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.'],
    minutes(8),
  ),
  check(
    'types',
    [...bin('vue-tsc', 'bin', 'vue-tsc.js'), '--noEmit', '-p', 'tsconfig.json'],
    minutes(12),
  ),
];

const vitestStage = (name, limitMs) => ({
  name,
  kind: 'tests',
  command: [
    ...vitest,
    'run',
    '--project',
    name,
    '--reporter=default',
    `--reporter=${vitestReport}`,
  ],
  limitMs,
});

export const unit = vitestStage('unit', minutes(12));
export const contract = vitestStage('contract', minutes(30));

export const windowTests = (env) => ({
  name: 'e2e',
  kind: 'tests',
  command: [
    ...bin('@playwright', 'test', 'cli.js'),
    'test',
    `--reporter=list,${inRepo('scripts', 'reporters', 'playwrightReport.mjs')}`,
  ],
  env,
  limitMs: minutes(30),
});

export const training = {
  name: 'training',
  kind: 'tests',
  command: [venvPython, '-m', 'pytest', '-q', '-p', 'ibis_report'],
  cwd: inRepo('training'),
  env: {
    PYTHONPATH: inRepo('scripts', 'python'),
    // Python's name for the folder inside the one that the other tests know.
    ...(process.env.IBIS_SHARED && !process.env.IBIS_DATA
      ? { IBIS_DATA: path.join(process.env.IBIS_SHARED, 'data') }
      : {}),
  },
  limitMs: minutes(25),
};

export const windowTestNames = {
  folder: 'test/e2e',
  fileEnd: '.spec.ts',
  title: /^\s*test\(\s*(['"`])(.+?)\1/gm,
};
export const trainingTestNames = {
  folder: 'training/tests',
  fileEnd: '.py',
  title: /^def (test_\w+)/gm,
};

/** Test names read out of files that cannot be run here, so that they can be named as skipped. */
export function namesIn({ folder, fileEnd, title }) {
  if (!existsSync(inRepo(folder))) return [];
  return readdirSync(inRepo(folder), { recursive: true })
    .filter((file) => file.endsWith(fileEnd))
    .flatMap((file) => {
      const text = readFileSync(inRepo(folder, file), 'utf8');
      return [...text.matchAll(title)].map((match) => `${folder}/${file} > ${match.at(-1)}`);
    });
}

export function skippedStage(name, names, note) {
  console.log(`\n== ${name}: skipped, ${note}`);
  return {
    name,
    elapsedMs: 0,
    problems: [],
    results: names.map((test) => ({ name: test, state: 'skipped', note })),
  };
}

/** Runs a stage and reads what it reports: { name, results, problems, elapsedMs }. */
export async function runAndRead(stage, remainingMs) {
  console.log(`\n== ${stage.name}`);
  rmSync(reportFile, { force: true });
  const startedMs = Date.now();
  const limitMs = Math.max(1000, Math.min(stage.limitMs, remainingMs));
  const ended = await runStage(stage.command, {
    cwd: stage.cwd,
    env: { ...stage.env, IBIS_TEST_REPORT: reportFile },
    limitMs,
  });
  console.log(`== ${stage.name}: ${seconds(startedMs)}`);
  const elapsedMs = Date.now() - startedMs;
  const late = ended.late ? `ran past its ${Math.round(limitMs / 1000)} s` : '';

  if (stage.kind === 'check') {
    const name = late === '' ? stage.name : `${stage.name} (${late})`;
    const state = ended.code === 0 ? 'passed' : 'failed';
    return { name: stage.name, elapsedMs, problems: [], results: [{ name, state, note: '' }] };
  }
  const report = existsSync(reportFile)
    ? JSON.parse(readFileSync(reportFile, 'utf8'))
    : { results: [], problems: [] };
  const explained =
    report.problems.length > 0 || report.results.some(({ state }) => state === 'failed');
  const problems = [...report.problems];
  // An exit code that no reported failure explains is a failure of its own.
  if (ended.code !== 0 && !explained)
    problems.push(late || ended.message || `ended with code ${ended.code} and no failed test`);
  return { name: stage.name, elapsedMs, problems, results: report.results };
}
