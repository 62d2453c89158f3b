#!/usr/bin/env node
// `npm start [-- PATH ...]`: sets up what is missing, builds, and opens the workstation, on the demo study when no
// path is given. Without a display the same main job runs through the command line.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { build, isBuilt } from './lib/build.mjs';
import { hasDisplay } from './lib/display.mjs';
import { electronEnvironment } from './lib/electronRuntime.mjs';
import { launchArguments } from './lib/launchArguments.mjs';
import { inRepo, node24File, repoRoot } from './lib/paths.mjs';
import { say, seconds } from './lib/report.mjs';
import { run, toolEnvironment } from './lib/run.mjs';
import { setUpDependencies, setUpElectron } from './lib/setup.mjs';

// Chromium remarks on each desktop service that a machine lacks; what main and the engine say still shows.
const quiet = '--log-level=3';

async function ensureBuilt() {
  if (await isBuilt()) {
    say('ready', 'build', 'up to date');
    return;
  }
  const built = await build();
  if (!built.ok) {
    say('failed', 'build', built.reason);
    process.exit(1);
  }
  say('ready', 'build', `${(built.elapsedMs / 1000).toFixed(1)} s`);
}

async function openWindow(electron, paths) {
  if (launchArguments.length > 0)
    say('note', 'sandbox', "running as root, for whom Chromium's sandbox cannot start: it is off");
  say('ready', 'Ibis', paths.length === 0 ? 'opening the demo study' : 'opening the window');
  const { code } = await run(electron.executable, [repoRoot, ...launchArguments, quiet, ...paths], {
    show: true,
    cwd: process.cwd(),
    env: toolEnvironment({
      ...electronEnvironment(electron),
      ...(paths.length === 0 ? { IBIS_OPEN_DEMO: '1' } : {}),
    }),
  });
  return code ?? 1;
}

/** What the window would do with the demo study, through `ibis segment`. */
async function runDemoHeadless(why) {
  const demo = JSON.parse(await readFile(inRepo('resources', 'demo', 'demo.json'), 'utf8'));
  const study = inRepo('resources', 'demo', demo.path);
  const outDir = path.resolve('demo-results');
  const relative = (file) => path.relative(process.cwd(), file) || '.';
  say('note', 'display', `${why}: the same job runs through the command line`);
  const command = [
    ...['segment', study, '--axis', demo.axis, '--slice', String(demo.sliceIndex)],
    ...['--prompt', demo.prompt, '--out', outDir],
  ];
  console.log(
    `\nibis segment ${relative(study)} --axis ${demo.axis} --slice ${demo.sliceIndex} ` +
      `--prompt "${demo.prompt}" --out ${relative(outDir)}\n`,
  );
  const startedMs = Date.now();
  const { code } = await run(node24File, [inRepo('out', 'main', 'cli.js'), ...command], {
    show: true,
    env: toolEnvironment(),
  });
  console.log('');
  if (code === 0)
    say('ready', 'Ibis', `done in ${seconds(startedMs)}; the results are in ${outDir}`);
  else say('failed', 'Ibis', `ibis segment ended with code ${code ?? 'none'}`);
  return code ?? 1;
}

/** Paths were given but no window can open: says what they hold and how to go on. */
async function listHeadless(why, paths) {
  say('note', 'display', `${why}: what the given paths hold is listed instead`);
  let worst = 0;
  for (const given of paths) {
    const command = [inRepo('out', 'main', 'cli.js'), 'info', path.resolve(given)];
    const { code } = await run(node24File, command, { show: true, env: toolEnvironment() });
    worst = Math.max(worst, code ?? 1);
  }
  if (worst === 0)
    say('note', 'next', 'npx --no-install ibis segment PATH --slice K --prompt TEXT --out DIR');
  return worst;
}

await setUpDependencies();
const electron = hasDisplay ? await setUpElectron() : null;
await ensureBuilt();
const paths = process.argv.slice(2);
if (electron !== null) process.exit(await openWindow(electron, paths));
const why = hasDisplay ? 'no Electron can run here' : 'there is no display';
process.exit(await (paths.length === 0 ? runDemoHeadless(why) : listHeadless(why, paths)));
