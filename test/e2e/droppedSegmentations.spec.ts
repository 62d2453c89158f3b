import path from 'node:path';

import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { packMask } from '../../src/domain/mask.js';
import type { Segmentation } from '../../src/domain/segmentation.js';
import { axialShape, writeSource } from '../contract/export/makeSource.js';
import { countOverlayPixels, dropPaths, ibisWindow, waitForImage } from './pages/ibisWindow.js';
import { segmentsPanel } from './pages/segmentsPanel.js';
import { makeFolder } from './support/folder.js';
import { launchIbis } from './support/launch.js';
import type { LaunchedIbis } from './support/launch.js';

const shape = { ...axialShape, columns: 96, rows: 80, slices: 7 };

/**
 * A SEG of one segment on the series in `folder`, made by the engine of the window; images and segmentation are gone from
 * it afterwards.
 */
async function writeSeg(
  page: Page,
  folder: string,
  { segmentLabel, outDir }: { readonly segmentLabel: string; readonly outDir: string },
): Promise<string> {
  const { columns: width, rows: height } = shape;
  const isInside = (at: number): boolean =>
    Math.hypot((at % width) - 40, Math.floor(at / width) - 40) < 15;
  const data = Uint8Array.from({ length: width * height }, (_, at) => Number(isInside(at)));
  const { bits, ...region } = packMask({ width, height, data });
  return page.evaluate(
    async (asked) => {
      const { ibis } = window;
      const opened = await ibis.invoke('openPaths', { paths: [asked.folder], jobId: 'made' });
      if (!opened.ok) throw new Error(opened.error.message);
      const [study] = opened.value.studies;
      const seriesId = study?.series[0]?.seriesId;
      if (study === undefined || seriesId === undefined) throw new Error('no series was made');
      const made = await ibis.invoke('createSegmentation', {
        ...{ seriesId, phaseIndex: 0, segmentationLabel: 'Made before' },
      });
      if (!made.ok) throw new Error(made.error.message);
      const { segmentationId } = made.value;
      await ibis.invoke('addSegment', { segmentationId, segmentLabel: asked.segmentLabel });
      const mask = { ...asked.region, bits: Uint8Array.from(asked.bits) };
      const painted = await ibis.invoke('paintSegment', {
        ...{ segmentationId, segmentNumber: 1, axis: 'acquired', mode: 'add', toolLabel: 'Brush' },
        slices: [2, 3, 4].map((sliceIndex) => ({ sliceIndex, region: mask })),
      });
      if (!painted.ok) throw new Error(painted.error.message);
      const written = await ibis.invoke('exportSegmentation', {
        ...{ segmentationId, formats: ['seg'], outDir: asked.outDir, deidentify: null },
      });
      if (!written.ok) throw new Error(written.error.message);
      await ibis.invoke('deleteSegmentation', { segmentationId });
      await ibis.invoke('closeStudy', { studyId: study.studyId });
      return written.value.files[0] ?? '';
    },
    { folder, segmentLabel, outDir, region, bits: [...bits] },
  );
}

/** What is stored of each open series, by its description. */
const readStored = (page: Page): Promise<Record<string, readonly Segmentation[]>> =>
  page.evaluate(async () => {
    const studies = await window.ibis.invoke('listStudies', {});
    if (!studies.ok) throw new Error(studies.error.message);
    const stored: Record<string, readonly Segmentation[]> = {};
    for (const { seriesId, description } of studies.value.flatMap((study) => study.series)) {
      const reply = await window.ibis.invoke('listSegmentations', { seriesId });
      if (!reply.ok) throw new Error(reply.error.message);
      stored[description] = reply.value;
    }
    return stored;
  });

const countStored = async (page: Page): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.entries(await readStored(page)).map(([name, list]) => [name, list.length]),
  );

test.describe.serial('segmentations that are dropped', () => {
  const { folder, remove } = makeFolder('dropped-segmentations');
  const study = path.join(folder, 'study');
  const other = path.join(folder, 'other');
  let seg = '';
  let otherSeg = '';
  let ibis: LaunchedIbis;

  test.beforeAll(async () => {
    writeSource(path.join(study, 'images'), shape);
    writeSource(other, { ...shape, series: 2, spacingMm: [1, 1, 4] });
    ibis = await launchIbis();
    const { page } = ibis;
    const open = page.getByRole('button', { name: 'Open', exact: true });
    await expect(open).toBeEnabled({ timeout: 60_000 }); // the engine is there
    seg = await writeSeg(page, path.join(study, 'images'), {
      segmentLabel: 'Kidney',
      outDir: path.join(study, 'seg'),
    });
    otherSeg = await writeSeg(page, other, {
      segmentLabel: 'Liver',
      outDir: path.join(folder, 'other-seg'),
    });
  });
  test.afterAll(async () => {
    await ibis.close();
    remove();
  });

  test('alone, before its images, is refused with the series that it refers to', async () => {
    const { page } = ibis;
    const { refused, series } = ibisWindow(page);
    await dropPaths(page, [seg]);
    await expect(refused).toContainText('open its images first', { timeout: 60_000 });
    await expect(refused).toContainText('1.2.826.0.1.3680043.2.1125.1.1');
    await expect(series).toHaveCount(0);
    expect(await countStored(page)).toEqual({});
    await ibis.screenshot('dropped-seg-refused');
  });

  test('together with its images: these are opened, and it lies on them', async () => {
    const { page } = ibis;
    const { series, refused } = ibisWindow(page);
    const panel = segmentsPanel(page);
    await dropPaths(page, [study]);
    await waitForImage(page);
    await expect(panel.rows).toHaveText([/Kidney/], { timeout: 60_000 });
    await expect(series).toHaveCount(1);
    await expect(refused).toBeHidden();
    expect(await countStored(page)).toEqual({ 'Made for a test': 1 });
    await expect.poll(() => countOverlayPixels(page)).toBeGreaterThan(100);
    await ibis.screenshot('dropped-seg');
  });

  test('once more: what is there already is shown, and nothing is doubled', async () => {
    const { page } = ibis;
    await dropPaths(page, [study]);
    await expect(segmentsPanel(page).panel).toContainText('It had been imported before', {
      timeout: 60_000,
    });
    expect(await countStored(page)).toEqual({ 'Made for a test': 1 });
  });

  test('of another open series: it goes there, and that series is shown', async () => {
    const { page } = ibis;
    const { series, picture } = ibisWindow(page);
    const panel = segmentsPanel(page);
    await dropPaths(page, [other]);
    await expect(series).toHaveCount(2, { timeout: 60_000 });
    await dropPaths(page, [study]); // what is looked at when the other's file comes
    await expect(panel.rows).toHaveText([/Kidney/], { timeout: 60_000 });
    await dropPaths(page, [otherSeg]);
    await expect(panel.rows).toHaveText([/Liver/], { timeout: 60_000 });
    await expect(panel.panel).toContainText('It was made on the series "Series 2" and lies there.');
    await expect(picture).toHaveAccessibleName(/image \d+ of 7/);
    expect(await countStored(page)).toEqual({ 'Made for a test': 1, 'Series 2': 1 });
    await ibis.screenshot('dropped-seg-elsewhere');
    await page.setViewportSize({ width: 1280, height: 800 });
    await ibis.screenshot('dropped-seg-elsewhere-small');
  });
});
