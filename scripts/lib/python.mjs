import { existsSync } from 'node:fs';

import { ensureDebianPackages } from './debian.mjs';
import { inRepo, venvPython } from './paths.mjs';
import { lastLine, run } from './run.mjs';

const cpuTorch = 'torch==2.13.0+cpu';
const cpuTorchIndex = 'https://download.pytorch.org/whl/cpu';

async function findPython() {
  for (const name of ['python3.13', 'python3.12', 'python3.11', 'python3', 'python']) {
    const { output } = await run(name, ['-c', 'import sys; print(sys.version_info >= (3, 11))']);
    if (output.trim() === 'True') return name;
  }
  return null;
}

async function makeVenv(log) {
  const python = await findPython();
  if (python === null) return { ok: false, reason: 'Python 3.11 or later is not installed' };
  const make = () => run(python, ['-m', 'venv', inRepo('.venv')], { limitMs: 120_000 });
  let made = await make();
  if (made.code !== 0) {
    // Debian splits venv off.
    const packages = await ensureDebianPackages(['python3-venv'], log);
    if (!packages.ok) return packages;
    made = await make();
  }
  return made.code === 0 ? { ok: true } : { ok: false, reason: lastLine(made.output) };
}

const pip = (...args) =>
  run(
    venvPython,
    ['-m', 'pip', 'install', '--quiet', '--retries', '0', '--timeout', '20', ...args],
    { limitMs: 900_000, env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' } },
  );

async function isReachable(address) {
  try {
    return (await fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(4000) })).ok;
  } catch {
    return false;
  }
}

/** The processor-only build first: plain `torch` brings gigabytes of CUDA along on Linux. */
async function installTorch(requirement) {
  const extra = (await isReachable(`${cpuTorchIndex}/torch/`))
    ? ['--extra-index-url', cpuTorchIndex]
    : [];
  const processorOnly = await pip(cpuTorch, ...extra);
  return processorOnly.code === 0 ? processorOnly : pip(requirement);
}

/** The virtual environment `.venv` of the training package and of the outside judges. */
export async function ensurePython(log) {
  if (!existsSync(venvPython)) {
    log('making the Python environment .venv');
    const made = await makeVenv(log);
    if (!made.ok) return made;
  }
  const check = () => run(venvPython, [inRepo('scripts', 'python', 'missing_requirements.py')]);
  const listed = await check();
  if (listed.code !== 0) return { ok: false, reason: lastLine(listed.output) };
  const missing = listed.output.split('\n').filter(Boolean);
  if (missing.length === 0) return { ok: true, installed: [] };

  log(`installing ${missing.length} Python packages into .venv`);
  const torch = missing.find((requirement) => /^torch\b/.test(requirement));
  if (torch !== undefined) {
    const installed = await installTorch(torch);
    if (installed.code !== 0) return { ok: false, reason: `pip: ${lastLine(installed.output)}` };
  }
  const installed = await pip(...missing.filter((requirement) => requirement !== torch));
  if (installed.code !== 0) return { ok: false, reason: `pip: ${lastLine(installed.output)}` };
  return { ok: true, installed: missing };
}
