import path from 'node:path';

export const repoRoot = path.resolve(import.meta.dirname, '..', '..');
export const inRepo = (...parts) => path.join(repoRoot, ...parts);

/** Downloads and stamps that may be deleted at any time. */
export const cacheDir = inRepo('.cache');

const exe = process.platform === 'win32' ? '.exe' : '';

/** Node 24 of the `node` npm package; the machine's own Node may be older. */
export const node24File = inRepo('node_modules', 'node', 'bin', `node${exe}`);

export const venvPython =
  process.platform === 'win32'
    ? inRepo('.venv', 'Scripts', 'python.exe')
    : inRepo('.venv', 'bin', 'python');
