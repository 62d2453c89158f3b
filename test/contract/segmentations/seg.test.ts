import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { SegmentationData } from '../../../src/domain/segmentation.js';
import { encodeBinarySeg } from '../../../src/engine/export/dicomSeg.js';
import { encodeLabelmapSeg } from '../../../src/engine/export/labelmapSeg.js';
import { paintLabels } from '../../../src/engine/export/labelSlices.js';
import { numberFromOne, toSegSegments } from '../../../src/engine/export/segSegments.js';
import { readSourceHeader } from '../../../src/engine/export/sourceHeader.js';
import type { VolumeSource } from '../../../src/engine/export/types.js';
import { parseDicomFile, readDicomSeg } from '../../../src/engine/import/dicomSeg.js';
import { nameImage } from '../../../src/engine/import/index.js';
import type { SeriesGrid } from '../../../src/engine/import/index.js';
import { openSource } from '../export/exportCase.js';
import { findDicomErrors, hasDciodvfy, python } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import { expectedPixels, judge } from './judges.js';
import type { JudgedSeg } from './judges.js';
import {
  gridOf,
  listVoxels,
  makeSegmentation,
  segments,
  seriesShapes,
} from './segmentationCase.js';

const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-segmentations-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

const software = { name: 'Ibis', version: '0.1.0' };

function headerInput(source: VolumeSource, data: SegmentationData) {
  return {
    source,
    header: readSourceHeader(source.images[0]?.file ?? ''),
    segments: toSegSegments(numberFromOne(data.segments), software),
    seriesDescription: data.segmentationLabel,
    software,
    contentCreatorName: 'Ibis^Agent',
    now: new Date(2026, 0, 2, 3, 4, 5),
  };
}

const kinds = {
  BINARY: (source: VolumeSource, data: SegmentationData) =>
    encodeBinarySeg(headerInput(source, data)),
  LABELMAP: (source: VolumeSource, data: SegmentationData) =>
    encodeLabelmapSeg(
      headerInput(source, data),
      paintLabels(data.segments, source.geometry.dimensions),
    ),
};

interface Made {
  readonly source: VolumeSource;
  readonly data: SegmentationData;
  readonly file: string;
}
const made = new Map<string, Made>();
const judged = new Map<string, JudgedSeg>();
const cases = seriesShapes.flatMap(({ name }) => [
  { name, kind: 'BINARY' as const },
  { name, kind: 'LABELMAP' as const },
]);
const get = ({ name, kind }: (typeof cases)[number]): Made => {
  const found = made.get(`${name} ${kind}`);
  if (found === undefined) throw new Error(`nothing was exported for ${name}`);
  return found;
};

beforeAll(async () => {
  for (const [n, { name, shape }] of seriesShapes.entries()) {
    const folder = path.join(workDir, `source-${String(n)}`);
    writeSource(folder, shape);
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    for (const kind of ['BINARY', 'LABELMAP'] as const) {
      const data = makeSegmentation(source, kind === 'BINARY');
      const file = path.join(workDir, `${String(n)}-${kind}.dcm`);
      writeFileSync(file, Buffer.concat(kinds[kind](source, data)));
      made.set(`${name} ${kind}`, { source, data, file });
    }
  }
  if (python === null) return;
  const found = judge<JudgedSeg>([...made.values()].map(({ file }) => file));
  [...made.keys()].forEach((key, n) => {
    const one = found[n];
    if (one !== undefined) judged.set(key, one);
  });
});

describe('a DICOM SEG of several segments', () => {
  it.each(cases)(
    'comes back voxel for voxel, with what its segments are: $kind of $name',
    async (one) => {
      const { source, data, file } = get(one);
      const { data: read, notes } = await readDicomSeg(
        parseDicomFile(readFileSync(file)),
        gridOf(source),
      );
      expect(listVoxels(read)).toEqual(listVoxels(data));
      expect(read.segments.map(({ segment }) => segment)).toEqual(
        data.segments.map(({ segment }) => segment),
      );
      expect(read.segmentationLabel).toBe(data.segmentationLabel);
      expect(notes).toEqual([]);
    },
  );

  it.skipIf(python === null).each(cases)(
    'is read by pydicom with the same voxels: $kind of $name',
    (one) => {
      const { source, data } = get(one);
      const seg = judged.get(`${one.name} ${one.kind}`);
      expect(seg?.kind).toBe(one.kind);
      expect(seg?.voxels).toEqual(expectedPixels(data, source));
      expect(seg?.segments[0]).toEqual({
        number: 1,
        label: segments.ring.segmentLabel,
        algorithm: 'AUTOMATIC',
        type: ['SCT', '64033007', 'Kidney'],
        modifiers: [['SCT', '7771000', 'Left']],
      });
      expect(seg?.segments[1]?.label).toBe('Läsion');
    },
  );

  it.skipIf(!hasDciodvfy).each(cases.filter(({ kind }) => kind === 'BINARY'))(
    'is found without error by dciodvfy: $kind of $name',
    (one) => {
      expect(findDicomErrors(get(one).file)).toEqual([]);
    },
  );

  it('has no frames of slices that hold nothing of a segment', () => {
    const { data, file } = get({ name: 'an axial series', kind: 'BINARY' });
    const drawn = data.segments.reduce((sum, { slices }) => sum + slices.size, 0);
    const { header } = parseDicomFile(readFileSync(file));
    expect(header.dataSet.intString('x00280008')).toBe(drawn);
    expect(drawn).toBeLessThan(data.segments.length * data.geometry.dimensions[2]);
  });

  it.each(cases)(
    'is laid by its geometry where the images have other names: $kind of $name',
    async (one) => {
      const { source, data, file } = get(one);
      const grid = gridOf(source);
      const images = grid.images.map((image, n) => ({
        ...image,
        sopInstanceUID: `2.25.${String(n)}`,
      }));
      const { data: read } = await readDicomSeg(parseDicomFile(readFileSync(file)), {
        ...grid,
        images,
      });
      expect(listVoxels(read)).toEqual(listVoxels(data));
    },
  );

  it('is refused, with the reason, on another phase, another place, or where its slices are missing', async () => {
    const { source, file } = get({ name: 'an oblique, anisotropic series', kind: 'BINARY' });
    const grid = gridOf(source);
    const named = (prefix: string) =>
      grid.images.map((image, n) => ({ ...image, sopInstanceUID: `${prefix}${String(n)}` }));
    const read = (series: SeriesGrid) => readDicomSeg(parseDicomFile(readFileSync(file)), series);
    await expect(
      read({
        ...grid,
        images: named('2.25.7'),
        imagesOfOtherPhases: new Set(grid.images.map(nameImage)),
      }),
    ).rejects.toThrow('another phase');
    const elsewhere = { ...grid, seriesInstanceUID: '1.2', frameOfReferenceUID: '1.2.3' };
    await expect(read({ ...elsewhere, images: named('2.25.8') })).rejects.toThrow(
      'another frame of reference',
    );
    const [columns, rows] = grid.geometry.dimensions;
    const short = { ...grid.geometry, dimensions: [columns, rows, 4] as const };
    await expect(
      read({ ...grid, geometry: short, images: grid.images.slice(0, 4) }),
    ).rejects.toThrow('outside the images of this series');
  });
});
