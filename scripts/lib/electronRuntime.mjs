import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readdir } from 'node:fs/promises';

import { inRepo, node24File } from './paths.mjs';
import { prepareRegistryElectron, registryDistDir, registryRuntime } from './registryElectron.mjs';
import { lastLine, run, toolEnvironment } from './run.mjs';

const electronDir = inRepo('node_modules', 'electron');
const probeLimitMs = 4000;
const downloadLimitMs = 600_000;

const executableName = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' };
const executableIn = (distDir) =>
  path.join(distDir, executableName[process.platform] ?? 'electron');

const officialVersion = () =>
  JSON.parse(readFileSync(path.join(electronDir, 'package.json'), 'utf8')).version;

function versionIn(distDir) {
  try {
    return readFileSync(path.join(distDir, 'version'), 'utf8').trim().replace(/^v/, '');
  } catch {
    return 'unknown';
  }
}

const runtime = (kind, distDir) => ({
  ok: true,
  kind,
  distDir,
  executable: executableIn(distDir),
  version: versionIn(distDir),
});

/** What is here already, without a look at the network; null when there is none. */
export function findInstalledElectron() {
  const official = path.join(electronDir, 'dist');
  const chosen = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  // Our own scripts set it too, for the programs that they start.
  if (chosen && ![official, registryDistDir].includes(chosen) && existsSync(executableIn(chosen)))
    return runtime('chosen', chosen);
  if (existsSync(executableIn(official)) && versionIn(official) === officialVersion())
    return runtime('official', official);
  if (existsSync(executableIn(registryDistDir))) return runtime('registry', registryDistDir);
  return null;
}

/** Electron's own downloader keeps zips in a per-user cache: with one there, no network is needed. */
async function isInDownloadCache(fileName) {
  const caches = {
    darwin: path.join(os.homedir(), 'Library', 'Caches', 'electron'),
    win32: path.join(process.env.LOCALAPPDATA ?? os.homedir(), 'electron', 'Cache'),
  };
  const root =
    process.env.electron_config_cache ??
    caches[process.platform] ??
    path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'electron');
  try {
    return (await readdir(root, { recursive: true })).some(
      (file) => path.basename(file) === fileName,
    );
  } catch {
    return false;
  }
}

/** Whether the official zip can be had, told in seconds: a request for its head alone, redirects included. */
async function officialIsReachable(fileName) {
  const mirror =
    process.env.npm_config_electron_mirror ??
    process.env.ELECTRON_MIRROR ??
    'https://github.com/electron/electron/releases/download/';
  const folder = process.env.ELECTRON_CUSTOM_DIR ?? `v${officialVersion()}`;
  try {
    const response = await fetch(`${mirror}${folder}/${fileName}`, {
      method: 'HEAD',
      signal: AbortSignal.timeout(probeLimitMs),
    });
    return response.ok;
  } catch {
    return false;
  }
}

async function installOfficial(log) {
  const fileName = `electron-v${officialVersion()}-${process.platform}-${process.arch}.zip`;
  if (!(await isInDownloadCache(fileName)) && !(await officialIsReachable(fileName)))
    return { ok: false, reason: `Electron ${officialVersion()} cannot be downloaded here` };
  log(`downloading the official Electron ${officialVersion()}`);
  const installed = await run(node24File, [path.join(electronDir, 'install.js')], {
    limitMs: downloadLimitMs,
    env: toolEnvironment({ ELECTRON_GET_USE_PROXY: '1' }),
  });
  const distDir = path.join(electronDir, 'dist');
  if (installed.code === 0 && existsSync(executableIn(distDir)))
    return runtime('official', distDir);
  return { ok: false, reason: `the Electron download failed: ${lastLine(installed.output)}` };
}

/** An Electron to run, fetched where it is missing: { ok, kind, distDir, executable, version } or a reason. */
export async function ensureElectron(log) {
  const installed = findInstalledElectron();
  if (installed !== null) return installed;
  const official = await installOfficial(log);
  if (official.ok) return official;
  const registry = await prepareRegistryElectron(log);
  if (registry.ok) return runtime('registry', registry.distDir);
  return {
    ok: false,
    reason:
      `${official.reason}, and ${registry.reason}. Set ELECTRON_MIRROR to a reachable mirror, ` +
      'or ELECTRON_OVERRIDE_DIST_PATH to an unpacked Electron.',
  };
}

export function describeElectron({ kind, version }) {
  if (kind === 'official') return `official Electron ${version}`;
  if (kind === 'chosen') return `Electron ${version} of ELECTRON_OVERRIDE_DIST_PATH`;
  return (
    `Electron ${version} out of ${registryRuntime.npmPackage} ` +
    '(a stand-in for development where the official download cannot be reached)'
  );
}

/** Makes the `electron` package, electron-vite and Playwright use this runtime. */
export const electronEnvironment = ({ distDir, executable }) => ({
  ELECTRON_OVERRIDE_DIST_PATH: distDir,
  ELECTRON_EXEC_PATH: executable,
  IBIS_ELECTRON_EXECUTABLE: executable,
});
