#!/usr/bin/env node
// The `ibis` command: the built command line under Node 24, with this terminal and its exit code.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

import { build } from './lib/build.mjs';
import { inRepo, node24File } from './lib/paths.mjs';

const cli = inRepo('out', 'main', 'cli.js');
const failed = 5;

if (!existsSync(node24File)) {
  console.error('Node 24 is not installed here yet. Run "npm run setup" first.');
  process.exit(failed);
}
if (!existsSync(cli)) {
  const built = await build();
  if (!built.ok) {
    console.error(`The build failed:\n${built.reason}`);
    process.exit(failed);
  }
}

const child = spawn(node24File, [cli, ...process.argv.slice(2)], { stdio: 'inherit' });
// A terminal sends Ctrl+C to both, so only a signal meant for this process alone is passed on.
process.on('SIGINT', () => {
  if (process.stdin.isTTY !== true) child.kill('SIGINT');
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(error.message);
  process.exit(failed);
});
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : failed)));
