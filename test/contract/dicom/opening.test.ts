import { readFileSync } from 'node:fs';
import path from 'node:path';

import { encode as encodePng } from 'fast-png';
import { describe, expect, it } from 'vitest';

import { voxelToWorld } from '../../../src/domain/geometry.js';
import { createLibrary, openPaths } from '../../../src/engine/dicom/index.js';
import { viewAs } from '../../../src/domain/pixels.js';
import { dicomElement, writeCtFolder } from '../../fixtures/makeSeries.js';
import { gray8, openCase, pixelsOf, sliceFile } from './openCase.js';

describe('opening files of our own making', () => {
  const its = openCase();
  const { put, openOne, load, shownBytes } = its;

  it('lists a folder of CT slices as one study and one series, with patient, date and number', async () => {
    writeCtFolder(path.join(its.dir, 'in', 'deep', 'er'), { rows: 16, columns: 16, slices: 5 });
    const { studies } = await openPaths([path.join(its.dir, 'in')], { library: its.library });
    expect(studies[0]).toMatchObject({
      patientName: 'Phantom^Paula',
      patientId: 'PH-1',
      studyDate: '20260102',
      modalities: ['CT'],
    });
    expect(studies[0]?.series[0]).toMatchObject({
      modality: 'CT',
      description: 'Phantom axial',
      imageCount: 5,
      phaseCount: 1,
    });
    expect(its.library.listStudies()).toEqual(studies);
  });

  it('loads CT as Int16 in HU, the very pixels that the viewer gets', async () => {
    for (const sliceIndex of [2, 0, 1])
      put(
        `${String(9 - sliceIndex)}.dcm`,
        sliceFile({ sliceIndex, instanceNumber: 50 - sliceIndex }),
      );
    const series = await openOne();
    const volume = await load(series);
    expect(volume.data).toBeInstanceOf(Int16Array);
    expect(volume.geometry.dimensions).toEqual([10, 8, 3]);
    for (const k of [0, 1, 2]) {
      const stored = viewAs('uint16', await shownBytes(series, k));
      expect([...stored].map((value) => value - 1024)).toEqual([
        ...volume.data.slice(k * 80, k * 80 + 80),
      ]);
    }
    expect(volume.window).toEqual({ centre: 40, width: 400 });
    const one = await its.library.loadSlice(series.seriesId, 0, 1);
    expect(one.ok && one.value.data).toEqual(volume.data.slice(80, 160));
    expect(one.ok && voxelToWorld(one.value.geometry, { i: 3, j: 2, k: 0 })).toEqual(
      voxelToWorld(volume.geometry, { i: 3, j: 2, k: 1 }),
    );
  });

  it('streams untouched pixels from the original file and copies nothing', async () => {
    const file = put('a.dcm', sliceFile({ sliceIndex: 0 }));
    const series = await openOne();
    const [info] = series.volumes[0]?.images ?? [];
    const resolved = await its.library.resolveFrame(info?.imageId ?? ('' as never));
    expect(resolved.file).toBe(file);
    expect(resolved.length).toBe(160);
  });

  it('keeps an oblique, anisotropic series where it lies in the patient', async () => {
    const c = Math.cos(0.3);
    const s = Math.sin(0.3);
    for (const sliceIndex of [0, 1, 2, 3])
      put(
        `${String(sliceIndex)}.dcm`,
        sliceFile({
          sliceIndex,
          columnDirection: [c, s, 0],
          rowDirection: [-s * 0.8, c * 0.8, 0.6],
          spacingMm: [0.5, 0.9, 3],
          origin: [5, 6, 7],
        }),
      );
    const { geometry } = await load(await openOne());
    const { x, y, z } = voxelToWorld(geometry, { i: 4, j: 2, k: 3 });
    const normal = [s * 0.6, -c * 0.6, 0.8];
    const expected = [
      5 + 2 * c + 1.8 * -s * 0.8 + 9 * (normal[0] ?? 0),
      6 + 2 * s + 1.8 * c * 0.8 + 9 * (normal[1] ?? 0),
      7 + 1.8 * 0.6 + 9 * (normal[2] ?? 0),
    ];
    for (const [n, value] of [x, y, z].entries()) expect(value).toBeCloseTo(expected[n] ?? 99, 6);
  });

  it('gives the same ids when the same files are opened again', async () => {
    writeCtFolder(path.join(its.dir, 'in'), { rows: 4, columns: 4, slices: 2 });
    put('x.png', encodePng({ width: 1, height: 1, data: Uint8Array.of(7), channels: 1, depth: 8 }));
    const first = await openPaths([path.join(its.dir, 'in')], { library: its.library });
    const other = createLibrary({ cacheDir: path.join(its.dir, 'cache') });
    const second = await openPaths([path.join(its.dir, 'in')], { library: other });
    await other.close();
    expect(second.studies).toEqual(first.studies);
  });

  it('adds slices of a series that is open already, and forgets a closed study', async () => {
    await openOne(put('a.dcm', sliceFile({ sliceIndex: 0 })));
    const series = await openOne(put('b.dcm', sliceFile({ sliceIndex: 1 })));
    expect(series.imageCount).toBe(2);
    expect(series.volumes[0]?.warnings).toEqual([]);
    its.library.closeStudy(series.studyId);
    expect(its.library.listStudies()).toEqual([]);
    const [info] = series.volumes[0]?.images ?? [];
    await expect(its.library.resolveFrame(info?.imageId ?? ('' as never))).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('shows the new pixels when a file was changed and opened again', async () => {
    // A modality LUT, so that the pixels go through the decoder and its cache.
    const change = async (value: number): Promise<readonly number[]> => {
      const extra = pixelsOf([value, value, value, value], [...gray8, inverted]);
      const series = await openOne(put('a.dcm', sliceFile({ sliceIndex: 0, extra })));
      return [...(await shownBytes(series))];
    };
    const inverted = dicomElement(0x00283000, 'SQ', [
      [
        dicomElement(0x00283002, 'US', [4, 0, 16]),
        dicomElement(0x00283006, 'US', [90, 91, 92, 93]),
      ],
    ]);
    expect(await change(1)).toEqual([91, 0, 91, 0, 91, 0, 91, 0]);
    expect(await change(3)).toEqual([93, 0, 93, 0, 93, 0, 93, 0]);
  });

  it('leaves out a second copy of an image and says so', async () => {
    put('a.dcm', sliceFile({ sliceIndex: 0 }));
    put('copy of a.dcm', sliceFile({ sliceIndex: 0 }));
    const series = await openOne();
    expect(series.imageCount).toBe(1);
    expect(series.volumes[0]?.warnings[0]).toMatch(/^1 file of this series repeats an image/);
  });

  it('reports progress and stops at once when cancelled, keeping nothing', async () => {
    writeCtFolder(path.join(its.dir, 'in'), { rows: 4, columns: 4, slices: 300 });
    const controller = new AbortController();
    const seen: number[] = [];
    const result = await openPaths([path.join(its.dir, 'in')], {
      library: its.library,
      signal: controller.signal,
      onProgress: (done, total) => {
        seen.push(done);
        expect(total).toBe(300);
        if (done === 20) controller.abort();
      },
    });
    expect(result).toEqual({ studies: [], refused: [], derived: [], cancelled: true });
    expect(seen).toHaveLength(20);
    expect(its.library.listStudies()).toEqual([]);
  });

  it('lists 1,000 files without holding the event loop for long', async () => {
    writeCtFolder(path.join(its.dir, 'in'), { rows: 8, columns: 8, slices: 1000 });
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const started = performance.now();
    const series = await openOne();
    const elapsedMs = performance.now() - started;
    clearInterval(timer);
    expect(series.imageCount).toBe(1000);
    // 0.3 s on an idle machine; the bench holds it to 1 s, this only to what a busy one may take.
    expect(elapsedMs).toBeLessThan(5000);
    expect(longest).toBeLessThan(1000);
  });

  it('makes a thumbnail of at most 128 pixels, in the shape of the anatomy', async () => {
    writeCtFolder(path.join(its.dir, 'in'), { rows: 200, columns: 300, slices: 3 });
    const series = await openOne();
    const { file, offset, length, contentType } = await its.library.resolveThumbnail(
      series.seriesId,
    );
    expect(contentType).toBe('image/png');
    const png = readFileSync(file).subarray(offset, offset + length);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([128, 85]);
  });
});
