import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decode } from 'fast-png';
import { afterAll, describe, expect, it } from 'vitest';

import { IbisError } from '../../../src/contract/errors.js';
import { segmentationFormats } from '../../../src/contract/segmentationFormats.js';
import type { PackedMask } from '../../../src/domain/mask.js';
import { computeSlicePlane, imageToVoxel } from '../../../src/domain/plane.js';
import type { SegmentationData } from '../../../src/domain/segmentation.js';
import { layOut } from '../../../src/engine/export/overlayPicture.js';
import { exportSegmentation } from '../../../src/engine/export/exportSegmentation.js';
import type { SegmentationExportInput } from '../../../src/engine/export/exportSegmentation.js';
import type { VolumeSource } from '../../../src/engine/export/types.js';
import { loadSegmentation } from '../../../src/engine/import/index.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { openSource } from '../export/exportCase.js';
import { findDicomErrors, hasDciodvfy, python } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import type { SourceShape } from '../export/makeSource.js';
import { hasProgram } from './judges.js';
import {
  drawBlack,
  gridOf,
  listVoxels,
  makeSegmentation,
  segments,
  seriesShapes,
} from './segmentationCase.js';

const workDir = mkdtempSync(path.join(tmpdir(), 'ibis-export-all-'));
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});
const newFolder = (): string => mkdtempSync(path.join(workDir, 'out-'));

const shapeOf = (name: string): SourceShape =>
  seriesShapes.find((one) => one.name === name)?.shape ?? expect.fail();

async function openSeries(shape: SourceShape): Promise<VolumeSource> {
  const folder = path.join(newFolder(), 'series');
  writeSource(folder, shape);
  return openSource(folder, { axis: 'acquired' }, workDir);
}

function input(source: VolumeSource, data: SegmentationData): SegmentationExportInput {
  return {
    data,
    source,
    sourceName: 'series-3',
    measure: async (segmentNumber) => ({
      segmentNumber,
      voxelCount: 100 * segmentNumber,
      volumeMl: 0.1,
      longestAxisMm: 5,
      acrossAxesMm: [4, 3],
      values: null,
    }),
    drawSlice: () => Promise.resolve(drawBlack(source)),
    software: { name: 'Ibis', version: '0.1.0' },
    now: new Date(2026, 0, 2, 3, 4, 5),
  };
}

const toRgb = (colour: string): readonly number[] =>
  [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

const names = (files: readonly string[]): readonly string[] =>
  files.map((file) => path.basename(file)).sort();

describe('exporting a segmentation', () => {
  it('writes every format, and each that holds voxels is imported again as it was', async () => {
    const source = await openSeries(shapeOf('an oblique, anisotropic series'));
    const data = makeSegmentation(source);
    const outDir = newFolder();
    const { files, notes } = await exportSegmentation(
      input(source, data),
      segmentationFormats,
      outDir,
    );
    expect(notes).toEqual([]);
    expect(names(files)).toEqual([
      'coco.json',
      'rtstruct.dcm',
      'segmentation-labelmap.dcm',
      'segmentation.dcm',
      'segmentation.seg.nrrd',
      'series-3_desc-MadeForATest_dseg.json',
      'series-3_desc-MadeForATest_dseg.nii.gz',
      'series-3_desc-MadeForATest_dseg.tsv',
      ...Array.from({ length: 9 }, (_, n) => `slice-00${String(n + 1)}.png`),
      'statistics.csv',
      'surface-1-left-kidney-ring.stl',
      'surface-2-Läsion.stl',
      'surface-3-block.stl',
    ]);
    for (const name of [
      'segmentation.dcm',
      'segmentation-labelmap.dcm',
      'rtstruct.dcm',
      'series-3_desc-MadeForATest_dseg.nii.gz',
      'segmentation.seg.nrrd',
    ]) {
      const read = await loadSegmentation(path.join(outDir, name), gridOf(source));
      expect(listVoxels(read.data), name).toEqual(listVoxels(data));
      expect(
        read.data.segments.map(({ segment }) => segment),
        name,
      ).toEqual(data.segments.map(({ segment }) => segment));
    }
    const csv = readFileSync(path.join(outDir, 'statistics.csv'), 'utf8').split('\r\n');
    expect(csv[3]).toMatch(/^3,block,.*,300,100,0.1,/);
    expect(csv).toHaveLength(5);
  });

  it.each(['a series stored in reverse order', 'an oblique series with columns and rows flipped'])(
    'draws each segment in its colour where its voxels are: %s',
    async (name) => {
      const source = await openSeries({ ...shapeOf(name), slices: 5 });
      const data = makeSegmentation(source);
      const { files } = await exportSegmentation(input(source, data), ['png'], newFolder());
      const plane = computeSlicePlane(data.geometry, 'acquired');
      const { width, height, pixelAt } = layOut(drawBlack(source));
      const voxels = listVoxels(data);
      const pictures = files.map((file) => ({
        sliceIndex: Number(/slice-(\d+)/.exec(file)?.[1]) - 1,
        rgb: decode(readFileSync(file)).data,
      }));
      for (const { segment } of data.segments) {
        const own = new Set(voxels[segment.segmentNumber]);
        const found = new Set<string>();
        const [red, green, blue] = toRgb(segment.colour);
        for (const { sliceIndex, rgb } of pictures)
          for (let at = 0; at < width * height; at++) {
            const isOwn =
              rgb[3 * at] === red && rgb[3 * at + 1] === green && rgb[3 * at + 2] === blue;
            if (!isOwn) continue;
            const pixel = pixelAt(at % width, Math.floor(at / width));
            const point = { column: pixel % plane.width, row: Math.floor(pixel / plane.width) };
            const { i, j, k } = imageToVoxel(plane, sliceIndex, point);
            found.add([i, j, k].join());
          }
        expect(found.size).toBeGreaterThan(0.5 * own.size); // outlines show; what is deep inside is only tinted
        expect([...found].filter((voxel) => !own.has(voxel))).toEqual([]);
      }
    },
  );

  it('never overwrites an earlier one: the next lies in a folder beside it', async () => {
    const source = await openSeries(shapeOf('an axial series'));
    const data = makeSegmentation(source);
    const outDir = newFolder();
    const first = await exportSegmentation(input(source, data), ['seg', 'csv'], outDir);
    const before = first.files.map((file) => readFileSync(file));
    const second = await exportSegmentation(input(source, data), ['seg'], outDir);
    const third = await exportSegmentation(input(source, data), ['csv'], outDir);
    expect(first.folder).toBe(outDir);
    expect(second.folder).toBe(path.join(outDir, 'ibis-2'));
    expect(third.folder).toBe(path.join(outDir, 'ibis-3'));
    expect(first.files.map((file) => readFileSync(file))).toEqual(before);
  });

  it('says why a format is left out where segments overlap, and writes the others', async () => {
    const source = await openSeries(shapeOf('an axial series'));
    const data = makeSegmentation(source, true);
    const { files, notes } = await exportSegmentation(
      input(source, data),
      ['seg', 'labelmap-seg', 'nifti', 'seg-nrrd'],
      newFolder(),
    );
    expect(names(files)).toEqual(['segmentation.dcm', 'segmentation.seg.nrrd']);
    expect(notes).toHaveLength(2);
    for (const note of notes)
      expect(note).toContain('"left kidney, "ring"" and "Läsion" overlap, and a labelmap');
  });

  it('of images that are not DICOM writes what needs none, on their own grid', async () => {
    const file = path.join(newFolder(), 'sub-01_T1w.nii');
    const sform = [-0.8, 0.1, 0, 90, 0.1, 0.8, 0, -126, 0, 0, 1.2, -72];
    writeFileSync(file, makeNifti({ dimensions: [20, 18, 9], sform, spacing: [0.81, 0.81, 1.2] }));
    const source = await openSource(file, { axis: 'acquired' }, workDir);
    const data = makeSegmentation(source);
    const outDir = newFolder();
    const { files, notes } = await exportSegmentation(
      { ...input(source, data), sourceName: 'sub-01_T1w.nii' },
      ['seg', 'rtstruct', 'nifti', 'seg-nrrd'],
      outDir,
    );
    expect(notes).toEqual([
      'The images are not DICOM: no DICOM SEG was written.',
      'The images are not DICOM: no RTSTRUCT was written.',
    ]);
    for (const name of names(files).filter((one) => /nii|nrrd/.test(one))) {
      const read = await loadSegmentation(path.join(outDir, name), gridOf(source));
      expect(listVoxels(read.data), name).toEqual(listVoxels(data));
    }
    expect(readdirSync(outDir)).toContain('sub-01_desc-MadeForATest_dseg.nii.gz');
  });

  it('of images without a position refers to them one by one, and draws no contours', async () => {
    const source = await openSeries({ ...shapeOf('an axial series'), withoutPlane: true });
    const data = makeSegmentation(source);
    const outDir = newFolder();
    const { files, notes } = await exportSegmentation(
      input(source, data),
      ['seg', 'rtstruct', 'nifti', 'seg-nrrd'],
      outDir,
    );
    expect(notes).toEqual([
      'The images do not say where they lie in the patient: no RTSTRUCT was written.',
      'The images do not say how they lie in the patient: left and right in the file are those of the image.',
    ]);
    for (const file of files.filter((one) => /dcm|nii|nrrd/.test(one))) {
      const read = await loadSegmentation(file, gridOf(source));
      expect(listVoxels(read.data), file).toEqual(listVoxels(data));
    }
    if (hasDciodvfy) expect(findDicomErrors(files[0] ?? '')).toEqual([]);
  });

  it('says what is empty, and that numbers were closed up', async () => {
    const source = await openSeries(shapeOf('an axial series'));
    const data = makeSegmentation(source);
    const none = new Map<number, PackedMask>();
    const empty = { ...data, segments: [{ segment: segments.ring, slices: none }] };
    const all = await exportSegmentation(input(source, empty), segmentationFormats, newFolder());
    expect(all.notes).toEqual([
      'The segments are empty: no DICOM SEG was written.',
      'The segments are empty: no RTSTRUCT was written.',
      'The segments are empty: the NIfTI file holds zeros only.',
      '"left kidney, "ring"" is empty: no surface was written.',
      'The segments are empty: no picture was written.',
    ]);
    const gap = { ...data, segments: data.segments.slice(1) };
    const gapped = await exportSegmentation(
      input(source, gap),
      ['seg', 'labelmap-seg'],
      newFolder(),
    );
    expect(gapped.notes[0]).toContain('without gaps');
    const [seg = '', labelmap = ''] = gapped.files;
    const numbersOf = async (file: string): Promise<readonly number[]> =>
      (await loadSegmentation(file, gridOf(source))).data.segments.map(
        ({ segment }) => segment.segmentNumber,
      );
    expect(await numbersOf(seg)).toEqual([1, 2]);
    expect(await numbersOf(labelmap)).toEqual([2, 3]);
  });
});

describe('damaged files', () => {
  it('are refused with a code, or read as what they now say: nothing else comes of them', async () => {
    const source = await openSeries(shapeOf('an axial series'));
    const { files } = await exportSegmentation(
      input(source, makeSegmentation(source)),
      ['seg', 'labelmap-seg', 'rtstruct', 'nifti', 'seg-nrrd'],
      newFolder(),
    );
    const holders = files.filter((one) => /\.(?:dcm|nii\.gz|nrrd)$/.test(one));
    expect(holders).toHaveLength(5);
    const folder = newFolder();
    let state = 1;
    const random = (below: number): number => {
      state = Math.imul(state, 1664525) + 1013904223;
      return (state >>> 8) % below;
    };
    let refused = 0;
    for (const file of holders)
      for (let n = 0; n < 40; n++) {
        const whole = readFileSync(file);
        const bytes = n % 4 === 0 ? whole.subarray(0, random(whole.length)) : Buffer.from(whole);
        // Headers lie at the front: most of the damage there.
        for (let hit = 0; hit < 8 && bytes.length > 0; hit++)
          bytes[random(Math.min(bytes.length, hit < 6 ? 4000 : Infinity))] = random(256);
        const place = path.join(folder, `damaged-${path.basename(file)}`);
        writeFileSync(place, bytes);
        try {
          const { data } = await loadSegmentation(place, gridOf(source));
          expect(data.geometry).toEqual(source.geometry);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(IbisError);
          expect((thrown as IbisError).code).not.toBe('failed');
          refused++;
        }
      }
    expect(refused).toBeGreaterThan(50);
  });
});

describe('slices that are not equally spaced', () => {
  it('keep their voxels through DICOM SEG and RTSTRUCT, which name each image’s own place', async () => {
    const shape = shapeOf('an oblique, anisotropic series');
    const folder = path.join(newFolder(), 'series');
    writeSource(folder, shape);
    // Without its fourth image: a gap that the regular grid spreads over all slices.
    rmSync(path.join(folder, '003.dcm'));
    const source = await openSource(folder, { axis: 'acquired' }, workDir);
    const data = makeSegmentation(source);
    const { files } = await exportSegmentation(
      input(source, data),
      ['seg', 'labelmap-seg', 'rtstruct'],
      newFolder(),
    );
    for (const file of files) {
      const read = await loadSegmentation(file, gridOf(source));
      expect(listVoxels(read.data), path.basename(file)).toEqual(listVoxels(data));
    }
  });
});

describe.skipIf(python === null)('a FRACTIONAL segmentation', () => {
  it('is read at half of its largest value, also out of a compressed file', async () => {
    const source = await openSeries(shapeOf('an axial series'));
    const data = makeSegmentation(source);
    const outDir = newFolder();
    const { files } = await exportSegmentation(input(source, data), ['seg'], outDir);
    const made = ['plain.dcm', 'rle.dcm'].map((name) => path.join(outDir, name));
    const script = path.join(import.meta.dirname, 'makeFractional.py');
    execFileSync(python ?? '', [script, files[0] ?? '', ...made], { stdio: 'inherit' });
    for (const file of made) {
      const read = await loadSegmentation(file, gridOf(source));
      expect(listVoxels(read.data), path.basename(file)).toEqual(listVoxels(data));
    }
  });
});

describe.skipIf(python === null)('COCO annotations', () => {
  it('unpack to the same pixels of each slice, by its instance', async () => {
    const source = await openSeries(shapeOf('a series stored in reverse order'));
    const data = makeSegmentation(source, true);
    const { files } = await exportSegmentation(input(source, data), ['coco'], newFolder());
    const script = path.join(import.meta.dirname, 'readCoco.py');
    const { voxels, names: images } = JSON.parse(
      execFileSync(python ?? '', [script, files[0] ?? ''], { encoding: 'utf8' }),
    ) as { voxels: Record<string, Record<string, number[]>>; names: string[] };
    expect(images).toEqual(source.images.map(({ info }) => info.sopInstanceUID));
    const [columns] = source.geometry.dimensions;
    for (const [number, list] of Object.entries(listVoxels(data))) {
      const expected: Record<string, number[]> = {};
      for (const voxel of list) {
        const [i = 0, j = 0, k = 0] = voxel.split(',').map(Number);
        (expected[String(k + 1)] ??= []).push(j * columns + i);
      }
      expect(voxels[number]).toEqual(expected);
    }
  });
});

describe.skipIf(!hasProgram('dcmdump') || !hasProgram('gdcminfo'))('DICOM exports', () => {
  it.each(['an oblique, anisotropic series', 'a multi-frame file with shuffled frames'])(
    'are parsed by dcmtk and GDCM without a complaint: %s',
    async (name) => {
      const source = await openSeries(shapeOf(name));
      const data = makeSegmentation(source);
      const { files } = await exportSegmentation(
        input(source, data),
        ['seg', 'labelmap-seg', 'rtstruct'],
        newFolder(),
      );
      expect(files).toHaveLength(3);
      for (const file of files) {
        const dump = spawnSync('dcmdump', [file], { encoding: 'utf8' });
        expect([dump.status, dump.stderr]).toEqual([0, '']);
        if (file.endsWith('segmentation.dcm'))
          expect(execFileSync('gdcminfo', [file], { encoding: 'utf8' })).toContain('SINGLEBIT');
      }
    },
  );
});

describe.skipIf(!hasProgram('admesh'))('STL surfaces', () => {
  it.each([
    'an axial series',
    'a series with a tilted gantry',
    'a sagittal series stored with columns down',
  ])('are found closed and right side out by admesh: %s', async (name) => {
    const source = await openSeries(shapeOf(name));
    const data = makeSegmentation(source);
    const { files } = await exportSegmentation(input(source, data), ['stl'], newFolder());
    for (const file of files) {
      const report = execFileSync('admesh', [file], { encoding: 'utf8' });
      const count = (what: string): number =>
        Number(new RegExp(`${what}\\s*:\\s*(-?[\\d.]+)`).exec(report)?.[1]);
      expect(count('Total disconnected facets'), report).toBe(0);
      expect(count('Facets reversed')).toBe(0);
      expect(count('Facets removed')).toBe(0);
      expect(count('Volume')).toBeGreaterThan(0);
    }
  });
});
