import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { cutVolume } from '../../../src/domain/cutVolume.js';
import { voxelToWorld } from '../../../src/domain/geometry.js';
import type { Measurement, MeasurementKind } from '../../../src/domain/measurement.js';
import { imageToVoxel } from '../../../src/domain/plane.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import type { Series } from '../../../src/domain/study.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { makeDataDir, openTestEngine } from '../engine/helpers.js';
import type { TestEngine } from '../engine/helpers.js';
import { findDicomErrors, hasDciodvfy, python } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import type { SourceShape } from '../export/makeSource.js';
import { seriesShapes } from '../segmentations/segmentationCase.js';

const hasDcmtk = spawnSync('dsrdump', ['--version']).error === undefined;
const workDir = makeDataDir();
afterAll(() => {
  rmSync(workDir, { recursive: true, force: true });
});

type Corner = readonly [column: number, row: number];

/** One of each kind, in pixels of a slice image of at least 9 x 9; off the pixels' centres, so that no rim is in doubt. */
const drawings: readonly (readonly [MeasurementKind, string, readonly Corner[]])[] = [
  ['length', 'across, "so"', [[1, 2], [7.25, 5.5]]],
  ['angle', '', [[7, 1], [1.5, 2], [5, 7.75]]],
  ['bidirectional', 'Läsion', [[3, 1], [3, 3], [1, 5], [8, 5]]],
  ['ellipse', '', [[4.1, 1.2], [4.1, 7.2], [1.4, 4.2], [6.8, 4.2]]],
  ['rectangle', '', [[1.3, 1.4], [7.6, 1.4], [7.6, 6.7], [1.3, 6.7]]],
  ['arrow', 'look here', [[2, 2], [6, 7]]],
]; // prettier-ignore

function pointsOn(
  series: Series,
  place: { readonly axis: SliceAxis; readonly sliceIndex: number },
  corners: readonly Corner[],
) {
  const volume = series.volumes[0] ?? expect.fail();
  const cut = cutVolume(volume, place.axis, place.sliceIndex) ?? expect.fail();
  return corners.map(([column, row]) =>
    voxelToWorld(cut.geometry, imageToVoxel(cut.plane, place.sliceIndex, { column, row })),
  );
}

interface Opened {
  readonly test: TestEngine;
  readonly series: Series;
  readonly folder: string;
  readonly outDir: string;
}

async function openShape(name: string, shape: SourceShape): Promise<Opened> {
  const home = path.join(workDir, name.replaceAll(/\W+/g, '-'));
  const folder = path.join(home, 'series');
  writeSource(folder, shape);
  const test = await openTestEngine({ dataDir: path.join(home, 'data') });
  const { studies } = await test.engine.invoke('openPaths', { paths: [folder], jobId: 'open' });
  const seriesId = studies[0]?.series[0]?.seriesId ?? expect.fail();
  const series = await test.engine.invoke('getSeries', { seriesId });
  return { test, series, folder, outDir: path.join(home, 'out') };
}

async function drawAll(
  { test, series }: Opened,
  place: { readonly axis: SliceAxis; readonly sliceIndex: number },
  kinds: readonly MeasurementKind[] = drawings.map(([kind]) => kind),
): Promise<Measurement[]> {
  const made: Measurement[] = [];
  for (const [kind, label, corners] of drawings)
    if (kinds.includes(kind))
      made.push(
        await test.engine.invoke('addMeasurement', {
          measurementId: randomUUID(),
          seriesId: series.seriesId,
          phaseIndex: 0,
          kind,
          label,
          ...place,
          points: pointsOn(series, place, corners),
        }),
      );
  return made;
}

const exportTo = (opened: Opened, formats: ('dicom-sr' | 'csv' | 'json')[]) =>
  opened.test.engine.invoke('exportMeasurements', {
    seriesId: opened.series.seriesId,
    formats,
    outDir: opened.outDir,
  });

interface Judged {
  readonly sopClass: string;
  readonly title: string;
  readonly template: string;
  readonly patient: string;
  readonly evidence: readonly (readonly [string, readonly string[]])[];
  readonly groups: readonly {
    readonly tracking: string;
    readonly text: readonly string[];
    readonly told: Readonly<Record<string, readonly [number, string]>>;
    readonly measured: readonly Readonly<Record<string, number>>[];
    readonly images: readonly (readonly [string, number] | null)[];
  }[];
}

function judge(report: string, folder: string): Judged {
  const script = path.join(import.meta.dirname, 'judge.py');
  const output = execFileSync(python ?? 'python3', [script, report, folder], { encoding: 'utf8' });
  return JSON.parse(output) as Judged;
}

/** What stays of a measurement on its way through a report: its place to a thousandth of a pixel, and its values. */
const essence = ({
  measurementId,
  kind,
  label,
  axis,
  sliceIndex,
  image,
  ...rest
}: Measurement) => ({
  measurementId,
  kind,
  label,
  axis,
  sliceIndex,
  image,
  quantities: rest.quantities.map(({ name, value, unit }) => ({
    name,
    unit,
    value: expect.closeTo(value, 3) as number,
  })),
});

/** The order of an ellipse's or a bidirectional's axes is not told by a report. */
const shownOf = (measurement: Measurement) => essence(measurement);

describe.skipIf(python === null || !hasDcmtk || !hasDciodvfy)(
  'measurement reports (needs .venv, dcmtk and dicom3tools)',
  () => {
    describe.each(seriesShapes)('on $name', ({ name, shape }) => {
      it('say what pydicom and numpy measure of the same images, without an error, and come back', async () => {
        const opened = await openShape(name, shape);
        const { test, series, folder } = opened;
        const sliceIndex = Math.floor(shape.slices / 2);
        const made = await drawAll(opened, { axis: 'acquired', sliceIndex });
        const { files, notes } = await exportTo(opened, ['dicom-sr']);
        const report = files[0] ?? expect.fail();
        expect(notes).toEqual([]);
        expect(findDicomErrors(report)).toEqual([]);
        const { status, stderr } = spawnSync('dsrdump', [report], { encoding: 'utf8' });
        // It reads UTF-8, but has no rule for how long such text may be.
        const complaints = stderr.split('\n').filter((line) => !/^$|VR checker/.test(line));
        expect({ status, complaints }).toEqual({ status: 0, complaints: [] });

        const judged = judge(report, folder);
        expect(judged).toMatchObject({
          sopClass: 'Comprehensive SR Storage',
          title: '126000',
          template: '1500',
          patient: 'Test^Ibis',
        });
        const image = series.volumes[0]?.images[sliceIndex] ?? expect.fail();
        expect(judged.evidence).toEqual([[series.seriesInstanceUID, [image.sopInstanceUID]]]);
        const byTracking = new Map(judged.groups.map((group) => [group.tracking, group]));
        for (const group of judged.groups)
          for (const on of group.images)
            expect(on).toEqual([image.sopInstanceUID, image.frameNumber]);

        const told = (tracking: string) => byTracking.get(tracking)?.told ?? {};
        const measured = (tracking: string, n = 0) =>
          byTracking.get(tracking)?.measured[n] ?? expect.fail(tracking);
        const { length } = measured('across, "so"');
        expect(told('across, "so"')).toEqual({ Length: [expect.closeTo(length ?? NaN, 4), 'mm'] });
        const { angle } = measured('Angle 2');
        expect(told('Angle 2')).toEqual({ Angle: [expect.closeTo(angle ?? NaN, 3), 'deg'] });
        expect(told('Läsion')).toEqual({
          'Long axis': [expect.closeTo(measured('Läsion').length ?? NaN, 4), 'mm'],
          'Short axis': [expect.closeTo(measured('Läsion', 1).length ?? NaN, 4), 'mm'],
        });
        for (const tracking of ['Ellipse 4', 'Rectangle 5']) {
          const { area, mean, deviation, minimum, maximum } = measured(tracking);
          expect(told(tracking)).toEqual({
            Area: [expect.closeTo(area ?? NaN, 3), 'mm2'],
            Mean: [expect.closeTo(mean ?? NaN, 6), '1'],
            'Standard Deviation': [expect.closeTo(deviation ?? NaN, 6), '1'],
            Minimum: [minimum, '1'],
            Maximum: [maximum, '1'],
          });
        }
        expect(byTracking.get('look here')?.text).toEqual(['look here']);

        // Here already: nothing is doubled. Elsewhere: the same measurements.
        const again = await test.engine.invoke('importMeasurements', {
          seriesId: series.seriesId,
          path: report,
        });
        expect(again).toEqual({
          measurements: [],
          notes: ['6 of the report are here already: left as they are.'],
        });
        await test.close();
        const other = await openTestEngine();
        await other.engine.invoke('openPaths', { paths: [folder], jobId: 'open' });
        const imported = await other.engine.invoke('importMeasurements', {
          seriesId: series.seriesId,
          path: report,
        });
        expect(imported.notes).toEqual([]);
        expect(imported.measurements.map(({ createdAt: _c, updatedAt: _u, ...m }) => m)).toEqual(
          made.map((one) => expect.objectContaining(shownOf(one)) as Measurement),
        );
        await other.close();
      });
    });

    it('lie in the patient for planes across the images, and come back onto those planes', async () => {
      const shape = seriesShapes[1]?.shape ?? expect.fail();
      const opened = await openShape('across', { ...shape, slices: 12 });
      const { series, folder, test } = opened;
      const made: Measurement[] = [];
      for (const axis of ['coronal', 'sagittal'] as const)
        made.push(...(await drawAll(opened, { axis, sliceIndex: 5 })));
      const {
        files: [report = ''],
        notes,
      } = await exportTo(opened, ['dicom-sr']);
      expect(notes).toEqual([]);
      expect(findDicomErrors(report)).toEqual([]);
      const judged = judge(report, folder);
      expect(judged.sopClass).toBe('Comprehensive 3D SR Storage');
      expect(judged.evidence[0]?.[1]).toHaveLength(12);
      const [length] = judged.groups;
      expect(length?.told['Length']?.[0]).toBeCloseTo(length?.measured[0]?.['length'] ?? NaN, 3);
      await test.close();
      const other = await openTestEngine();
      await other.engine.invoke('openPaths', { paths: [folder], jobId: 'open' });
      const imported = await other.engine.invoke('importMeasurements', {
        seriesId: series.seriesId,
        path: report,
      });
      expect(imported.notes).toEqual([]);
      expect(imported.measurements.map(({ createdAt: _c, updatedAt: _u, ...m }) => m)).toEqual(
        made.map((one) => expect.objectContaining(shownOf(one)) as Measurement),
      );
      await other.close();
    });
  },
);

describe('measurements in the engine', () => {
  it('are computed anew from the points and the voxels, and are there after a restart', async () => {
    const opened = await openShape('kept', seriesShapes[0]?.shape ?? expect.fail());
    const { test, series, folder } = opened;
    const [made = expect.fail()] = await drawAll(opened, { axis: 'acquired', sliceIndex: 3 }, [
      'rectangle',
    ]);
    const points = pointsOn(series, made, [[0, 0], [3, 0], [3, 2], [0, 2]]); // prettier-ignore
    const moved = await test.engine.invoke('changeMeasurement', {
      measurementId: made.measurementId,
      change: { points, label: 'moved' },
    });
    expect(moved.quantities[0]).toEqual({
      name: 'area',
      value: expect.closeTo(3 * 2 * 0.75 * 0.75, 9) as number,
      unit: 'mm2',
    });
    expect(moved.image).toEqual({
      sopInstanceUID: series.volumes[0]?.images[3]?.sopInstanceUID,
      frameNumber: 1,
    });
    await test.close();

    const after = await openTestEngine({ dataDir: test.dataDir });
    const list = () => after.engine.invoke('listMeasurements', { seriesId: series.seriesId });
    expect(await list()).toEqual([moved]);
    // A name needs no images; new points do.
    const { measurementId } = moved;
    const renamed = await after.engine.invoke('changeMeasurement', {
      measurementId,
      change: { label: 'renamed' },
    });
    expect(renamed).toMatchObject({ label: 'renamed', quantities: moved.quantities });
    const change = after.engine.invoke('changeMeasurement', { measurementId, change: { points } });
    await expect(change).rejects.toMatchObject({ code: 'no-series' });
    await after.engine.invoke('deleteMeasurement', { measurementId });
    expect(await list()).toEqual([]);
    await after.engine.invoke('restoreMeasurement', { measurementId });
    expect(await list()).toEqual([{ ...renamed, updatedAt: expect.any(String) as string }]);
    expect(after.events.map(({ kind }) => kind)).toEqual([
      'measurementChanged',
      'measurementDeleted',
      'measurementChanged',
    ]);
    await after.engine.invoke('openPaths', { paths: [folder], jobId: 'open' });
    await after.close();
  });

  it('are refused where they do not lie on their slice, or have points too many', async () => {
    const opened = await openShape('refused', seriesShapes[0]?.shape ?? expect.fail());
    const { test, series } = opened;
    const wanted = {
      measurementId: randomUUID(),
      seriesId: series.seriesId,
      phaseIndex: 0,
      kind: 'length' as const,
      axis: 'acquired' as const,
      sliceIndex: 3,
    };
    const points = pointsOn(series, { axis: 'acquired', sliceIndex: 4 }, [[1, 1], [5, 5]]); // prettier-ignore
    await expect(test.engine.invoke('addMeasurement', { ...wanted, points })).rejects.toMatchObject(
      { code: 'bad-slice' },
    );
    await expect(
      test.engine.invoke('addMeasurement', {
        ...wanted,
        points: [...points, ...points.slice(0, 1)],
      }),
    ).rejects.toMatchObject({ code: 'bad-message' });
    await test.close();
  });

  it('go into a table of RFC 4180 and JSON; a NIfTI file gets no DICOM SR, and a reason', async () => {
    const file = path.join(workDir, 'table.nii');
    const voxels = Int16Array.from({ length: 20 * 20 * 3 }, (_, at) => at % 400);
    writeFileSync(
      file,
      makeNifti({
        dimensions: [20, 20, 3],
        sform: [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 5, 0],
        sformCode: 1,
        voxels: new Uint8Array(voxels.buffer),
      }),
    );
    const test = await openTestEngine({ dataDir: path.join(workDir, 'table') });
    const { studies } = await test.engine.invoke('openPaths', { paths: [file], jobId: 'open' });
    const seriesId = studies[0]?.series[0]?.seriesId ?? expect.fail();
    const series = await test.engine.invoke('getSeries', { seriesId });
    const opened = { test, series, folder: file, outDir: path.join(workDir, 'tables') };
    await drawAll(opened, { axis: 'acquired', sliceIndex: 1 });
    const { files, notes } = await exportTo(opened, ['dicom-sr', 'csv', 'json']);
    expect(notes).toEqual([
      'The images are not DICOM, so nothing can refer to them: no DICOM SR was written. CSV and JSON hold the same.',
    ]);
    expect(files.map((one) => path.basename(one))).toEqual([
      'measurements.csv',
      'measurements.json',
    ]);
    const [csv = '', json = ''] = files.map((one) => readFileSync(one, 'utf8'));
    const lines = csv.split('\r\n');
    expect(lines[0]).toMatch(/^patient_id,patient_name,.*,quantity,value,unit,points_lps_mm,/);
    expect(lines).toHaveLength(1 + 1 + 1 + 2 + 5 + 5 + 1 + 1); // head, a line a quantity, the end
    expect(lines[1]).toContain(',length,"across, ""so""",1,acquired,2,,,length,');
    const stored = await test.engine.invoke('listMeasurements', { seriesId });
    const length = stored[0]?.quantities[0]?.value ?? NaN;
    expect(lines[1]).toContain(`,length,${String(Number(length.toPrecision(6)))},mm,`);
    expect(JSON.parse(json)).toMatchObject({
      schemaVersion: 1,
      measurements: stored.map(({ seriesId: _seriesId, ...one }) => one),
    });
    const again = await exportTo(opened, ['csv']);
    expect(again.notes).toEqual(['The folder held an export already: this one lies in "ibis-2".']);
    await test.close();
  });

  it('refuses a report of another series, and a file that is none', async () => {
    const one = await openShape('one', seriesShapes[0]?.shape ?? expect.fail());
    await drawAll(one, { axis: 'acquired', sliceIndex: 3 });
    const {
      files: [report = ''],
    } = await exportTo(one, ['dicom-sr']);
    await one.test.close();
    const other = await openTestEngine();
    const file = path.join(workDir, 'other.nii');
    writeFileSync(file, readFileSync(path.join(workDir, 'table.nii')));
    const { studies } = await other.engine.invoke('openPaths', { paths: [file], jobId: 'open' });
    const seriesId = studies[0]?.series[0]?.seriesId ?? expect.fail();
    const importOf = (place: string) =>
      other.engine.invoke('importMeasurements', { seriesId, path: place });
    await expect(importOf(report)).rejects.toMatchObject({ code: 'does-not-fit' });
    await expect(importOf(file)).rejects.toMatchObject({ code: 'unsupported-format' });
    await expect(importOf(path.join(one.folder, '000.dcm'))).rejects.toMatchObject({
      code: 'unsupported-format',
    });
    await other.close();
  });
});
