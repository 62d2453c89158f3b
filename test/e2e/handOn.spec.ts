import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { writeSource } from '../contract/export/makeSource.js';
import { dragOnImage } from './pages/drawing.js';
import {
  answerDialogs,
  clickOnImage,
  dropPaths,
  ibisWindow,
  readStoredSession,
  waitForImage,
} from './pages/ibisWindow.js';
import { measurePanel, readMeasurements, readOrigin } from './pages/measurePanel.js';
import { readMasks, readSegmentation, segmentsPanel } from './pages/segmentsPanel.js';
import { makeFolder } from './support/folder.js';
import { launchIbis } from './support/launch.js';
import type { LaunchedIbis } from './support/launch.js';

const SLICES = 7;
const SHOWN = Math.floor(SLICES / 2);

async function drawSegment(page: Page, name: string): Promise<void> {
  const panel = segmentsPanel(page);
  await panel.tab.click();
  await page.keyboard.press('Shift+G');
  await panel.nameField.fill(name);
  await panel.nameField.press('Enter');
  await page.keyboard.press('b');
  await dragOnImage(page, [
    [0.4, 0.4],
    [0.5, 0.45],
  ]);
  await expect(panel.undo).toContainText(`Brush on ${name}`);
}

/** A length on the slice that is shown. */
async function measure(page: Page, label: string): Promise<void> {
  const [x, y] = await readOrigin(page);
  const { settings } = await readStoredSession(page);
  const reply = await page.evaluate((draft) => window.ibis.invoke('addMeasurement', draft), {
    measurementId: crypto.randomUUID(),
    seriesId: settings.seriesId,
    phaseIndex: 0,
    kind: 'length' as const,
    axis: 'acquired' as const,
    sliceIndex: SHOWN,
    points: [
      { x: x + 10, y: y + 10, z: SHOWN * 3 },
      { x: x + 40, y: y + 50, z: SHOWN * 3 },
    ],
    label,
  });
  expect(reply).toMatchObject({ ok: true });
}

test.describe.serial('a case that is handed on without the name of its patient', () => {
  const { folder, remove } = makeFolder('hand-on');
  const study = path.join(folder, 'study');
  let ibis: LaunchedIbis;

  test.beforeAll(async () => {
    writeSource(study, {
      ...{ columns: 96, rows: 80, slices: SLICES, spacingMm: [1, 1.25, 3], origin: [-48, -50, 0] },
      ...{ columnDirection: [1, 0, 0], rowDirection: [0, 1, 0] },
      patientName: 'Zweistein^Albertine',
    });
    ibis = await launchIbis({ args: [study] });
    await waitForImage(ibis.page);
  });
  test.afterAll(async () => {
    await ibis.close();
    remove();
  });

  test('goes with its segments and measurements into one file that names nobody', async () => {
    const { page, app } = ibis;
    const view = ibisWindow(page);
    await page.keyboard.press('c');
    await clickOnImage(page, 0.5, 0.5);
    await expect(view.steps).toHaveCount(1, { timeout: 60_000 });
    await drawSegment(page, 'Nodule of Zweistein');
    await measure(page, 'long axis, Albertine');

    await segmentsPanel(page).agentTab.click();
    await answerDialogs(app, [folder]);
    await view.exportButton.click();
    const choices = page.getByRole('group', { name: 'What to export' });
    const ticked = choices.locator('.el-checkbox.is-checked');
    for (let left = await ticked.count(); left > 0; left -= 1) await ticked.first().click();
    await expect(ticked).toHaveCount(0);
    await choices.getByText('De-identify', { exact: true }).click();
    await choices.getByText('Whole session, to open elsewhere').click();
    await expect(choices).toContainText('It does not name the patient.');
    await ibis.screenshot('hand-on-export');
    await page.setViewportSize({ width: 1280, height: 800 });
    await ibis.screenshot('hand-on-export-small');
    await page.setViewportSize({ width: 1920, height: 1080 });
    await choices.getByRole('button', { name: 'Choose a folder…' }).click();
    await expect(view.exported).toContainText('1 file written', { timeout: 60_000 });
    const bytes = readFileSync(path.join(folder, 'session.ibis'), 'latin1');
    expect(bytes).not.toMatch(/zweistein|albertine|IBIS-TEST/i); // images are stored as they are
  });

  test('opens on a second workstation with the same voxels, and the names that are left', async () => {
    const drawn = await readMasks(ibis.page, 'axial', SHOWN);
    expect(drawn).toHaveLength(1);
    const [measured] = await readMeasurements(ibis.page);
    const second = await launchIbis();
    try {
      const { page } = second;
      await expect(page.getByRole('button', { name: 'Open', exact: true })).toBeEnabled({
        timeout: 60_000,
      });
      await dropPaths(page, [path.join(folder, 'session.ibis')]);
      await waitForImage(page);
      await expect(ibisWindow(page).steps).toHaveCount(1, { timeout: 60_000 });
      expect(await readMasks(page, 'axial', SHOWN)).toEqual(drawn);
      const { segments } = await readSegmentation(page);
      expect(segments.map(({ segmentLabel }) => segmentLabel)).toEqual(['Nodule of']);
      const [received] = await readMeasurements(page);
      expect(received).toMatchObject({ points: measured?.points, label: 'long axis' });
      expect(received?.quantities).toEqual(measured?.quantities);

      const panel = segmentsPanel(page);
      await panel.tab.click();
      await expect(panel.rows).toHaveCount(1);
      await expect(panel.rows.first()).toContainText('Nodule of');
      await expect(panel.undo).toContainText('Brush on Nodule of');
      await second.screenshot('hand-on-received');
      await measurePanel(page).tab.click();
      await expect(measurePanel(page).rows).toHaveCount(1);
      const { worklist } = ibisWindow(page);
      await expect(worklist.getByText(/^IBIS-[0-9A-Z]{8}$/).first()).toBeVisible();
      expect(second.complaints).toEqual([]);
    } finally {
      await second.close();
    }
  });
});
