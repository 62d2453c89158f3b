import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { inRepo, node24File } from './paths.mjs';
import { run, toolEnvironment } from './run.mjs';

const stamp = inRepo('out', '.built');
const sources = ['src', 'electron.vite.config.ts', 'package-lock.json', 'tsconfig.json'];

async function newestChangeMs(file) {
  const status = await stat(file);
  if (!status.isDirectory()) return status.mtimeMs;
  const names = await readdir(file);
  const times = await Promise.all(names.map((name) => newestChangeMs(path.join(file, name))));
  return Math.max(status.mtimeMs, ...times);
}

/** A folder's own time changes when a file goes, so deletions count too. */
export async function isBuilt() {
  if (!existsSync(stamp)) return false;
  const builtMs = (await stat(stamp)).mtimeMs;
  const changes = await Promise.all(sources.map((name) => newestChangeMs(inRepo(name))));
  return Math.max(...changes) < builtMs;
}

export async function build({ show = false } = {}) {
  const startedMs = Date.now();
  await rm(stamp, { force: true });
  const built = await run(
    node24File,
    [
      inRepo('node_modules', 'electron-vite', 'bin', 'electron-vite.js'),
      'build',
      '--logLevel',
      'warn',
    ],
    { env: toolEnvironment(), limitMs: 600_000, show },
  );
  if (built.code !== 0) return { ok: false, reason: built.output.trim() };
  await mkdir(path.dirname(stamp), { recursive: true });
  await writeFile(stamp, '');
  return { ok: true, elapsedMs: Date.now() - startedMs };
}
