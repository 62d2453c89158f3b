import { copyFileSync, cpSync, createWriteStream, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';

import type { SeriesId } from '../../../src/domain/brand.js';
import { packMask } from '../../../src/domain/mask.js';
import { createCaseMaker } from '../../../src/engine/batch/makeCases.js';
import { createLibrary } from '../../../src/engine/dicom/index.js';
import { createForeground } from '../../../src/engine/foreground.js';
import { createJobs } from '../../../src/engine/jobs.js';
import { createStudies } from '../../../src/engine/studies.js';
import { axialShape, writeSource } from '../export/makeSource.js';
import { makeDataDir, openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';
import { drawFive, paintOne } from './madeByHand.js';

const SIZE = { width: axialShape.columns, height: axialShape.rows };
const uid = '1.2.826.0.1.3680043.2.1125.1.1';
const uids = {
  first: uid,
  coarse: '1.2.826.0.1.3680043.2.1125.1.12',
  twin: '1.2.826.0.1.3680043.2.1125.1.13',
} as const;
const DESCRIPTION = 'Made for a test';

describe('files about images', () => {
  const work = makeDataDir();
  const place = (name: string): string => path.join(work, name);
  const objects = place('objects'); // made on the series in 'first'
  const file = (name: string): string => path.join(objects, name);
  const seg = file('segmentation.dcm');
  const nifti = file('series-3_desc-Kidney_dseg.nii.gz');
  const report = file('measurements.dcm');
  let test: TestEngine;

  const openIn = async ({ engine }: TestEngine, ...paths: readonly string[]) => {
    const opened = await engine.invoke('openPaths', { paths: [...paths], jobId: 'open' });
    const ids = opened.studies.flatMap((study) => study.series.map(({ seriesId }) => seriesId));
    return { ...opened, ids };
  };
  const openOne = async (name: keyof typeof uids): Promise<SeriesId> => {
    const { studies } = await openIn(test, place(name));
    const series = studies.flatMap((study) => study.series);
    return series.find((one) => one.seriesInstanceUID === uids[name])?.seriesId ?? expect.fail();
  };
  const importOn = (seriesId: SeriesId | null, from: string, how: object = {}) =>
    test.engine.call('importSegmentation', { seriesId, phaseIndex: 0, path: from, ...how });
  const draw = (from: number, to: number) => ({
    sliceIndex: 4,
    region: packMask({
      ...SIZE,
      data: new Uint8Array(SIZE.width * SIZE.height).fill(1, from, to),
    }),
  });

  beforeAll(async () => {
    writeSource(place('first'), axialShape);
    // In the same frame of reference, but with other voxels.
    writeSource(place('coarse'), { ...axialShape, series: 2, spacingMm: [1, 1, 3.5] });
    // Voxel for voxel where the first one lies, as two echoes of one acquisition do.
    writeSource(place('twin'), { ...axialShape, series: 3 });
    const made = await openTestEngine();
    const { engine } = made;
    const [seriesId = expect.fail()] = (await openIn(made, place('first'))).ids;
    const segmentationId = await paintOne(made, seriesId, {
      segmentationLabel: 'Kidney',
      segmentLabel: 'kidney',
      slice: draw(30, 95),
    });
    await drawFive(made, seriesId);
    mkdirSync(objects);
    await engine.invoke('exportSegmentation', {
      segmentationId,
      formats: ['seg', 'labelmap-seg', 'rtstruct', 'nifti', 'seg-nrrd'],
      outDir: objects,
      deidentify: null,
    });
    const written = await engine.invoke('exportMeasurements', {
      seriesId,
      formats: ['dicom-sr'],
      outDir: place('report'),
      deidentify: null,
    });
    copyFileSync(written.files[0] ?? expect.fail(), report);
    await made.close();
  });
  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });
  beforeEach(async () => {
    test = await openTestEngine();
  });
  afterEach(async () => {
    await test.close();
  });

  const objectsAbout = [
    ['measurements.dcm', 'measurements'],
    ['rtstruct.dcm', 'segmentation'],
    ['segmentation-labelmap.dcm', 'segmentation'],
    ['segmentation.dcm', 'segmentation'],
    ['segmentation.seg.nrrd', 'segmentation'],
  ] as const;

  it('are no series of images: they are told apart, with the series that they refer to', async () => {
    const opened = await openIn(test, ...objectsAbout.map(([name]) => file(name)));
    expect(opened.studies).toEqual([]);
    expect(opened.refused).toEqual([]);
    expect(opened.derived).toEqual(
      objectsAbout.map(([fileName, kind]) => ({
        path: file(fileName),
        fileName,
        kind,
        seriesInstanceUIDs: fileName.endsWith('.dcm') ? [uid] : [],
      })),
    );
  });

  it('are no cases of a batch', async () => {
    const library = createLibrary({ cacheDir: place('batch-cache') });
    try {
      const studies = createStudies({
        library,
        jobs: createJobs(createForeground()),
        emit: () => undefined,
      });
      const cacheDir = place('batch-cache');
      const makeCases = createCaseMaker({ library, studies, cacheDir });
      const folder = place('both');
      writeSource(path.join(folder, 'images'), axialShape);
      cpSync(objects, path.join(folder, 'objects'), {
        recursive: true,
        filter: (name) => !/\.(?:nii\.gz|tsv|json)$/.test(name),
      });
      const asked = { axis: 'acquired', slice: 'middle' } as const;
      const from = { kind: 'folder', path: folder, prompts: ['kidney'], ...asked } as const;
      const made = await makeCases({ ...from, prompts: [...from.prompts] }, 'job');
      expect(made.cases.map(({ seriesUID }) => seriesUID)).toEqual([uid]);
      expect(made.refused).toEqual([]);
    } finally {
      await library.close();
    }
  });

  it('can be imported out of an archive, which was unpacked only to be opened', async () => {
    const zip = new ZipFile();
    zip.addFile(seg, 'study/SEG');
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(place('objects.zip')));
    const opened = await openIn(test, place('objects.zip'), place('first'));
    const [derived = expect.fail()] = opened.derived;
    expect(derived).toMatchObject({ fileName: 'SEG', kind: 'segmentation' });
    expect(existsSync(derived.path)).toBe(true);
    const imported = await importOn(null, derived.path, { search: 'named-first' });
    expect(imported).toMatchObject({ ok: true, value: { segmentation: { segments: [{}] } } });
  });

  it.each(['segmentation.dcm', 'segmentation-labelmap.dcm', 'rtstruct.dcm'])(
    'go to the series that they name, whichever is on screen: %s',
    async (name) => {
      const first = await openOne('first');
      const coarse = await openOne('coarse');
      const imported = await importOn(coarse, file(name));
      expect(imported).toMatchObject({
        ok: true,
        value: {
          segmentation: { seriesId: first, segments: [{ segmentLabel: 'kidney' }] },
          notes: [`It was made on the series "${DESCRIPTION}" and lies there.`],
        },
      });
      expect(await test.engine.invoke('listSegmentations', { seriesId: coarse })).toEqual([]);
    },
  );

  it('stay on the series on screen where they fit, unless what they name is to come first', async () => {
    const first = await openOne('first');
    const twin = await openOne('twin');
    expect(twin).not.toBe(first);
    const onScreen = await importOn(twin, seg);
    expect(onScreen).toMatchObject({ ok: true, value: { segmentation: { seriesId: twin } } });
    const named = await importOn(twin, seg, { search: 'named-first' });
    expect(named).toMatchObject({ ok: true, value: { segmentation: { seriesId: first } } });
    const strict = await importOn(await openOne('coarse'), seg, { search: 'here' });
    expect(strict).toMatchObject({ ok: false, error: { code: 'does-not-fit' } });
  });

  it('go by their grid where they name none, but never to one of two that fit alike', async () => {
    const first = await openOne('first');
    const coarse = await openOne('coarse');
    expect(await importOn(coarse, nifti)).toMatchObject({
      ok: true,
      value: {
        segmentation: { seriesId: first },
        notes: [`It fits the series "${DESCRIPTION}" and lies there.`],
      },
    });
    await openOne('twin');
    expect(await importOn(coarse, nifti)).toMatchObject({
      ok: false,
      error: {
        code: 'does-not-fit',
        message: expect.stringContaining(`("${DESCRIPTION}", "Series 3")`) as string,
      },
    });
  });

  it('say which series they refer to where that one is not open, and store nothing', async () => {
    const coarse = await openOne('coarse');
    for (const here of [coarse, null]) {
      const refused = await importOn(here, seg, { search: 'named-first' });
      expect(refused).toMatchObject({
        ok: false,
        error: {
          code: 'does-not-fit',
          message: expect.stringContaining(
            `It refers to the series ${uid} of the study "${DESCRIPTION}" of 2024-01-31, which is not open: open its images first.`,
          ) as string,
        },
      });
    }
    const nowhere = await importOn(null, nifti, { search: 'named-first' });
    expect(nowhere).toMatchObject({ ok: false, error: { code: 'does-not-fit' } });
    expect(await test.engine.invoke('listSegmentations', { seriesId: coarse })).toEqual([]);
  });

  it('are not stored again when they are opened again, also after an edit', async () => {
    const first = await openOne('first');
    const dropped = { search: 'named-first', keepKnown: true } as const;
    const importSeg = () =>
      test.engine.invoke('importSegmentation', { seriesId: null, path: seg, ...dropped });
    const once = await importSeg();
    expect(once.isKnown).toBe(false);
    const { segmentationId } = once.segmentation;
    const twice = await importSeg();
    expect(twice).toMatchObject({ isKnown: true, segmentation: { segmentationId } });
    for (const slices of [[draw(200, 230)], [draw(220, 260)]])
      await test.engine.invoke('paintSegment', {
        segmentationId,
        segmentNumber: 1,
        axis: 'acquired',
        mode: 'add',
        toolLabel: 'Brush',
        slices,
      });
    expect(await importSeg()).toMatchObject({ isKnown: true, segmentation: { segmentationId } });
    // Asked for by hand it is one more, as it is in the file.
    expect(await importOn(first, seg)).toMatchObject({ ok: true, value: { isKnown: false } });
    expect(await test.engine.invoke('listSegmentations', { seriesId: first })).toHaveLength(2);
  });

  it('hold measurements that are the same ones however often they come', async () => {
    const seriesId = await openOne('first');
    const read = () => test.engine.invoke('importMeasurements', { seriesId, path: report });
    expect((await read()).measurements).toHaveLength(1);
    expect((await read()).measurements).toEqual([]);
  });
});
