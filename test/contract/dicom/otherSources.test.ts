import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { encode as encodePng } from 'fast-png';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';

import { openPaths } from '../../../src/engine/dicom/index.js';
import { viewAs } from '../../../src/domain/pixels.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { dicomElement, encodePart10, type DicomElement } from '../../fixtures/makeSeries.js';
import { openCase, sliceFile } from './openCase.js';

describe('archives, directories and other formats', () => {
  const its = openCase();
  const { put, openOne, load, shownBytes } = its;

  it('opens the members of a zip, and names their unpacked files for export', async () => {
    const zip = zipSync({
      'study/b.dcm': sliceFile({ sliceIndex: 1 }),
      'study/a.dcm': sliceFile({ sliceIndex: 0 }),
      'readme.txt': new TextEncoder().encode('hello'),
      '__MACOSX/study/._a.dcm': new TextEncoder().encode('strewn in by a Mac'), // not even told of
      '../../evil.dcm': sliceFile({ sliceIndex: 2 }),
    });
    const { studies, refused } = await openPaths([put('all.zip', zip)], { library: its.library });
    expect(studies[0]?.series[0]?.imageCount).toBe(3);
    expect(refused).toMatchObject([{ fileName: 'readme.txt', code: 'not-dicom' }]);
    const seriesId = studies[0]?.series[0]?.seriesId ?? ('' as never);
    for (const { file } of its.library.getInstances(seriesId, 0)) {
      expect(file.startsWith(path.join(its.dir, 'cache'))).toBe(true);
      expect(readFileSync(file).subarray(128, 132).toString()).toBe('DICM');
    }
  });

  it('opens the files that a DICOMDIR names, tells of missing ones and leaves its own folder never', async () => {
    put('DICOM/IM1', sliceFile({ sliceIndex: 0 }));
    writeFileSync(path.join(its.dir, 'outside.dcm'), sliceFile({ sliceIndex: 1 }));
    const record = (id: string): readonly DicomElement[] => [dicomElement(0x00041500, 'CS', id)];
    const elements = [
      dicomElement(0x00080016, 'UI', '1.2.840.10008.1.3.10'),
      dicomElement(0x00041220, 'SQ', [
        record('DICOM\\IM1'),
        record('DICOM\\IM2'),
        record('..\\outside.dcm'),
      ]),
    ];
    const { studies, refused } = await openPaths([put('DICOMDIR', encodePart10(elements))], {
      library: its.library,
    });
    expect(studies[0]?.series[0]?.imageCount).toBe(1);
    expect(refused.map((entry) => [entry.fileName, entry.code])).toEqual([
      ['IM2', 'not-found'],
      ['outside.dcm', 'not-found'],
    ]);
  });

  it('opens NIfTI in LPS, with its time points as phases, compressed or not', async () => {
    const voxels = Int16Array.from({ length: 4 * 3 * 5 * 2 }, (_, n) => n);
    const bytes = makeNifti({
      dimensions: [4, 3, 5, 2],
      sform: [2, 0, 0, 10, 0, 2, 0, 20, 0, 0, 3, 30],
      slope: 0.5,
      intercept: 1,
      voxels: new Uint8Array(voxels.buffer),
    });
    const series = await openOne(put('a.nii.gz', gzipSync(bytes)));
    expect(series).toMatchObject({ sourceKind: 'nifti', phaseCount: 2, imageCount: 10 });
    const volume = await load(series, 1);
    expect(volume.geometry.origin).toEqual([-10, -20, 30]);
    expect(volume.geometry.direction[0]).toEqual([-1, 0, 0]);
    expect([...volume.data.slice(0, 3)]).toEqual([31, 31.5, 32]);
    expect([...viewAs('int16', await shownBytes(series, 4))].slice(0, 2)).toEqual([48, 49]);
  });

  it('swaps big-endian NIfTI', async () => {
    const view = new DataView(new ArrayBuffer(4 * 3 * 5 * 2));
    for (let n = 0; n < 60; n++) view.setInt16(n * 2, -n * 3);
    const voxels = new Uint8Array(view.buffer);
    const series = await openOne(put('a.nii', makeNifti({ bigEndian: true, voxels })));
    expect([...(await load(series)).data.slice(0, 4)]).toEqual([0, -3, -6, -9].map((v) => v || 0));
  });

  it('opens PNG: 16-bit gray as stored, colour without its alpha, orientation unknown', async () => {
    const gray = encodePng({
      width: 3,
      height: 1,
      data: Uint16Array.from([0, 300, 65_535]),
      channels: 1,
      depth: 16,
    });
    const rgba = encodePng({
      width: 2,
      height: 1,
      data: Uint8Array.from([1, 2, 3, 255, 4, 5, 6, 0]),
      channels: 4,
      depth: 8,
    });
    const first = await openOne(put('one/gray.png', gray));
    expect([...(await load(first)).data]).toEqual([0, 300, 65_535]);
    expect(first.volumes[0]?.geometry?.orientationKnown).toBe(false);
    const second = await openOne(put('two/colour.png', rgba));
    expect([...(await load(second)).data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('refuses a zip without its end, since images would be missing from it, and one without files', async () => {
    const whole = zipSync({
      'a.dcm': sliceFile({ sliceIndex: 0 }),
      'b.dcm': sliceFile({ sliceIndex: 1 }),
    });
    const short = put('short.zip', whole.subarray(0, whole.length - 200));
    const empty = put('empty.zip', zipSync({}));
    const { studies, refused } = await openPaths([short, empty], { library: its.library });
    expect(studies).toEqual([]);
    expect(refused).toEqual([
      {
        fileName: 'short.zip',
        code: 'broken-file',
        reason: 'The zip archive is cut short or damaged. Copy it again from its source.',
      },
      { fileName: 'empty.zip', code: 'no-pixels', reason: 'The zip archive holds no files.' },
    ]);
  });
});
