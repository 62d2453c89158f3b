import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import { answerDialogs, ibisWindow, waitForImage } from './pages/ibisWindow.js';
import { launchIbis, repoRoot, type LaunchedIbis } from './support/launch.js';

const demo = path.join(repoRoot, 'resources', 'demo', 'colin27');
const slice = (at: number): string => path.join(demo, `slice-${String(at).padStart(3, '0')}.dcm`);

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
    await expect(view.series).toHaveCount(1);
    await expect(view.series.first()).toContainText('3 images');
    await waitForImage(ibis.page);
    await expect(view.refused).toContainText('3 files not opened');
    for (const name of ['cut-short.dcm', 'letter.txt', 'empty.dcm'])
      await expect(view.refused).toContainText(name);
    for (const reason of await view.refused.locator('.reason').allInnerTexts())
      expect(reason).toMatch(/^\p{Lu}.{12,}\.$/su);
    await ibis.screenshot('refused-files');
  });

  test('says so where there is nothing to read at all, and keeps what was open', async () => {
    const view = ibisWindow(ibis.page);
    await answerDialogs(ibis.app, [path.join(folder, 'letter.txt')]);
    await ibis.page.keyboard.press('Control+o');
    await expect(view.worklist.getByRole('alert')).toContainText('Nothing in there');
    await expect(view.series).toHaveCount(1);
  });

  test('opens a folder that is dropped on the window', async () => {
    const view = ibisWindow(ibis.page);
    const devtools = await ibis.page.context().newCDPSession(ibis.page);
    const data = { items: [], files: [demo], dragOperationsMask: 1 };
    for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
      await devtools.send('Input.dispatchDragEvent', { type, x: 500, y: 400, data });
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
