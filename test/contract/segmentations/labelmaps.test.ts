import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SegmentationData } from '../../../src/domain/segmentation.js';
import { describeLabelTable } from '../../../src/engine/export/bids.js';
import { paintLabels } from '../../../src/engine/export/labelSlices.js';
import { computeRasAffine, encodeNiftiLabels } from '../../../src/engine/export/nifti.js';
import type { VolumeSource } from '../../../src/engine/export/types.js';
import { encodeSegNrrd } from '../../../src/engine/export/segNrrd.js';
import { readNiftiLabels } from '../../../src/engine/import/niftiLabels.js';
import { readSegNrrd } from '../../../src/engine/import/segNrrd.js';
import { openSource } from '../export/exportCase.js';
import { python } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import { hasProgram, judge } from './judges.js';
import type { JudgedLabels } from './judges.js';
import { gridOf, listVoxels, makeSegmentation, seriesShapes } from './segmentationCase.js';

const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-labelmaps-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

interface Made {
  readonly source: VolumeSource;
  readonly data: SegmentationData;
  readonly nifti: string;
  /** Of segments that overlap, and of such that do not. */
  readonly layered: { readonly data: SegmentationData; readonly file: string };
  readonly flat: { readonly data: SegmentationData; readonly file: string };
}
const made = new Map<string, Made>();
const judged = new Map<string, JudgedLabels>();
const get = (name: string): Made => {
  const found = made.get(name);
  if (found === undefined) throw new Error(`nothing was exported for ${name}`);
  return found;
};

beforeAll(async () => {
  for (const [n, { name, shape }] of seriesShapes.entries()) {
    const folder = path.join(workDir, `source-${String(n)}`);
    writeSource(folder, shape);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const data = makeSegmentation(source);
    const nifti = path.join(workDir, `${String(n)}.nii.gz`);
    const labels = paintLabels(data.segments, source.geometry.dimensions);
    writeFileSync(nifti, await encodeNiftiLabels(source.geometry, labels, 3));
    const [flat, layered] = [false, true].map((overlapping) => ({
      data: makeSegmentation(source, overlapping),
      file: path.join(workDir, `${String(n)}-${overlapping ? 'layered' : 'flat'}.seg.nrrd`),
    }));
    if (flat === undefined || layered === undefined) throw new Error('two were made');
    for (const one of [flat, layered]) writeFileSync(one.file, await encodeSegNrrd(one.data));
    made.set(name, { source, data, nifti, flat, layered });
  }
  if (python === null) return;
  const found = judge<JudgedLabels>([...made.values()].map(({ nifti }) => nifti));
  [...made.keys()].forEach((key, n) => {
    const one = found[n];
    if (one !== undefined) judged.set(key, one);
  });
});

describe('a NIfTI labelmap', () => {
  it.each(seriesShapes)(
    'comes back voxel for voxel, with its label table: $name',
    async ({ name }) => {
      const { source, data, nifti } = get(name);
      const table = describeLabelTable(data.segments.map(({ segment }) => segment));
      const { data: read } = await readNiftiLabels(
        gunzipSync(readFileSync(nifti)),
        { label: 'made', table },
        gridOf(source),
      );
      expect(listVoxels(read)).toEqual(listVoxels(data));
      expect(read.segments.map(({ segment }) => segment)).toEqual(
        data.segments.map(({ segment }) => segment),
      );
    },
  );

  it.skipIf(python === null).each(seriesShapes)(
    'is read by nibabel with the same voxels in the same place: $name',
    ({ name }) => {
      const { source, data } = get(name);
      const nifti = judged.get(name);
      expect(nifti?.intent).toBe('label');
      expect(nifti?.type).toBe('uint8');
      const expected = listVoxels(data);
      for (const [label, voxels] of Object.entries(nifti?.voxels ?? {}))
        expect(voxels.map(String).sort()).toEqual(expected[Number(label)]?.toSorted());
      expect(Object.keys(nifti?.voxels ?? {})).toEqual(Object.keys(expected));
      nifti?.affine
        .slice(0, 3)
        .flat()
        .forEach((value, n) => {
          expect(value).toBeCloseTo(computeRasAffine(source.geometry).flat()[n] ?? NaN, 3);
        });
    },
  );
});

const kinds = ['flat', 'layered'] as const;
const nrrdCases = seriesShapes.flatMap(({ name }) => kinds.map((kind) => ({ name, kind })));
const hasTeem = hasProgram('teem-unu');

describe('a .seg.nrrd', () => {
  it.each(nrrdCases)(
    'comes back voxel for voxel, with its segments: $kind, $name',
    async ({ name, kind }) => {
      const { source, [kind]: one } = get(name);
      const read = await readSegNrrd(readFileSync(one.file), { label: 'made' }, gridOf(source));
      expect(listVoxels(read.data)).toEqual(listVoxels(one.data));
      expect(read.data.segments.map(({ segment }) => segment)).toEqual(
        one.data.segments.map(({ segment }) => segment),
      );
    },
  );

  it.skipIf(!hasTeem).each(nrrdCases)(
    'is read by teem, whose format it is, with the same voxels and grid: $kind, $name',
    ({ name, kind }) => {
      const { source, [kind]: one } = get(name);
      const head = execFileSync('teem-unu', ['head', one.file], { encoding: 'utf8' });
      const layers = kind === 'layered' ? 2 : 1;
      const { dimensions, origin, direction, spacingMm } = source.geometry;
      expect(head).toContain(
        `sizes: ${[...(layers > 1 ? [layers] : []), ...dimensions].join(' ')}\n`,
      );
      expect(head).toContain('space: left-posterior-superior\n');
      const numbers = (field: string): number[] =>
        (
          new RegExp(`^${field}: (.*)$`, 'm').exec(head)?.[1]?.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []
        ).map(Number);
      numbers('space origin').forEach((value, n) => {
        expect(value).toBeCloseTo(origin[n] ?? NaN, 6);
      });
      expect(numbers('space directions')).toHaveLength(9);
      numbers('space directions').forEach((value, n) => {
        const axis = Math.floor(n / 3) as 0 | 1 | 2;
        expect(value).toBeCloseTo((direction[axis][n % 3] ?? NaN) * spacingMm[axis], 6);
      });
      const raw = execFileSync('teem-unu', ['save', '-f', 'nrrd', '-e', 'raw', '-i', one.file], {
        maxBuffer: 1 << 26,
      });
      const voxels = raw.subarray(raw.indexOf('\n\n') + 2);
      const found: Record<string, string[]> = { 1: [], 2: [], 3: [] };
      voxels.forEach((label, at) => {
        const voxel = Math.floor(at / layers);
        const [i, j] = [voxel % dimensions[0], Math.floor(voxel / dimensions[0]) % dimensions[1]];
        const k = Math.floor(voxel / dimensions[0] / dimensions[1]);
        if (label !== 0) found[label]?.push([i, j, k].join());
      });
      expect(found).toEqual(listVoxels(one.data));
    },
  );
});
