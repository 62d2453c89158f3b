import { existsSync } from 'node:fs';

import { lastLine, run } from './run.mjs';

export const isRoot = process.getuid?.() === 0;
const hasApt = process.platform === 'linux' && existsSync('/usr/bin/apt-get');

async function isInstalled(name) {
  const { output } = await run('dpkg-query', ['-W', '-f', '${db:Status-Status}', name]);
  return output.trim() === 'installed';
}

/** Since Debian 13 and Ubuntu 24.04 some libraries carry a t64 at the end of their names. */
async function nameHere(name) {
  const { output } = await run('apt-cache', ['policy', `${name}t64`]);
  return /Candidate: (?!\(none\))\S/.test(output) ? `${name}t64` : name;
}

async function missingOf(names) {
  const missing = [];
  for (const name of names)
    if (!(await isInstalled(name)) && !(await isInstalled(`${name}t64`))) missing.push(name);
  return missing;
}

const install = (names) =>
  run('apt-get', ['install', '-y', '--no-install-recommends', ...names], {
    limitMs: 600_000,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });

/**
 * Installs the missing ones of these Debian packages where that is allowed.
 * { ok, installed } or { ok: false, reason } with the command for a person to run.
 */
export async function ensureDebianPackages(names, log) {
  if (!hasApt) return { ok: false, reason: `needs what Debian packages as ${names.join(', ')}` };
  const missing = await missingOf(names);
  if (missing.length === 0) return { ok: true, installed: [] };
  const wanted = await Promise.all(missing.map(nameHere));
  const command = `apt-get install ${wanted.join(' ')}`;
  if (!isRoot) return { ok: false, reason: `run: sudo ${command}` };

  log(`installing ${wanted.join(', ')}`);
  await run('apt-get', ['update', '-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=10'], {
    limitMs: 120_000,
  });
  const together = await install(await Promise.all(missing.map(nameHere)));
  if (together.code === 0) return { ok: true, installed: wanted };
  // One package that this release lacks must not take the others along.
  for (const name of wanted) await install([name]);
  const left = await missingOf(missing);
  if (left.length === 0) return { ok: true, installed: wanted };
  return {
    ok: false,
    reason: `${command}: ${lastLine(together.output)} (still missing: ${left.join(', ')})`,
  };
}
