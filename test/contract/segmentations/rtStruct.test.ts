import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { add, scale } from '../../../src/domain/geometry.js';
import type { SegmentationData } from '../../../src/domain/segmentation.js';
import { encodeRtStruct } from '../../../src/engine/export/rtStruct.js';
import { readSourceHeader } from '../../../src/engine/export/sourceHeader.js';
import type { VolumeSource } from '../../../src/engine/export/types.js';
import { parseDicomFile } from '../../../src/engine/import/dicomSeg.js';
import { readNiftiLabels } from '../../../src/engine/import/niftiLabels.js';
import { readRtStruct } from '../../../src/engine/import/rtStruct.js';
import { nameImage } from '../../../src/engine/import/types.js';
import type { SeriesGrid } from '../../../src/engine/import/types.js';
import { axialGrid } from '../../fixtures/axialGrid.js';
import { openSource } from '../export/exportCase.js';
import { findDicomErrors, hasDciodvfy, python } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import { hasProgram } from './judges.js';
import { gridOf, listVoxels, makeSegmentation, seriesShapes } from './segmentationCase.js';

const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-rtstruct-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

interface Made {
  readonly folder: string;
  readonly source: VolumeSource;
  readonly data: SegmentationData;
  readonly file: string;
}
const made = new Map<string, Made>();
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
    const data = makeSegmentation(source, true);
    const file = path.join(workDir, `${String(n)}.dcm`);
    const bytes = encodeRtStruct({
      source,
      data,
      header: readSourceHeader(source.images[0]?.file ?? ''),
      software: { name: 'Ibis', version: '0.1.0' },
      now: new Date(2026, 0, 2, 3, 4, 5),
    });
    writeFileSync(file, bytes);
    made.set(name, { folder, source, data, file });
  }
});

describe('an RTSTRUCT', () => {
  it.each(seriesShapes)(
    'comes back voxel for voxel, with what its regions are: $name',
    ({ name }) => {
      const { source, data, file } = get(name);
      const { header } = parseDicomFile(readFileSync(file));
      const { data: read, notes } = readRtStruct(header.dataSet, gridOf(source));
      expect(listVoxels(read)).toEqual(listVoxels(data));
      expect(read.segments.map(({ segment }) => segment)).toEqual(
        data.segments.map(({ segment }) => segment),
      );
      expect(read.segmentationLabel).toBe(data.segmentationLabel);
      expect(notes).toEqual([]);
    },
  );

  it('is refused, with the reason, on another phase, another place, and between its slices', () => {
    const { source, file } = get('an oblique, anisotropic series');
    const grid = gridOf(source);
    const { header } = parseDicomFile(readFileSync(file));
    const read = (series: Partial<SeriesGrid>) => () =>
      readRtStruct(header.dataSet, { ...grid, ...series });
    expect(read({ imagesOfOtherPhases: new Set(grid.images.map(nameImage)) })).toThrow(
      'another phase',
    );
    expect(read({ seriesInstanceUID: '1.2', frameOfReferenceUID: '1.3' })).toThrow(
      'another frame of reference',
    );
    const { geometry } = grid;
    const shift = (mm: number): Partial<SeriesGrid> => ({
      geometry: { ...geometry, origin: add(geometry.origin, scale(geometry.direction[2], mm)) },
      images: [],
    });
    expect(read(shift(-2))).toThrow('between the slices');
    expect(read(shift(4.4 * 3))).toThrow('outside the images');
    expect(read({ geometry: axialGrid([23, 17, 9]), images: [] })).toThrow('orientation');
  });

  it.skipIf(!hasDciodvfy).each(seriesShapes)(
    'is found without error by dciodvfy: $name',
    ({ name }) => {
      expect(findDicomErrors(get(name).file)).toEqual([]);
    },
  );

  it.skipIf(python === null).each(seriesShapes)(
    'has contours that skimage fills with the same pixels, as pydicom reads them: $name',
    ({ name }) => {
      const { folder, data, file } = get(name);
      const script = path.join(import.meta.dirname, 'fillContours.py');
      const found = JSON.parse(
        execFileSync(python ?? '', [script, file, folder], {
          encoding: 'utf8',
          maxBuffer: 1 << 26,
        }),
      ) as Record<string, Record<string, number[]>>;
      const { source } = get(name);
      const [columns] = source.geometry.dimensions;
      for (const [number, voxels] of Object.entries(listVoxels(data))) {
        const expected: Record<string, number[]> = {};
        for (const voxel of voxels) {
          const [i = 0, j = 0, k = 0] = voxel.split(',').map(Number);
          const info = source.images[k]?.info;
          (expected[`${info?.sopInstanceUID ?? ''}#${String(info?.frameNumber)}`] ??= []).push(
            j * columns + i,
          );
        }
        expect(found[number]).toEqual(expected);
      }
    },
  );

  // It knows neither oblique nor tilted slices.
  it.skipIf(!hasProgram('plastimatch'))(
    'is rasterised by plastimatch to the same voxels: an axial series',
    async () => {
      const { folder, source, data, file } = get('an axial series');
      const outDir = path.join(workDir, 'plastimatch');
      mkdirSync(outDir);
      execFileSync(
        'plastimatch',
        [
          ...['convert', '--input', file, '--referenced-ct', folder],
          ...['--output-prefix', outDir, '--prefix-format', 'nii.gz'],
        ],
        { stdio: 'ignore' },
      );
      for (const { segment, slices } of data.segments) {
        const filled = await readNiftiLabels(
          gunzipSync(readFileSync(path.join(outDir, `${segment.segmentLabel}.nii.gz`))),
          { label: '', table: null },
          gridOf(source),
        );
        const alone = {
          ...data,
          segments: [{ segment: { ...segment, segmentNumber: 1 }, slices }],
        };
        expect(listVoxels(filled.data)).toEqual(listVoxels(alone));
      }
    },
  );
});
