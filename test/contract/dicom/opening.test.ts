import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { encode as encodePng } from 'fast-png';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { voxelToWorld } from '../../../src/domain/geometry.js';
import type { Series, Volume } from '../../../src/domain/study.js';
import { createLibrary, openPaths, type Library } from '../../../src/engine/dicom/index.js';
import { viewAs } from '../../../src/domain/pixels.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import {
  ctSlice,
  dicomElement,
  encodePart10,
  uid,
  writeCtFolder,
  type CtSliceOptions,
  type DicomElement,
} from '../../fixtures/makeSeries.js';

describe('opening files of our own making', () => {
  let dir = '';
  let library: Library;
  beforeEach(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'ibis-open-'));
    library = createLibrary({ cacheDir: path.join(dir, 'cache') });
    mkdirSync(path.join(dir, 'in'));
  });
  afterEach(async () => {
    await library.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const put = (name: string, bytes: Uint8Array): string => {
    const file = path.join(dir, 'in', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return file;
  };
  const slice = (options: Partial<CtSliceOptions> & { sliceIndex: number }): Uint8Array =>
    encodePart10(ctSlice({ rows: 8, columns: 10, ...options }));
  const openOne = async (target = path.join(dir, 'in')): Promise<Series> => {
    const { studies, refused } = await openPaths([target], { library });
    expect(refused).toEqual([]);
    expect(studies).toHaveLength(1);
    const [summary] = studies[0]?.series ?? [];
    const series = summary === undefined ? null : library.getSeries(summary.seriesId);
    if (series === null) throw new Error('no series');
    return series;
  };
  const load = async (series: Series, phaseIndex = 0): Promise<Volume> => {
    const loaded = await library.loadVolume(series.seriesId, phaseIndex);
    if (!loaded.ok) throw new Error(loaded.error.message);
    return loaded.value;
  };
  const shownBytes = async (series: Series, k = 0): Promise<Uint8Array> => {
    const info = series.volumes[0]?.images[k];
    if (info === undefined) throw new Error('no image');
    const { file, offset, length } = await library.resolveFrame(info.imageId);
    return new Uint8Array(readFileSync(file).subarray(offset, offset + length));
  };

  it('lists a folder of CT slices as one study and one series, with patient, date and number', async () => {
    writeCtFolder(path.join(dir, 'in', 'deep', 'er'), { rows: 16, columns: 16, slices: 5 });
    const { studies } = await openPaths([path.join(dir, 'in')], { library });
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
    expect(library.listStudies()).toEqual(studies);
  });

  it('loads CT as Int16 in HU, the very pixels that the viewer gets', async () => {
    for (const sliceIndex of [2, 0, 1])
      put(`${String(9 - sliceIndex)}.dcm`, slice({ sliceIndex, instanceNumber: 50 - sliceIndex }));
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
    const one = await library.loadSlice(series.seriesId, 0, 1);
    expect(one.ok && one.value.data).toEqual(volume.data.slice(80, 160));
    expect(one.ok && voxelToWorld(one.value.geometry, { i: 3, j: 2, k: 0 })).toEqual(
      voxelToWorld(volume.geometry, { i: 3, j: 2, k: 1 }),
    );
  });

  it('streams untouched pixels from the original file and copies nothing', async () => {
    const file = put('a.dcm', slice({ sliceIndex: 0 }));
    const series = await openOne();
    const [info] = series.volumes[0]?.images ?? [];
    const resolved = await library.resolveFrame(info?.imageId ?? ('' as never));
    expect(resolved.file).toBe(file);
    expect(resolved.length).toBe(160);
  });

  it('keeps an oblique, anisotropic series where it lies in the patient', async () => {
    const c = Math.cos(0.3);
    const s = Math.sin(0.3);
    for (const sliceIndex of [0, 1, 2, 3])
      put(
        `${String(sliceIndex)}.dcm`,
        slice({
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

  const pixelsOf = (
    values: readonly number[],
    elements: readonly DicomElement[],
    vr = 'OW',
  ): readonly DicomElement[] => [
    ...elements,
    dicomElement(0x7fe00010, vr, Uint8Array.from(values)),
    dicomElement(0x00280010, 'US', [2]),
    dicomElement(0x00280011, 'US', [2]),
  ];
  const gray8 = [
    dicomElement(0x00280100, 'US', [8]),
    dicomElement(0x00280101, 'US', [8]),
    dicomElement(0x00280102, 'US', [7]),
    dicomElement(0x00281052, 'DS', '0'),
  ];

  it('hands MONOCHROME1 out as stored and says what it is', async () => {
    const extra = pixelsOf([1, 2, 3, 4], [...gray8, dicomElement(0x00280004, 'CS', 'MONOCHROME1')]);
    put('a.dcm', slice({ sliceIndex: 0, extra }));
    const series = await openOne();
    expect([...(await shownBytes(series))]).toEqual([1, 2, 3, 4]);
    expect(series.volumes[0]?.images[0]?.photometric).toBe('MONOCHROME1');
    expect((await load(series)).photometric).toBe('MONOCHROME1');
  });

  it('turns a palette into RGB', async () => {
    const table = (values: readonly number[]): Uint8Array =>
      new Uint8Array(Uint16Array.from(values, (value) => value * 257).buffer);
    const descriptor = [4, 0, 16];
    const extra = pixelsOf(
      [3, 2, 1, 0],
      [
        ...gray8,
        dicomElement(0x00280004, 'CS', 'PALETTE COLOR'),
        dicomElement(0x00281101, 'US', descriptor),
        dicomElement(0x00281102, 'US', descriptor),
        dicomElement(0x00281103, 'US', descriptor),
        dicomElement(0x00281201, 'OW', table([0, 10, 20, 30])),
        dicomElement(0x00281202, 'OW', table([0, 11, 21, 31])),
        dicomElement(0x00281203, 'OW', table([0, 12, 22, 32])),
      ],
    );
    put('a.dcm', slice({ sliceIndex: 0, extra }));
    const series = await openOne();
    expect([...(await shownBytes(series))]).toEqual([30, 31, 32, 20, 21, 22, 10, 11, 12, 0, 0, 0]);
    expect(series.volumes[0]?.images[0]).toMatchObject({ samplesPerPixel: 3, pixelType: 'uint8' });
  });

  it('turns native YBR_FULL_422 and planar RGB into interleaved RGB', async () => {
    const colour = [...gray8, dicomElement(0x00280002, 'US', [3])];
    const ybr = pixelsOf(
      [100, 200, 128, 128, 50, 60, 128, 128],
      [...colour, dicomElement(0x00280004, 'CS', 'YBR_FULL_422')],
    );
    const planar = pixelsOf(
      [1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24],
      [
        ...colour,
        dicomElement(0x00280004, 'CS', 'RGB'),
        dicomElement(0x00280006, 'US', [1]),
        dicomElement(0x00080018, 'UI', uid(77)),
        dicomElement(0x0020000e, 'UI', uid(78)),
      ],
    );
    const first = await openOne(put('ybr.dcm', slice({ sliceIndex: 0, extra: ybr })));
    const gray = [100, 100, 100, 200, 200, 200, 50, 50, 50, 60, 60, 60];
    expect([...(await shownBytes(first))]).toEqual(gray);
    const { studies } = await openPaths([put('rgb.dcm', slice({ sliceIndex: 0, extra: planar }))], {
      library,
    });
    const second = studies[0]?.series
      .map(({ seriesId }) => library.getSeries(seriesId))
      .find((series) => series?.seriesInstanceUID === uid(78));
    if (second == null) throw new Error('no series');
    const interleaved = [1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24];
    expect([...(await shownBytes(second))]).toEqual(interleaved);
  });

  it('reads signed 12 bits in 16 with an overlay above and a padding value', async () => {
    const stored = Uint16Array.from([0x0fff, 0x0800, 0xf005, 0x07ff]);
    const extra = pixelsOf(
      [...new Uint8Array(stored.buffer)],
      [
        dicomElement(0x00280103, 'US', [1]),
        dicomElement(0x00280120, 'SS', [-2048]),
        dicomElement(0x00281052, 'DS', '0'),
      ],
    );
    put('a.dcm', slice({ sliceIndex: 0, extra }));
    const series = await openOne();
    expect([...viewAs('int16', await shownBytes(series))]).toEqual([-1, -2048, 5, 2047]);
    const volume = await load(series);
    expect([...volume.data]).toEqual([-1, -2048, 5, 2047]);
    expect(volume.paddingRange).toEqual({ first: -2048, last: -2048 });
  });

  it('widens where a CT value does not fit 16 bits, and uses floats for fractional slopes', async () => {
    const stored = Uint16Array.from([0, 1, 40_000, 65_535]);
    const wide = [
      dicomElement(0x00280101, 'US', [16]),
      dicomElement(0x00280102, 'US', [15]),
      dicomElement(0x00281053, 'DS', '2'),
    ];
    const extra = pixelsOf([...new Uint8Array(stored.buffer)], wide);
    const series = await openOne(put('a.dcm', slice({ sliceIndex: 0, extra })));
    const volume = await load(series);
    expect([...volume.data]).toEqual([-1024, -1022, 78_976, 130_046]);
    const fractional = [
      dicomElement(0x00281053, 'DS', '0.5'),
      dicomElement(0x0020000e, 'UI', uid(79)),
    ];
    const second = slice({
      sliceIndex: 0,
      extra: [...extra.filter((e) => e.tag !== 0x00281053), ...fractional],
    });
    const { studies } = await openPaths([put('b.dcm', second)], { library });
    const other = studies[0]?.series.find((entry) => entry.seriesInstanceUID === uid(79));
    const loaded = await library.loadVolume(other?.seriesId ?? ('' as never), 0);
    expect(loaded.ok && [...loaded.value.data]).toEqual([-1024, -1023.5, 18_976, 31_743.5]);
  });

  it('reads an enhanced multi-frame file: positions, phases and order from its functional groups', async () => {
    const rows = 2;
    const frame = (z: number, echo: number): readonly DicomElement[] => [
      dicomElement(0x00209113, 'SQ', [[dicomElement(0x00200032, 'DS', `0\\0\\${String(z)}`)]]),
      dicomElement(0x00189114, 'SQ', [[dicomElement(0x00189082, 'FD', [echo])]]),
    ];
    const frames = [
      frame(6, 10),
      frame(3, 20),
      frame(0, 10),
      frame(6, 20),
      frame(3, 10),
      frame(0, 20),
    ];
    const stored = Uint16Array.from({ length: frames.length * rows * rows }, (_, n) => n >> 2);
    const shared = [
      dicomElement(0x00209116, 'SQ', [[dicomElement(0x00200037, 'DS', '1\\0\\0\\0\\1\\0')]]),
      dicomElement(0x00289110, 'SQ', [[dicomElement(0x00280030, 'DS', '0.7\\0.5')]]),
    ];
    const extra = [
      dicomElement(0x00280008, 'IS', String(frames.length)),
      dicomElement(0x52009229, 'SQ', [shared]),
      dicomElement(0x52009230, 'SQ', frames),
      dicomElement(0x00281052, 'DS', '0'),
    ];
    const all = pixelsOf([...new Uint8Array(stored.buffer)], extra);
    const series = await openOne(put('a.dcm', slice({ sliceIndex: 0, extra: all })));
    expect(series.volumes.map((volume) => volume.phaseLabel)).toEqual(['echo 10 ms', 'echo 20 ms']);
    expect([...(await load(series, 0)).data].filter((_, n) => n % 4 === 0)).toEqual([2, 4, 0]);
    expect([...(await load(series, 1)).data].filter((_, n) => n % 4 === 0)).toEqual([5, 1, 3]);
    expect(series.volumes[0]?.geometry?.spacingMm).toEqual([0.5, 0.7, 3]);
    const refs = library.getInstances(series.seriesId, 0);
    expect(refs.map((ref) => ref.frameNumber)).toEqual([3, 5, 1]);
    expect(new Set(refs.map((ref) => ref.file)).size).toBe(1);
  });

  it('opens the members of a zip, and names their unpacked files for export', async () => {
    const zip = zipSync({
      'study/b.dcm': slice({ sliceIndex: 1 }),
      'study/a.dcm': slice({ sliceIndex: 0 }),
      'readme.txt': new TextEncoder().encode('hello'),
      '__MACOSX/study/._a.dcm': new TextEncoder().encode('strewn in by a Mac'), // not even told of
      '../../evil.dcm': slice({ sliceIndex: 2 }),
    });
    const { studies, refused } = await openPaths([put('all.zip', zip)], { library });
    expect(studies[0]?.series[0]?.imageCount).toBe(3);
    expect(refused).toMatchObject([{ fileName: 'readme.txt', code: 'not-dicom' }]);
    const seriesId = studies[0]?.series[0]?.seriesId ?? ('' as never);
    for (const { file } of library.getInstances(seriesId, 0)) {
      expect(file.startsWith(path.join(dir, 'cache'))).toBe(true);
      expect(readFileSync(file).subarray(128, 132).toString()).toBe('DICM');
    }
  });

  it('opens the files that a DICOMDIR names, tells of missing ones and leaves its own folder never', async () => {
    put('DICOM/IM1', slice({ sliceIndex: 0 }));
    writeFileSync(path.join(dir, 'outside.dcm'), slice({ sliceIndex: 1 }));
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
      library,
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

  it('gives the same ids when the same files are opened again', async () => {
    writeCtFolder(path.join(dir, 'in'), { rows: 4, columns: 4, slices: 2 });
    put('x.png', encodePng({ width: 1, height: 1, data: Uint8Array.of(7), channels: 1, depth: 8 }));
    const first = await openPaths([path.join(dir, 'in')], { library });
    const other = createLibrary({ cacheDir: path.join(dir, 'cache') });
    const second = await openPaths([path.join(dir, 'in')], { library: other });
    await other.close();
    expect(second.studies).toEqual(first.studies);
  });

  it('adds slices of a series that is open already, and forgets a closed study', async () => {
    await openOne(put('a.dcm', slice({ sliceIndex: 0 })));
    const series = await openOne(put('b.dcm', slice({ sliceIndex: 1 })));
    expect(series.imageCount).toBe(2);
    expect(series.volumes[0]?.warnings).toEqual([]);
    library.closeStudy(series.studyId);
    expect(library.listStudies()).toEqual([]);
    const [info] = series.volumes[0]?.images ?? [];
    await expect(library.resolveFrame(info?.imageId ?? ('' as never))).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('shows the new pixels when a file was changed and opened again', async () => {
    // A modality LUT, so that the pixels go through the decoder and its cache.
    const change = async (value: number): Promise<readonly number[]> => {
      const extra = pixelsOf([value, value, value, value], [...gray8, inverted]);
      const series = await openOne(put('a.dcm', slice({ sliceIndex: 0, extra })));
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
    put('a.dcm', slice({ sliceIndex: 0 }));
    put('copy of a.dcm', slice({ sliceIndex: 0 }));
    const series = await openOne();
    expect(series.imageCount).toBe(1);
    expect(series.volumes[0]?.warnings[0]).toMatch(/^1 file of this series repeats an image/);
  });

  it('reports progress and stops at once when cancelled, keeping nothing', async () => {
    writeCtFolder(path.join(dir, 'in'), { rows: 4, columns: 4, slices: 300 });
    const controller = new AbortController();
    const seen: number[] = [];
    const result = await openPaths([path.join(dir, 'in')], {
      library,
      signal: controller.signal,
      onProgress: (done, total) => {
        seen.push(done);
        expect(total).toBe(300);
        if (done === 20) controller.abort();
      },
    });
    expect(result).toEqual({ studies: [], refused: [], cancelled: true });
    expect(seen).toHaveLength(20);
    expect(library.listStudies()).toEqual([]);
  });

  it('lists 1,000 files without holding the event loop for long', async () => {
    writeCtFolder(path.join(dir, 'in'), { rows: 8, columns: 8, slices: 1000 });
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
    writeCtFolder(path.join(dir, 'in'), { rows: 200, columns: 300, slices: 3 });
    const series = await openOne();
    const { file, offset, length, contentType } = await library.resolveThumbnail(series.seriesId);
    expect(contentType).toBe('image/png');
    const png = readFileSync(file).subarray(offset, offset + length);
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([128, 85]);
  });
});
