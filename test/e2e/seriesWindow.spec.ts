import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import { makeNifti } from '../fixtures/makeNifti.js';
import { imagePane } from './pages/imagePane.js';
import { makeFolder } from './support/folder.js';
import { launchIbis, type LaunchedIbis } from './support/launch.js';

const SIDE = 16;
const SLICES = 5;
const values = Int16Array.from(
  { length: SIDE * SIDE * SLICES },
  (_, p) => 1000 * Math.floor(p / (SIDE * SIDE)) + (p % (SIDE * SIDE)),
);

test.describe.serial('the window of a series whose file names none', () => {
  const { folder, remove } = makeFolder('window');
  let ibis: LaunchedIbis;
  test.beforeAll(async () => {
    const file = path.join(folder, 'steps.nii');
    const voxels = new Uint8Array(values.buffer);
    writeFileSync(file, makeNifti({ dimensions: [SIDE, SIDE, SLICES], voxels }));
    ibis = await launchIbis({ args: [file] });
  });
  test.afterAll(async () => {
    await ibis.close();
    remove();
  });

  test('is that of the whole volume, as the policy sees it, not of the slice on screen', async () => {
    const sorted = [...values].sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? NaN;
    const { window } = imagePane(ibis.page);
    await expect
      .poll(
        async () =>
          ((await window.textContent()) ?? '').match(/-?[\d.]+/g)?.map((word) => Number(word)) ??
          [],
        { timeout: 60_000 },
      )
      .toEqual([Math.round(at(0.99) - at(0.01)), Math.round((at(0.99) + at(0.01)) / 2)]);
  });

  test('is what a reset goes back to', async () => {
    const { window } = imagePane(ibis.page);
    const own = (await window.textContent()) ?? '';
    await ibis.page.getByRole('button', { name: 'Window and level preset' }).click();
    await ibis.page.getByRole('menuitem', { name: 'Full range' }).click();
    await expect(window).not.toHaveText(own);
    await ibis.page.getByRole('button', { name: 'Window and level preset' }).click();
    await ibis.page.getByRole('menuitem', { name: 'As stored' }).click();
    await expect(window).toHaveText(own);
  });
});
