import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { segmentationFormats } from '../../../src/contract/segmentationFormats.js';
import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import { packMask, unpackMask } from '../../../src/domain/mask.js';
import { writeSource } from '../export/makeSource.js';
import { seriesShapes } from '../segmentations/segmentationCase.js';
import { makeDataDir, openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';

describe('segmentations in and out of the engine', () => {
  const dataDir = makeDataDir();
  const outDir = path.join(dataDir, 'out');
  let test: TestEngine;
  let seriesId: SeriesId;
  let segmentationId: SegmentationId;

  /** Segment label -> slice -> set pixels, as the window would draw them. */
  const look = async (id: SegmentationId): Promise<Record<string, Record<number, string>>> => {
    const { segments, dimensions } = await test.engine.invoke('getSegmentation', {
      segmentationId: id,
    });
    const seen: Record<string, Record<number, string>> = {};
    for (let sliceIndex = 0; sliceIndex < dimensions[2]; sliceIndex++) {
      const { masks } = await test.engine.invoke('getSegmentMasks', {
        segmentationId: id,
        axis: 'acquired',
        sliceIndex,
      });
      for (const { segmentNumber, mask } of masks) {
        const label = segments.find((one) => one.segmentNumber === segmentNumber)?.segmentLabel;
        (seen[label ?? ''] ??= {})[sliceIndex] = unpackMask(mask).data.join('');
      }
    }
    return seen;
  };

  const paint = (segmentNumber: number, sliceIndex: number, from: number, to: number) => {
    const data = new Uint8Array(23 * 17).fill(1, from, to);
    return test.engine.invoke('paintSegment', {
      segmentationId,
      segmentNumber,
      axis: 'acquired',
      mode: 'add',
      toolLabel: 'Brush',
      slices: [{ sliceIndex, region: packMask({ width: 23, height: 17, data }) }],
    });
  };

  beforeAll(async () => {
    test = await openTestEngine({ dataDir });
    const folder = path.join(dataDir, 'series');
    writeSource(folder, seriesShapes[1]?.shape ?? expect.fail());
    const { studies } = await test.engine.invoke('openPaths', { paths: [folder], jobId: 'open' });
    seriesId = studies[0]?.series[0]?.seriesId ?? expect.fail();
    ({ segmentationId } = await test.engine.invoke('createSegmentation', {
      seriesId,
      phaseIndex: 0,
      segmentationLabel: 'Both kidneys',
    }));
    for (const segmentLabel of ['left kidney', 'right kidney'])
      await test.engine.invoke('addSegment', { segmentationId, segmentLabel });
    await paint(1, 2, 30, 95);
    await paint(1, 3, 20, 99);
    await paint(2, 3, 200, 260);
  });
  afterAll(async () => {
    await test.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('writes each format, and imports what holds voxels as new segmentations that look alike', async () => {
    const { files, notes } = await test.engine.invoke('exportSegmentation', {
      segmentationId,
      formats: [...segmentationFormats],
      outDir,
    });
    expect(notes).toEqual([]);
    expect(files.map((file) => path.relative(outDir, file)).sort()).toEqual([
      'coco.json',
      path.join('overlays', 'slice-003.png'),
      path.join('overlays', 'slice-004.png'),
      'rtstruct.dcm',
      'segmentation-labelmap.dcm',
      'segmentation.dcm',
      'segmentation.seg.nrrd',
      'series-3_desc-BothKidneys_dseg.json',
      'series-3_desc-BothKidneys_dseg.nii.gz',
      'series-3_desc-BothKidneys_dseg.tsv',
      'statistics.csv',
      'surface-1-left-kidney.stl',
      'surface-2-right-kidney.stl',
    ]);
    const drawn = await look(segmentationId);
    const own = await test.engine.invoke('getSegmentation', { segmentationId });
    for (const file of files.filter((one) => /\.(?:dcm|nii\.gz|nrrd)$/.test(one))) {
      const imported = await test.engine.invoke('importSegmentation', { seriesId, path: file });
      expect(imported.notes).toEqual([]);
      expect(imported.segmentation.segments, file).toEqual(own.segments);
      expect(await look(imported.segmentation.segmentationId), file).toEqual(drawn);
    }
    const all = await test.engine.invoke('listSegmentations', { seriesId });
    expect(all).toHaveLength(6);
  });

  it('measures what it writes: the statistics are those that the window shows', async () => {
    const [head = '', left = ''] = readFileSync(path.join(outDir, 'statistics.csv'), 'utf8').split(
      '\r\n',
    );
    const cells = Object.fromEntries(head.split(',').map((name, n) => [name, left.split(',')[n]]));
    const measured = await test.engine.invoke('computeSegmentStatistics', {
      segmentationId,
      segmentNumber: 1,
    });
    expect(cells['label']).toBe('left kidney');
    expect(Number(cells['voxels'])).toBe(65 + 79);
    expect(Number(cells['volume_ml'])).toBeCloseTo(measured.volumeMl ?? NaN, 4);
    expect(Number(cells['mean'])).toBeCloseTo(measured.values?.mean ?? NaN, 2);
    expect(Number(cells['longest_axis_mm'])).toBeCloseTo(measured.longestAxisMm ?? NaN, 2);
  });

  it('leaves an earlier export alone, and says where the new one lies', async () => {
    const before = readFileSync(path.join(outDir, 'segmentation.dcm'));
    const { files, notes } = await test.engine.invoke('exportSegmentation', {
      segmentationId,
      formats: ['seg'],
      outDir,
    });
    expect(files).toEqual([path.join(outDir, 'ibis-2', 'segmentation.dcm')]);
    expect(notes).toEqual(['The folder held an export already: this one lies in "ibis-2".']);
    expect(readFileSync(path.join(outDir, 'segmentation.dcm'))).toEqual(before);
  });

  it('refuses with a code what cannot be imported, and stores nothing of it', async () => {
    const folder = path.join(dataDir, 'wrong');
    mkdirSync(folder);
    const stl = path.join(folder, 'a.stl');
    writeFileSync(stl, 'solid a');
    const count = (await test.engine.invoke('listSegmentations', { seriesId })).length;
    const tried = (place: string) =>
      test.engine.call('importSegmentation', { seriesId, phaseIndex: 0, path: place });
    expect(await tried(stl)).toMatchObject({ ok: false, error: { code: 'unsupported-format' } });
    expect(await tried('segmentation.dcm')).toMatchObject({ ok: false, error: { code: 'usage' } });
    expect(await tried(path.join(folder, 'absent'))).toMatchObject({
      ok: false,
      error: { code: 'not-found' },
    });
    expect(await test.engine.invoke('listSegmentations', { seriesId })).toHaveLength(count);
  });
});
