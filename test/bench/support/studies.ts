import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { venvPython } from '../../../scripts/lib/paths.mjs';
import { repoRoot } from '../../e2e/support/launch.js';

const folder = path.join(repoRoot, '.cache', 'bench');
export const thousandFiles = path.join(folder, 'thousand');
export const largeCt = path.join(folder, 'ct512');

const python = (script: string, argument: string): string =>
  execFileSync(venvPython, [path.join(repoRoot, 'test', 'bench', script), argument], {
    encoding: 'utf8',
  });

/** Made once; half a minute. */
export function makeStudies(): void {
  python('make_dicom.py', folder);
}

export interface PydicomTimes {
  readonly files: number;
  readonly headersMs: number;
  readonly pixelsMs: number;
}

export function timePydicom(of: string): PydicomTimes {
  return JSON.parse(python('read_headers.py', of)) as PydicomTimes; // the script's own output
}
