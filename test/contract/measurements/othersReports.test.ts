import dcmjs from 'dcmjs';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { encodeDicom } from '../../../src/engine/export/writeDicom.js';
import { makeDataDir, openTestEngine } from '../engine/helpers.js';
import { findShared } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import { seriesShapes } from '../segmentations/segmentationCase.js';

/** The part of dcmjs that OHIF's adapters build their reports of. */
interface ReportBuilder {
  readonly TID1500: {
    readonly TID1500MeasurementReport: new (groups: object) => {
      contentItem(derivation: object): object;
    };
    readonly TID1501MeasurementGroup: new (measurements: readonly object[]) => object;
  };
  readonly TID300: Readonly<
    Record<
      'Length' | 'Bidirectional' | 'Ellipse' | 'Circle' | 'Polyline',
      new (props: object) => object
    >
  >;
}
const { TID1500, TID300 } = (dcmjs as unknown as { utilities: ReportBuilder }).utilities;

const workDir = makeDataDir();
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

describe('measurement reports of other programs', () => {
  it('of dcmjs, as OHIF writes them, are read by their form and measured anew', async () => {
    const folder = path.join(workDir, 'series');
    const shape = seriesShapes[0]?.shape ?? expect.fail();
    writeSource(folder, shape);
    const test = await openTestEngine();
    const { engine } = test;
    const { studies } = await engine.invoke('openPaths', { paths: [folder], jobId: 'open' });
    const study = studies[0] ?? expect.fail();
    const seriesId = study.series[0]?.seriesId ?? expect.fail();
    const series = await engine.invoke('getSeries', { seriesId });
    const image = series.volumes[0]?.images[4] ?? expect.fail();
    const on = {
      unit: 'mm',
      ReferencedSOPSequence: {
        ReferencedSOPClassUID: image.sopClassUID,
        ReferencedSOPInstanceUID: image.sopInstanceUID,
      },
    };
    const at = (x: number, y: number) => ({ x, y }); // corners of pixels, as DICOM has them
    const drawn = [
      new TID300.Length({ ...on, point1: at(2, 3), point2: at(6, 3), distance: 99 }),
      new TID300.Bidirectional({
        ...on,
        longAxis: { point1: at(3, 2), point2: at(3, 10) },
        shortAxis: { point1: at(1, 5), point2: at(5, 5) },
        longAxisLength: 99,
        shortAxisLength: 98,
      }),
      new TID300.Ellipse({ ...on, points: [at(8, 2), at(8, 10), at(6, 6), at(10, 6)], area: 99 }),
      new TID300.Circle({ ...on, points: [at(12, 8), at(12, 11)], area: 99, perimeter: 9 }),
      new TID300.Polyline({
        ...on,
        points: [at(2, 2), at(9, 2), at(9, 8), at(2, 8), at(2, 2)],
        lengths: 1,
        perimeter: 1,
        area: 99,
      }),
      new TID300.Polyline({
        ...on,
        points: [at(2, 2), at(9, 3), at(5, 8), at(2, 8), at(2, 2)],
        lengths: 1,
        perimeter: 1,
        area: 99,
      }),
    ];
    const group = new TID1500.TID1501MeasurementGroup(drawn);
    const report = new TID1500.TID1500MeasurementReport({ TID1501MeasurementGroups: [group] });
    const { studyInstanceUID: StudyInstanceUID } = study;
    const file = path.join(workDir, 'dcmjs.dcm');
    writeFileSync(
      file,
      encodeDicom({
        ...report.contentItem({ StudyInstanceUID, SeriesInstanceUID: series.seriesInstanceUID }),
        ValueType: 'CONTAINER',
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.34',
        SOPInstanceUID: '2.25.1',
      }),
    );
    const { measurements, notes } = await engine.invoke('importMeasurements', {
      seriesId,
      path: file,
    });
    expect(notes).toEqual(['1 measurement of a kind that Ibis does not draw: left out.']);
    const mm = 0.75; // a pixel
    expect(
      measurements.map(({ kind, sliceIndex, quantities }) => [
        kind,
        sliceIndex,
        quantities.slice(0, kind === 'bidirectional' ? 2 : 1).map(({ value }) => value),
      ]),
    ).toEqual([
      ['length', 4, [expect.closeTo(4 * mm, 5)]],
      ['bidirectional', 4, [expect.closeTo(8 * mm, 5), expect.closeTo(4 * mm, 5)]],
      ['ellipse', 4, [expect.closeTo(Math.PI * 4 * 2 * mm * mm, 4)]],
      ['ellipse', 4, [expect.closeTo(Math.PI * 3 * 3 * mm * mm, 4)]],
      ['rectangle', 4, [expect.closeTo(7 * 6 * mm * mm, 4)]],
    ]);
    // The corner of the first pixel is half a pixel before its middle.
    const [x = 0] = image.position ?? [];
    expect(measurements[0]?.points[0]?.x).toBeCloseTo(x + 1.5 * mm, 5);
    await test.close();
  });

  const dcmqi = findShared('dicom_conformance/dcmqi/sr-example/sr.dcm');
  it.skipIf(dcmqi === null)(
    'of dcmqi, about a segmentation of other images, is refused (needs shared data)',
    async () => {
      const folder = path.join(workDir, 'series');
      const test = await openTestEngine();
      const { engine } = test;
      const { studies } = await engine.invoke('openPaths', { paths: [folder], jobId: 'open' });
      const seriesId = studies[0]?.series[0]?.seriesId ?? expect.fail();
      await expect(
        engine.invoke('importMeasurements', { seriesId, path: dcmqi ?? '' }),
      ).rejects.toMatchObject({ code: 'does-not-fit' });
      await test.close();
    },
  );
});
