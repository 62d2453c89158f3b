import { existsSync, readFileSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import path from 'node:path';

import { inRepo, node24File } from './paths.mjs';
import { lastLine, machineEnvironment, run } from './run.mjs';

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Compares what npm noted after its last install with the lock file, so nothing is reinstalled without need. */
export function missingDependencies(lock, installed) {
  return Object.entries(lock.packages)
    .filter(([name, entry]) => name !== '' && !entry.optional && !entry.devOptional && !entry.link)
    .filter(([name, entry]) => installed.packages[name]?.version !== entry.version)
    .map(([name]) => name.replace(/^.*node_modules\//, ''));
}

const noted = inRepo('node_modules', '.package-lock.json');
const isFresh = () => !existsSync(noted);

function findMissing() {
  if (isFresh()) return ['everything'];
  return missingDependencies(readJson(inRepo('package-lock.json')), readJson(noted));
}

/**
 * Node 24 comes out of the `node` package, whose install script fetches the binary for this machine. Scripts of
 * other packages stay off: older npm ignores `allowScripts`, and they would compile and download for nothing.
 */
async function ensureNode24() {
  if (!existsSync(node24File)) {
    const folder = inRepo('node_modules', 'node');
    const fetched = await run('node', ['installArchSpecificPackage.js'], {
      cwd: folder,
      env: machineEnvironment(),
      limitMs: 300_000,
    });
    if (!existsSync(node24File))
      return { ok: false, reason: `Node 24 cannot be fetched: ${lastLine(fetched.output)}` };
  }
  const shortcut = inRepo('node_modules', '.bin', 'node');
  if (process.platform !== 'win32' && !existsSync(shortcut))
    await symlink(path.join('..', 'node', 'bin', 'node'), shortcut);
  return { ok: true };
}

export async function ensureDependencies(log) {
  const missing = findMissing();
  if (missing.length > 0) {
    log(
      `installing npm packages (${missing.length === 1 ? missing[0] : `${missing.length} missing`})`,
    );
    // `npm ci` begins by deleting everything: only where nothing is there yet.
    const install = isFresh() ? ['ci'] : ['install', '--no-save'];
    const flags = [
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--loglevel=error',
    ];
    const installed = await run('npm', [...install, ...flags], {
      env: machineEnvironment(),
      limitMs: 900_000,
    });
    if (installed.code !== 0)
      return { ok: false, reason: `npm failed:\n${installed.output.trim()}` };
  }
  const node = await ensureNode24();
  if (!node.ok) return node;
  return { ok: true };
}
