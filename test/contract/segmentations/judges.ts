import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';

import type { SegmentationData } from '../../../src/domain/segmentation.js';
import type { VolumeSource } from '../../../src/engine/export/types.js';
import { python } from '../export/judges.js';
import { listVoxels } from './segmentationCase.js';

export interface JudgedSeg {
  readonly kind: string;
  readonly sopClass: string;
  readonly segments: readonly {
    readonly number: number;
    readonly label: string;
    readonly algorithm: string;
    readonly type: readonly string[];
    readonly modifiers: readonly (readonly string[])[];
  }[];
  readonly voxels: Readonly<Record<string, Readonly<Record<string, number[]>>>>;
}

export interface JudgedLabels {
  readonly shape: readonly number[];
  readonly affine: readonly (readonly number[])[];
  readonly type: string;
  readonly intent: string;
  readonly voxels: Readonly<Record<string, readonly number[][]>>;
}

/** One process for all files: starting Python costs more than judging. */
export function judge<T extends JudgedSeg | JudgedLabels>(files: readonly string[]): readonly T[] {
  const script = path.join(import.meta.dirname, 'judge.py');
  const output = execFileSync(python ?? '', [script, ...files], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(output) as T[];
}

/** Segment number -> 'sop#frame' -> set pixels: what `judge` finds in a SEG that holds the very voxels. */
export function expectedPixels(
  data: SegmentationData,
  { geometry, images }: VolumeSource,
): Record<string, Record<string, number[]>> {
  const expected: Record<string, Record<string, number[]>> = {};
  for (const [number, voxels] of Object.entries(listVoxels(data)))
    for (const voxel of voxels) {
      const [i = 0, j = 0, k = 0] = voxel.split(',').map(Number);
      const info = images[k]?.info;
      const key = `${info?.sopInstanceUID ?? '?'}#${String(info?.frameNumber)}`;
      const ofSegment = (expected[number] ??= {});
      (ofSegment[key] ??= []).push(j * geometry.dimensions[0] + i);
    }
  return expected;
}

/** Programs of Debian's packages; tests that ask one are skipped by its name where it is absent. */
export const hasProgram = (name: string): boolean =>
  spawnSync(name, ['--version']).error === undefined;
