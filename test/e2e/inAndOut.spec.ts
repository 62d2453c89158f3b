import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { writeSource } from '../contract/export/makeSource.js';
import {
  answerDialogs,
  countOverlayPixels,
  ibisWindow,
  openPaths,
  waitForImage,
} from './pages/ibisWindow.js';
import { dragOnImage } from './pages/drawing.js';
import { readMasks, readSegmentations, segmentsPanel } from './pages/segmentsPanel.js';
import { makeFolder } from './support/folder.js';
import { launchIbis } from './support/launch.js';
import type { LaunchedIbis } from './support/launch.js';

const SLICES = 7;
const SHOWN = Math.floor(SLICES / 2);

/** A series that names its patient, with slices stored in reverse. */
const writeStudy = (folder: string): void => {
  writeSource(folder, {
    columns: 96,
    rows: 80,
    slices: SLICES,
    columnDirection: [1, 0, 0],
    rowDirection: [0, 1, 0],
    spacingMm: [1, 1.25, 3],
    origin: [-48, -50, 0],
    reversed: true,
    patientName: 'Zweistein^Albertine',
  });
};

const dicomDialog = (page: Page) => {
  const dialog = page.getByRole('dialog', { name: 'De-identified copy' });
  return {
    dialog,
    attribute: (name: string) => dialog.getByRole('listitem').filter({ hasText: name }),
    /** Its words are pressed: the box itself is drawn. */
    option: (label: string) => dialog.getByText(label, { exact: true }),
    write: dialog.getByRole('button', { name: 'Choose a folder…' }),
    written: dialog.getByRole('region', { name: 'De-identified copies' }),
  };
};

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

const readText = (file: string): string => readFileSync(file, 'latin1');

test.describe.serial('files in and out', () => {
  const { folder, remove } = makeFolder('in-and-out');
  const study = path.join(folder, 'study');
  const out = path.join(folder, 'out');
  let ibis: LaunchedIbis;

  test.beforeAll(async () => {
    writeStudy(study);
    ibis = await launchIbis({ args: [study] });
    await waitForImage(ibis.page);
  });
  test.afterAll(async () => {
    await ibis.close();
    remove();
  });

  async function exportSeg(): Promise<string> {
    const { page, app } = ibis;
    const panel = segmentsPanel(page);
    await answerDialogs(app, [out]);
    await panel.button('Export the segments').click();
    await page.getByRole('button', { name: 'Choose a folder…' }).click();
    await expect(panel.exported).toContainText('segmentation.dcm', { timeout: 60_000 });
    const file = await panel.exported.getByTitle(/segmentation\.dcm$/).getAttribute('title');
    await panel.exported.getByRole('button', { name: 'Dismiss' }).click();
    return String(file);
  }

  async function importFile(file: string, expected: number): Promise<void> {
    const { page, app } = ibis;
    await answerDialogs(app, [file]);
    await segmentsPanel(page).button('Import a segmentation').click();
    await expect.poll(async () => (await readSegmentations(page)).length).toBe(expected);
  }

  test('a SEG is imported, edited, exported and imported again, voxel for voxel', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    await panel.tab.click();
    await page.keyboard.press('Shift+G');
    await panel.nameField.fill('Nodule');
    await panel.nameField.press('Enter');
    await page.keyboard.press('b');
    await dragOnImage(page, [
      [0.4, 0.4],
      [0.5, 0.45],
    ]);
    await expect(panel.undo).toContainText('Brush on Nodule');
    const drawn = await readMasks(page, 'axial', SHOWN);
    expect(drawn).toHaveLength(1);

    const seg = await exportSeg();
    await importFile(seg, 2);
    expect(await readMasks(page, 'axial', SHOWN)).toEqual(drawn);

    await dragOnImage(page, [
      [0.6, 0.6],
      [0.65, 0.55],
    ]);
    await expect(panel.undo).toContainText('Brush on Nodule');
    const edited = await readMasks(page, 'axial', SHOWN);
    expect(edited).not.toEqual(drawn);

    const second = await exportSeg();
    expect(path.basename(path.dirname(second))).toBe('ibis-2');
    await importFile(second, 3);
    expect(await readMasks(page, 'axial', SHOWN)).toEqual(edited);
    expect((await readSegmentations(page)).at(-1)?.segments[0]?.segmentLabel).toBe('Nodule');
    await expect.poll(() => countOverlayPixels(page)).toBeGreaterThan(100);
    await ibis.screenshot('seg-reimported');
  });

  test('a de-identified copy is seen before it is written, and names nobody', async () => {
    const { page, app } = ibis;
    const { worklist } = ibisWindow(page);
    const { dialog, attribute, option, write, written } = dicomDialog(page);
    await worklist.getByRole('button', { name: /^De-identified copy of the study of/ }).click();
    await expect(attribute('PatientName')).toContainText('Zweistein^Albertine');
    await expect(attribute('PatientName')).toContainText(/IBIS-[0-9A-Z]{8}/);
    await expect(attribute('StudyDescription')).toContainText('removed');
    await option('Keep descriptions, cleaned').click();
    await expect(attribute('StudyDescription')).toHaveCount(0);
    await ibis.screenshot('deidentify');
    await page.setViewportSize({ width: 1280, height: 800 });
    await ibis.screenshot('deidentify-small');
    await page.setViewportSize({ width: 1600, height: 1000 });

    const copies = path.join(folder, 'copies');
    await answerDialogs(app, [copies]);
    await write.click();
    await expect(written).toContainText(`${String(SLICES)} files written`, { timeout: 60_000 });
    const files = filesBelow(copies);
    expect(files).toHaveLength(SLICES);
    for (const file of files) {
      expect(readText(file)).not.toMatch(/zweistein|albertine|IBIS-TEST|19700101|20240131/i);
      expect(readText(file)).not.toContain('1.2.826.0.1.3680043.2.1125');
      expect(readText(file)).toContain('Made for a test');
    }
    await ibis.screenshot('deidentify-written');
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
  });

  test('de-identified segments refer to the images of that copy', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    await panel.button('Export the segments').click();
    const menu = page.getByRole('group', { name: 'What to export' });
    await menu.getByText('De-identify', { exact: true }).click();
    await ibis.screenshot('deidentify-export');
    await page.keyboard.press('Escape');
    const seg = readText(await exportSeg());
    expect(seg).not.toMatch(/zweistein|albertine|IBIS-TEST/i);
    const uidOf = (file: string): string =>
      /\x08\x00\x18\x00UI..([0-9.]+)/.exec(readText(file))?.[1] ?? 'none';
    const instances = filesBelow(path.join(folder, 'copies')).map(uidOf);
    expect(new Set(instances).size).toBe(SLICES);
    expect(instances.filter((uid) => seg.includes(uid))).toHaveLength(1);
  });

  test('the copy opens as a study of its own', async () => {
    await openPaths(ibis, [path.join(folder, 'copies')]);
    const { worklist } = ibisWindow(ibis.page);
    await expect(worklist.getByText(/^IBIS-[0-9A-Z]{8}$/).first()).toBeVisible({ timeout: 60_000 });
  });
});
