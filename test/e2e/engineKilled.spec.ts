import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import {
  clickOnImage,
  countOverlayPixels,
  ibisWindow,
  readStoredSession,
  waitForImage,
} from './pages/ibisWindow.js';
import { demoImageName, launchDemo, longerRequest, skipWithoutPolicy } from './support/demo.js';
import { launchIbis, type LaunchedIbis } from './support/launch.js';

test.describe.serial('when the engine is killed', () => {
  let ibis: LaunchedIbis;
  let dataDir: string;
  test.beforeAll(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'ibis-killed-'));
    ibis = await launchDemo(dataDir);
  });
  test.afterAll(async () => {
    await ibis.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  test.beforeEach(async () => {
    await skipWithoutPolicy(ibis.page);
  });

  test('the window stays, says so, and has a button to go on', async () => {
    const view = ibisWindow(ibis.page);
    await view.request.fill(longerRequest);
    await view.request.blur(); // the keys are for the image again
    await ibis.page.keyboard.press('c');
    await clickOnImage(ibis.page, 0.62, 0.42);
    await expect(view.steps).toHaveCount(1, { timeout: 60_000 });
    await view.run.click();
    const pid = ibis.enginePid();
    if (pid === null) throw new Error('there is no engine to kill');
    process.kill(pid, 'SIGKILL');
    await expect(view.engineStopped).toBeVisible();
    await expect(view.picture).toHaveAccessibleName(demoImageName);
    await expect(view.run).toBeDisabled();
    await ibis.screenshot('engine-stopped');

    await view.restartEngine.click();
    await expect(view.engine).toHaveText(/ready$/, { timeout: 60_000 });
    await expect(view.engineStopped).toHaveCount(0);
  });

  test('nothing that was stored is lost, and the session goes on where it stood', async () => {
    const view = ibisWindow(ibis.page);
    const stored = await readStoredSession(ibis.page);
    expect(stored.steps.length).toBeGreaterThanOrEqual(1);
    expect(stored.steps[0]?.mask?.bounds ?? null).not.toBeNull();
    await expect(view.steps).toHaveCount(stored.steps.length);
    await expect(view.series).toHaveCount(1); // what was open is open again
    await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(100);
    await ibis.page.keyboard.press('x');
    await clickOnImage(ibis.page, 0.3, 0.3);
    await expect(view.problem).toHaveCount(0);
    await expect(view.steps).toHaveCount(stored.steps.length + 1, { timeout: 60_000 });
  });

  test('a session that ran when the whole app died is offered at the next start', async () => {
    const view = ibisWindow(ibis.page);
    const before = await readStoredSession(ibis.page);
    await view.run.click();
    await expect(view.state).toHaveText('Running');
    await ibis.kill();
    ibis = await launchIbis({ dataDir });
    const again = ibisWindow(ibis.page);
    const offer = ibis.page.getByRole('region', { name: 'Interrupted sessions' });
    await expect(offer).toContainText('nothing was lost', { timeout: 60_000 });
    await offer.getByRole('button', { name: 'Resume' }).first().click();
    await expect(again.steps.first()).toBeVisible();
    const stored = await readStoredSession(ibis.page);
    expect(stored.sessionId).toBe(before.sessionId);
    expect(stored.steps.slice(0, before.steps.length)).toEqual(before.steps);
    await waitForImage(ibis.page);
    await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(100);
  });
});
