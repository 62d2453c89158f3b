import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const repository = path.resolve(import.meta.dirname, '../../..');
const venvPython = path.join(repository, '.venv/bin/python');

/** Python with pydicom and nibabel (the training package's environment), or null. */
export const python = existsSync(venvPython) ? venvPython : null;
/** dciodvfy of Debian's dicom3tools. */
export const hasDciodvfy = spawnSync('dciodvfy', ['-version']).error === undefined;
const sharedDir = process.env.IBIS_SHARED ?? path.resolve(repository, '../shared');
/** A folder or file of the shared data, or null where it is absent. */
export function findShared(name: string): string | null {
  const found = path.join(sharedDir, 'data', name);
  return existsSync(found) ? found : null;
}

export interface JudgedSeg {
  readonly preambleIsZero: boolean;
  readonly values: readonly number[];
  readonly frames: readonly {
    readonly sop: string;
    readonly frame: number;
    readonly on: number[];
  }[];
  readonly centroid: readonly number[] | null;
  readonly patientName: string;
  readonly patientId: string;
  readonly study: string;
  readonly series: string;
  readonly instance: string;
  readonly metaInstance: string;
  readonly frameOfReference: string | null;
  readonly referencedSeries: string;
  readonly referencedInstances: readonly string[];
  readonly label: string;
  readonly description: string;
  readonly algorithm: readonly string[];
  readonly identification: string;
  readonly code: readonly string[];
  readonly modifier: readonly string[];
  readonly notice: string;
  readonly lossy: string;
  readonly creator: string;
}

export interface JudgedNifti {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly on: readonly (readonly number[])[];
  readonly centroidRas: readonly number[] | null;
  readonly affine: readonly (readonly number[])[];
  readonly type: string;
  readonly codes: readonly number[];
}

function judge(files: readonly string[]): unknown[] {
  if (python === null) throw new Error('there is no Python to judge with');
  const script = path.join(import.meta.dirname, 'judge.py');
  const output = execFileSync(python, [script, ...files], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as unknown[];
}

/** One process for all files: starting Python costs more than judging. */
export const judgeSegs = (files: readonly string[]): JudgedSeg[] => judge(files) as JudgedSeg[];
export const judgeNiftis = (files: readonly string[]): JudgedNifti[] =>
  judge(files) as JudgedNifti[];

/** For each folder: 'sop#frame' -> pixels above 500, as pydicom reads them. */
export const judgeSources = (folders: readonly string[]): Record<string, number[]>[] =>
  judge(folders) as Record<string, number[]>[];

/** The errors (not warnings) that dciodvfy finds, without what differs from file to file. */
export function findDicomErrors(file: string): string[] {
  const { stdout, stderr } = spawnSync('dciodvfy', ['-new', file], { encoding: 'utf8' });
  return `${stdout}\n${stderr}`.split('\n').filter((line) => line.startsWith('Error'));
}
