import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const repositoryDir = path.resolve(import.meta.dirname, '../../..');

/** Real data that tests use where it is at hand: IBIS_SHARED, or ../shared beside the repository. */
export const sharedDataDir = path.join(
  process.env['IBIS_SHARED'] ?? path.join(repositoryDir, '..', 'shared'),
  'data',
);
export const conformanceDir = path.join(sharedDataDir, 'dicom_conformance');
export const hasConformanceSet = existsSync(conformanceDir);

const venvPython = path.join(repositoryDir, '.venv', 'bin', 'python');
export const python = existsSync(venvPython) ? venvPython : 'python3';

const runs = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** pydicom and nibabel, the judges of headers and geometry. */
export const hasPythonReaders = runs(python, ['-c', 'import numpy, pydicom, nibabel']);

/** The decoders that compressed pixels are held against: imagecodecs, Pillow, and dcmtk or GDCM. */
export const hasReferenceDecoders =
  hasPythonReaders &&
  runs(python, ['-c', 'import imagecodecs, PIL']) &&
  runs('dcmdjpeg', ['--version']) &&
  // gdcmconv has no option that ends well without files.
  spawnSync('gdcmconv', ['--version'], { stdio: 'ignore' }).error === undefined;

/** Runs with a folder that is removed afterwards. */
export async function withTempDir<T>(use: (dir: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(path.join(tmpdir(), 'ibis-dicom-'));
  try {
    return await use(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
