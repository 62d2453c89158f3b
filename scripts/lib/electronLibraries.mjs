import { ensureDebianPackages } from './debian.mjs';
import { run } from './run.mjs';

const debianPackages = [
  'libgtk-3-0',
  'libnss3',
  'libasound2',
  'libgbm1',
  'libxss1',
  'libatk-bridge2.0-0',
  'libdrm2',
  'libxkbcommon0',
  'libxshmfence1',
];

async function missingLibraries(executable) {
  const { output } = await run('ldd', [executable]);
  return [...output.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]);
}

/** Shared libraries that Electron itself links to; the linker is asked, so any distribution's will do. */
export async function ensureElectronLibraries(executable, log) {
  if (process.platform !== 'linux' || (await missingLibraries(executable)).length === 0)
    return { ok: true, installed: [] };
  const done = await ensureDebianPackages(debianPackages, log);
  const left = await missingLibraries(executable);
  if (left.length === 0) return { ok: true, installed: done.installed ?? [] };
  return {
    ok: false,
    reason: `Electron lacks ${left.join(', ')}; ${done.reason ?? 'find their packages'}`,
  };
}
