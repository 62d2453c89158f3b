import { describe, expect, it } from 'vitest';

import { openPaths } from '../../../src/engine/dicom/index.js';
import { viewAs } from '../../../src/domain/pixels.js';
import { dicomElement, uid, type DicomElement } from '../../fixtures/makeSeries.js';
import { gray8, openCase, pixelsOf, sliceFile } from './openCase.js';

describe('the forms that pixels are stored in', () => {
  const its = openCase();
  const { put, openOne, load, shownBytes } = its;

  it('hands MONOCHROME1 out as stored and says what it is', async () => {
    const extra = pixelsOf([1, 2, 3, 4], [...gray8, dicomElement(0x00280004, 'CS', 'MONOCHROME1')]);
    put('a.dcm', sliceFile({ sliceIndex: 0, extra }));
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
    put('a.dcm', sliceFile({ sliceIndex: 0, extra }));
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
    const first = await openOne(put('ybr.dcm', sliceFile({ sliceIndex: 0, extra: ybr })));
    const gray = [100, 100, 100, 200, 200, 200, 50, 50, 50, 60, 60, 60];
    expect([...(await shownBytes(first))]).toEqual(gray);
    const { studies } = await openPaths(
      [put('rgb.dcm', sliceFile({ sliceIndex: 0, extra: planar }))],
      {
        library: its.library,
      },
    );
    const second = studies[0]?.series
      .map(({ seriesId }) => its.library.getSeries(seriesId))
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
    put('a.dcm', sliceFile({ sliceIndex: 0, extra }));
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
    const series = await openOne(put('a.dcm', sliceFile({ sliceIndex: 0, extra })));
    const volume = await load(series);
    expect([...volume.data]).toEqual([-1024, -1022, 78_976, 130_046]);
    const fractional = [
      dicomElement(0x00281053, 'DS', '0.5'),
      dicomElement(0x0020000e, 'UI', uid(79)),
    ];
    const second = sliceFile({
      sliceIndex: 0,
      extra: [...extra.filter((e) => e.tag !== 0x00281053), ...fractional],
    });
    const { studies } = await openPaths([put('b.dcm', second)], { library: its.library });
    const other = studies[0]?.series.find((entry) => entry.seriesInstanceUID === uid(79));
    const loaded = await its.library.loadVolume(other?.seriesId ?? ('' as never), 0);
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
    const series = await openOne(put('a.dcm', sliceFile({ sliceIndex: 0, extra: all })));
    expect(series.volumes.map((volume) => volume.phaseLabel)).toEqual(['echo 10 ms', 'echo 20 ms']);
    expect([...(await load(series, 0)).data].filter((_, n) => n % 4 === 0)).toEqual([2, 4, 0]);
    expect([...(await load(series, 1)).data].filter((_, n) => n % 4 === 0)).toEqual([5, 1, 3]);
    expect(series.volumes[0]?.geometry?.spacingMm).toEqual([0.5, 0.7, 3]);
    const refs = its.library.getInstances(series.seriesId, 0);
    expect(refs.map((ref) => ref.frameNumber)).toEqual([3, 5, 1]);
    expect(new Set(refs.map((ref) => ref.file)).size).toBe(1);
  });
});
