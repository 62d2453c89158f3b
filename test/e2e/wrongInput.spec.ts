import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import { encode as encodePng } from 'fast-png';

import { dicomElement, encodePart10, uid } from '../fixtures/makeSeries.js';
import { answerDialogs, dropPaths, ibisWindow, waitForImage } from './pages/ibisWindow.js';
import { launchIbis, repoRoot, type LaunchedIbis } from './support/launch.js';

const demo = path.join(repoRoot, 'resources', 'demo', 'colin27');
const slice = (at: number): string => path.join(demo, `slice-${String(at).padStart(3, '0')}.dcm`);

/** A structured report: DICOM without pixels. */
const reportElements = [
  dicomElement(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.88.11'),
  dicomElement(0x00080018, 'UI', uid(88)),
  dicomElement(0x00080060, 'CS', 'SR'),
  dicomElement(0x0020000d, 'UI', uid(88, 1)),
  dicomElement(0x0020000e, 'UI', uid(88, 2)),
];
const brokenNames = [
  'cut-short.dcm',
  'cut-short.png',
  'damaged.nii.gz',
  'damaged.zip',
  'empty.dcm',
  'letter.txt',
  'report.dcm',
];

test.describe.serial('opening what is there', () => {
  let ibis: LaunchedIbis;
  let folder: string;
  test.beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'ibis-mixed-'));
    await mkdir(path.join(folder, 'deep', 'down'), { recursive: true });
    for (const at of [60, 61, 62])
      await copyFile(slice(at), path.join(folder, 'deep', 'down', `${at}.dcm`));
    const whole = await readFile(slice(63));
    await writeFile(
      path.join(folder, 'cut-short.dcm'),
      whole.subarray(0, Math.floor(whole.length / 2)),
    );
    await writeFile(
      path.join(folder, 'letter.txt'),
      'Dear colleague, thank you for referring this patient.',
    );
    await writeFile(path.join(folder, 'empty.dcm'), '');
    await writeFile(path.join(folder, 'damaged.zip'), 'PK\x03\x04 and no directory at its end');
    await writeFile(path.join(folder, 'damaged.nii.gz'), Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]));
    const png = encodePng({ width: 64, height: 64, data: new Uint8Array(4096), channels: 1 });
    await writeFile(path.join(folder, 'cut-short.png'), png.subarray(0, 20));
    await mkdir(path.join(folder, 'half'));
    await writeFile(path.join(folder, 'half', 'half.png'), png.subarray(0, png.length >> 1));
    await writeFile(path.join(folder, 'report.dcm'), encodePart10(reportElements));
    ibis = await launchIbis();
  });
  test.afterAll(async () => {
    await ibis.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('says that nothing is open, and how to open something', async () => {
    await expect(ibis.page.getByRole('heading', { name: 'No study open' })).toBeVisible();
    await expect(ibis.page.getByRole('button', { name: 'Demo study' })).toBeVisible();
  });

  test('opens the good files of a folder and lists the others, each with its reason', async () => {
    const view = ibisWindow(ibis.page);
    await answerDialogs(ibis.app, [folder]);
    await ibis.page.getByRole('main').getByRole('button', { name: 'Open folder' }).click();
    await expect(view.series).toHaveCount(2);
    await expect(view.series.filter({ hasText: '3 images' })).toHaveCount(1);
    await expect(view.refused).toContainText('7 files not opened');
    for (const name of brokenNames)
      await expect(view.refused.getByRole('listitem').filter({ hasText: name })).toHaveCount(1);
    const reasons = await view.refused.locator('.reason').allInnerTexts();
    for (const reason of reasons) expect(reason).toMatch(/^\p{Lu}.{12,}\.$/su);
    await ibis.screenshot('refused-files');
  });

  test('lists what only its pixels show to be broken, and says so in its place on opening', async () => {
    const view = ibisWindow(ibis.page);
    await view.series.filter({ hasText: '64 × 64' }).click();
    await expect(view.image).toContainText('This image could not be read');
    await ibis.screenshot('unreadable-image');
    await view.series.filter({ hasText: '3 images' }).click();
    await waitForImage(ibis.page);
  });

  test('says so where there is nothing to read at all, and keeps what was open', async () => {
    const view = ibisWindow(ibis.page);
    await answerDialogs(ibis.app, [path.join(folder, 'letter.txt')]);
    await ibis.page.keyboard.press('Control+o');
    await expect(view.worklist.getByRole('alert')).toContainText('Nothing in there');
    await expect(view.series).toHaveCount(2);
  });

  test('opens a folder that is dropped on the window', async () => {
    const view = ibisWindow(ibis.page);
    await dropPaths(ibis.page, [demo]);
    await expect(view.series.filter({ hasText: '177 images' })).toHaveCount(1, { timeout: 60_000 });
  });

  test('takes a study off the list without touching its files', async () => {
    const view = ibisWindow(ibis.page);
    const before = await view.worklist.locator('.study').count();
    await view.worklist.locator('.study').first().hover();
    await view.worklist
      .getByRole('button', { name: /off the list/ })
      .first()
      .click();
    await expect(view.worklist.locator('.study')).toHaveCount(before - 1);
    expect((await readFile(slice(60))).length).toBeGreaterThan(1000);
  });
});
