import { spawn } from 'node:child_process';

import { node24File } from './paths.mjs';
import { toolEnvironment } from './run.mjs';

const isNode24 = Number(process.versions.node.split('.')[0]) >= 24;

/** Runs this same script again under the installed Node 24 and ends with its exit code; returns at once if it is 24. */
export async function continueUnderNode24() {
  if (isNode24) return;
  const child = spawn(node24File, process.argv.slice(1), {
    stdio: 'inherit',
    env: toolEnvironment(),
  });
  const ends = (signal) => child.kill(signal);
  process.on('SIGINT', ends);
  process.on('SIGTERM', ends);
  const code = await new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (exitCode) => resolve(exitCode ?? 1));
  });
  process.exit(code);
}
