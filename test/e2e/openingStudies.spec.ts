import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import { encode as encodePng } from 'fast-png';
import { zipSync } from 'fflate';

import { makeNifti } from '../fixtures/makeNifti.js';
import { dicomElement, encodePart10, writeCtFolder } from '../fixtures/makeSeries.js';
import { dropPaths, ibisWindow, openPaths } from './pages/ibisWindow.js';
import { imagePane } from './pages/imagePane.js';
import { makeFolder } from './support/folder.js';
import { ctShape, ctValueAt, writeKnownCt } from './support/knownCt.js';
import { launchIbis, type LaunchedIbis } from './support/launch.js';

const MANY = 6000;

test.describe.serial('opening studies', () => {
  const { folder, remove } = makeFolder('opening');
  const inFolder = (...parts: readonly string[]): string => path.join(folder, ...parts);
  let ibis: LaunchedIbis;
  test.beforeAll(async () => {
    ibis = await launchIbis();
  });
  test.afterAll(async () => {
    await ibis.close();
    remove();
  });

  /** Files of a known CT, by name. */
  function knownFiles(seriesNumber: number): Record<string, Uint8Array> {
    const source = inFolder(`source-${String(seriesNumber)}`);
    mkdirSync(source);
    writeKnownCt(source, { seriesNumber });
    const names = readdirSync(source).sort();
    return Object.fromEntries(names.map((name) => [name, readFileSync(path.join(source, name))]));
  }

  /** What is on screen is the known CT, to the pixel. */
  async function expectKnownCt(): Promise<void> {
    const image = imagePane(ibis.page);
    await expect(image.slice).toHaveText(`4 / ${String(ctShape.slices)}`, { timeout: 60_000 });
    const { column, row, value } = await image.pointAt(0.45, 0.55);
    expect(value).toBe(ctValueAt(column, row, 3));
  }

  test('a zip opens like a folder, and what in it is no image is told', async () => {
    const view = ibisWindow(ibis.page);
    const members = { ...knownFiles(1), 'readme.txt': Buffer.from('Not an image at all.') };
    writeFileSync(inFolder('study.zip'), zipSync(members));
    await openPaths(ibis, [inFolder('study.zip')]);
    await expect(view.series).toHaveText([/Known.*6 images/s]);
    await expectKnownCt();
    await expect(view.refused).toContainText('1 file not opened');
    await expect(view.refused).toContainText('readme.txt');
  });

  test('a DICOMDIR opens the files that it names, and names those that are gone', async () => {
    const view = ibisWindow(ibis.page);
    mkdirSync(inFolder('disc', 'IMAGES'), { recursive: true });
    const records = Object.values(knownFiles(2)).map((bytes, n) => {
      writeFileSync(inFolder('disc', 'IMAGES', `IM${String(n)}`), bytes);
      return [dicomElement(0x00041500, 'CS', `IMAGES\\IM${String(n)}`)];
    });
    const directory = encodePart10([
      dicomElement(0x00080016, 'UI', '1.2.840.10008.1.3.10'), // Media Storage Directory
      dicomElement(0x00041220, 'SQ', [
        ...records,
        [dicomElement(0x00041500, 'CS', 'IMAGES\\GONE')],
      ]),
    ]);
    writeFileSync(inFolder('disc', 'DICOMDIR'), directory);
    await openPaths(ibis, [inFolder('disc', 'DICOMDIR')]);
    await expect(view.series).toHaveCount(2);
    await expect(view.series.nth(1)).toContainText('6 images');
    await expect(view.refused).toContainText('GONE');
    await expect(view.refused).toContainText('The DICOMDIR names this file, but it is not there.');
  });

  test('a NIfTI and a PNG that are dropped together open beside the others', async () => {
    const view = ibisWindow(ibis.page);
    const image = imagePane(ibis.page);
    const [columns, rows, slices] = [40, 30, 5];
    const voxels = Int16Array.from({ length: columns * rows * slices }, (_, n) => n - 2000);
    const nifti = makeNifti({
      dimensions: [columns, rows, slices],
      sform: [2, 0, 0, -40, 0, 2, 0, -30, 0, 0, 3, 0],
      voxels: new Uint8Array(voxels.buffer),
    });
    writeFileSync(inFolder('ramp.nii'), nifti);
    const png = { width: 20, height: 10, channels: 1, depth: 8 } as const;
    const gray = Uint8Array.from({ length: 200 }, (_, n) => n);
    writeFileSync(inFolder('gray.png'), encodePng({ ...png, data: gray }));
    await dropPaths(ibis.page, [inFolder('ramp.nii'), inFolder('gray.png')]);
    await expect(view.series).toHaveCount(4);
    await expect(view.refused).toHaveCount(0);

    await view.series.filter({ hasText: '5 images' }).click();
    await expect(image.slice).toHaveText('3 / 5');
    // RAS as stored, LPS as shown: both image axes are turned.
    const ramp = await image.pointAt(0.4, 0.55);
    const stored = (rows - 1 - ramp.row) * columns + (columns - 1 - ramp.column);
    expect(ramp.value).toBe(stored + 2 * rows * columns - 2000);

    await view.series.filter({ hasText: '20 × 10' }).click();
    await expect(image.slice).toHaveText('1 / 1');
    const { column, row, value } = await image.pointAt(0.4, 0.45);
    expect(value).toBe(20 * row + column);
    await expect(image.pane.getByTestId('letter-left')).toHaveCount(0); // nobody knows its sides
  });

  test('an opening under way shows its progress and can be cancelled; what was open stays', async () => {
    const view = ibisWindow(ibis.page);
    writeCtFolder(inFolder('many'), { rows: 8, columns: 8, slices: MANY });
    await openPaths(ibis, [inFolder('many')]);
    const progress = view.worklist.getByRole('status').filter({ hasText: 'Cancel' });
    await expect(progress).toContainText(/\d of 6,000/);
    await expect(ibis.page.getByRole('button', { name: 'Open', exact: true })).toBeDisabled();
    await progress.getByRole('button', { name: 'Cancel' }).click();
    await expect(view.worklist.getByRole('alert')).toContainText('Nothing of it was opened.');
    await expect(progress).toHaveCount(0);
    await expect(view.series).toHaveCount(4);
    await expect(view.status).toContainText('Ready');
  });

  test('Escape cancels it too, and the same folder can be opened after all', async () => {
    const view = ibisWindow(ibis.page);
    await openPaths(ibis, [inFolder('many')]);
    await expect(view.worklist.getByRole('status')).toContainText(/\d of 6,000/);
    await ibis.page.keyboard.press('Escape');
    await expect(view.worklist.getByRole('alert')).toContainText('Nothing of it was opened.');
    await openPaths(ibis, [inFolder('many')]);
    await expect(view.series.filter({ hasText: '6,000 images' })).toHaveCount(1, {
      timeout: 60_000,
    });
    await expect(view.worklist.getByRole('alert')).toHaveCount(0);
  });
});
