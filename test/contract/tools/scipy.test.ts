import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import type { Vec3 } from '../../../src/domain/geometry.js';
import type { VoxelBlock } from '../../../src/domain/segmentSlices.js';
import { findComponents, getComponentAt } from '../../../src/engine/tools/components.js';
import { computeSquaredDistances } from '../../../src/engine/tools/distance.js';
import { fillCavities, fillSliceHoles } from '../../../src/engine/tools/fillHoles.js';
import { smoothBlock } from '../../../src/engine/tools/jointSmoothing.js';
import { computeMedian } from '../../../src/engine/tools/median.js';

const python = path.join(import.meta.dirname, '../../../.venv/bin/python');
const script = path.join(import.meta.dirname, 'reference.py');

/** Blobs of several densities in the middle of a volume, whose edges scipy and we take differently. */
function makeCase(
  seed: number,
  spacingMm: Vec3,
): VoxelBlock & { spacingMm: Vec3; radii: Vec3; deviationMm: number } {
  const dimensions: Vec3 = [26, 22, 18];
  const [di, dj] = dimensions;
  let state = seed;
  const draw = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const density = 0.2 + 0.5 * draw();
  const data = Uint8Array.from({ length: 26 * 22 * 18 }, (_, at) => {
    const [i, j, k] = [at % di, Math.floor(at / di) % dj, Math.floor(at / di / dj)];
    const isInside = i > 4 && i < 21 && j > 4 && j < 17 && k > 4 && k < 13;
    return isInside && draw() < density ? 1 : 0;
  });
  return { offset: [0, 0, 0], dimensions, data, spacingMm, radii: [2, 1, 1], deviationMm: 0.8 };
}

const cases = [
  makeCase(1, [1, 1, 1]),
  makeCase(2, [0.7, 0.7, 5]),
  makeCase(3, [0.977, 1.2, 2.5]),
  makeCase(4, [2, 1, 0.5]),
];

interface Reference {
  readonly distances: number[];
  readonly faces: number[];
  readonly corners: number[];
  readonly filled: number[];
  readonly filledSlices: number[];
  readonly median: number[];
  readonly smoothed: number[];
}

function askScipy(): Reference[] {
  const input = JSON.stringify(cases.map((one) => ({ ...one, data: [...one.data] })));
  const { status, stdout, stderr } = spawnSync(python, [script], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Reference[]; // the script's own form
}

/** The largest difference between two lists of numbers. */
const differ = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length
    ? Array.from(a, (value, at) => Math.abs(value - (b[at] ?? NaN))).reduce((x, y) =>
        Math.max(x, y),
      )
    : NaN;

describe.skipIf(!existsSync(python))(
  'The tools beside scipy (needs the Python environment)',
  () => {
    it('measure the same distances, find the same parts and holes, and smooth alike', () => {
      const references = askScipy();
      expect(references).toHaveLength(cases.length);
      for (const [index, block] of cases.entries()) {
        const reference = references[index];
        if (reference === undefined) continue;
        const volume = { dimensions: block.dimensions, spacingMm: block.spacingMm };
        const squared = computeSquaredDistances(block, block.spacingMm, 1);
        expect(differ(squared.map(Math.sqrt), reference.distances)).toBeLessThan(1e-3);
        for (const connectivity of ['faces', 'corners'] as const) {
          const parts = findComponents(block, 1, connectivity);
          const labels = reference[connectivity].map(
            (_, at) => (getComponentAt(parts, at) ?? -1) + 1,
          );
          expect(labels).toEqual(reference[connectivity]);
        }
        expect([...fillCavities(block).data]).toEqual(reference.filled);
        expect([...fillSliceHoles(block, 2).data]).toEqual(reference.filledSlices);
        expect([...computeMedian(block, block.dimensions, block.radii).data]).toEqual(
          reference.median,
        );
        const smoothed = smoothBlock(block, volume, block.deviationMm);
        // In the middle, where the Gaussian lies in the volume: at its edges we do not take the outside for empty.
        const isMiddle = (_: number, at: number) => [8, 9].includes(Math.floor(at / (26 * 22)));
        expect(differ(smoothed.filter(isMiddle), reference.smoothed.filter(isMiddle))).toBeLessThan(
          1e-3,
        );
      }
    });
  },
);
