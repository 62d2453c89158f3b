import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { voxelToWorld } from '../../../src/domain/geometry.js';
import type { Series } from '../../../src/domain/study.js';
import { makeNifti } from '../../fixtures/makeNifti.js';
import { makeDataDir, openTestEngine } from '../engine/helpers.js';
import type { TestEngine } from '../engine/helpers.js';
import { findDicomErrors, hasDciodvfy } from '../export/judges.js';
import { writeSource } from '../export/makeSource.js';
import { seriesShapes } from '../segmentations/segmentationCase.js';

const workDir = makeDataDir();
const PATIENT = /zweistein|albertine|IBIS-TEST|19700101/i;
const ROOT = '1.2.826.0.1.3680043.2.1125';

describe('De-identification over the channels', () => {
  let test: TestEngine;
  let series: Series;

  const open = async (place: string): Promise<Series> => {
    const { studies } = await test.engine.invoke('openPaths', { paths: [place], jobId: 'open' });
    const seriesId = studies[0]?.series[0]?.seriesId ?? expect.fail();
    return test.engine.invoke('getSeries', { seriesId });
  };

  beforeAll(async () => {
    const folder = path.join(workDir, 'series');
    const shape = seriesShapes.find(({ name }) => name === 'an axial series')?.shape;
    if (shape === undefined) throw new Error('there is no such series');
    writeSource(folder, { ...shape, patientName: 'Zweistein^Albertine' });
    test = await openTestEngine({ dataDir: path.join(workDir, 'data') });
    series = await open(folder);
  });
  afterAll(async () => {
    await test.close();
    rmSync(workDir, { recursive: true, force: true });
  });

  const seriesIds = () => [series.seriesId];

  it('shows what would change, writes copies, and counts them as it goes', async () => {
    const preview = await test.engine.invoke('previewDeidentification', {
      seriesIds: seriesIds(),
      options: { dates: 'shift' },
    });
    expect(preview.fileCount).toBe(9);
    expect(preview.changes.find(({ name }) => name === 'PatientName')).toMatchObject({
      oldValue: 'Zweistein^Albertine',
      newValue: expect.stringMatching(/^IBIS-/),
    });
    const outDir = path.join(workDir, 'out');
    const first = await test.engine.invoke('exportDeidentified', {
      seriesIds: seriesIds(),
      options: { dates: 'shift' },
      outDir,
      jobId: 'copies',
    });
    expect(first.files).toHaveLength(9);
    for (const file of first.files) expect(readFileSync(file, 'latin1')).not.toMatch(PATIENT);
    const last = test.events.findLast((event) => event.kind === 'jobProgressed');
    expect(last).toMatchObject({ jobId: 'copies', done: 9, total: 9 });

    const second = await test.engine.invoke('exportDeidentified', {
      seriesIds: seriesIds(),
      options: { dates: 'shift' },
      outDir,
      jobId: 'again',
    });
    expect(second.notes.at(-1)).toContain('"ibis-2"');
    // The same stand-ins again, byte for byte.
    const bytesOf = (files: readonly string[]) =>
      files.map((file) => readFileSync(file).toString('base64')).sort();
    expect(bytesOf(second.files)).toEqual(bytesOf(first.files));
  });

  it('makes a report of measurements that is about the copies, and tables that name nobody', async () => {
    const geometry = series.volumes[0]?.geometry ?? expect.fail();
    await test.engine.invoke('addMeasurement', {
      measurementId: randomUUID(),
      seriesId: series.seriesId,
      phaseIndex: 0,
      kind: 'length',
      label: 'nodule of Albertine',
      axis: 'acquired',
      sliceIndex: 4,
      points: [
        voxelToWorld(geometry, { i: 3, j: 4, k: 4 }),
        voxelToWorld(geometry, { i: 12, j: 9, k: 4 }),
      ],
    });
    const { files } = await test.engine.invoke('exportMeasurements', {
      seriesId: series.seriesId,
      formats: ['dicom-sr', 'csv', 'json'],
      outDir: path.join(workDir, 'measurements'),
      deidentify: {},
    });
    expect(files).toHaveLength(3);
    for (const file of files) {
      expect(readFileSync(file, 'latin1'), path.basename(file)).not.toMatch(PATIENT);
      expect(readFileSync(file, 'latin1'), path.basename(file)).not.toContain(ROOT);
    }
    const report = files.find((file) => file.endsWith('.dcm')) ?? expect.fail();
    if (hasDciodvfy) expect(findDicomErrors(report)).toEqual([]);
    const copies = await open(path.join(workDir, 'out', 'deidentified'));
    const { measurements } = await test.engine.invoke('importMeasurements', {
      seriesId: copies.seriesId,
      path: report,
    });
    const [original] = await test.engine.invoke('listMeasurements', { seriesId: series.seriesId });
    expect(measurements).toHaveLength(1);
    expect(measurements[0]?.quantities[0]?.value).toBeCloseTo(
      original?.quantities[0]?.value ?? 0,
      3,
    );
    await expect(
      test.engine.invoke('importMeasurements', { seriesId: series.seriesId, path: report }),
    ).rejects.toThrow();
  });

  it('refuses images without attributes, and options that are none', async () => {
    const file = path.join(workDir, 'volume.nii');
    writeFileSync(
      file,
      makeNifti({
        dimensions: [4, 3, 2],
        sform: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
        sformCode: 1,
        voxels: new Uint8Array(4 * 3 * 2 * 2),
      }),
    );
    const nifti = await open(file);
    await expect(
      test.engine.invoke('previewDeidentification', {
        seriesIds: [nifti.seriesId],
        options: {},
      }),
    ).rejects.toThrow('These images are not DICOM');
    const reply = await test.engine.call('previewDeidentification', {
      seriesIds: seriesIds(),
      options: { pseudonym: '../../etc' },
    });
    expect(reply).toMatchObject({ ok: false, error: { code: 'bad-message' } });
  });

  it('keeps its key for the user alone', () => {
    const { mode, size } = statSync(path.join(workDir, 'data', 'deidentification.key'));
    expect(size).toBe(32);
    if (process.platform !== 'win32') expect(mode & 0o777).toBe(0o600);
  });
});
