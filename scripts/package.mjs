#!/usr/bin/env node
// `npm run package [-- --installers]`: packs the app into `dist/`, unpacked unless installers are asked for.
import { readFileSync, rmSync } from 'node:fs';

import { build } from './lib/build.mjs';
import { inRepo, node24File } from './lib/paths.mjs';
import { say } from './lib/report.mjs';
import { run, toolEnvironment } from './lib/run.mjs';
import { setUpDependencies, setUpElectron } from './lib/setup.mjs';

await setUpDependencies();
const electron = await setUpElectron();
if (electron === null) process.exit(1);
const installers = process.argv.includes('--installers');
if (electron.kind === 'registry') {
  if (installers) {
    say(
      'failed',
      'package',
      'installers need the official Electron; this stand-in is never shipped',
    );
    process.exit(1);
  }
  say('note', 'package', 'packed with the stand-in runtime: to try out only, not to hand on');
}

// Builds leave older chunks in place, for engines that are running; a package gets none of them.
rmSync(inRepo('out'), { recursive: true, force: true });
const built = await build();
if (!built.ok) {
  say('failed', 'build', built.reason);
  process.exit(1);
}
const { main } = JSON.parse(readFileSync(inRepo('package.json'), 'utf8'));
say('busy', 'package', `packing ${main} and what it needs`);
const { code } = await run(
  node24File,
  [
    inRepo('node_modules', 'electron-builder', 'cli.js'),
    ...(installers ? [] : ['--dir']),
    `--config.electronVersion=${electron.version}`,
    `--config.electronDist=${electron.distDir}`,
  ],
  { show: true, env: toolEnvironment() },
);
if (code === 0) say('ready', 'package', `in ${inRepo('dist')}`);
process.exit(code ?? 1);
