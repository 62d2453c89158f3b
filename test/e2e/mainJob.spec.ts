import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import {
  answerDialogs,
  countOverlayPixels,
  ibisWindow,
  readSession,
  readStoredSession,
  waitForImage,
} from './pages/ibisWindow.js';
import { demo, demoImageName, skipWithoutPolicy } from './support/demo.js';
import { launchIbis, type LaunchedIbis } from './support/launch.js';

/** Finds the demo's session in the list. */
const targetWord = /(\w+)\W*$/.exec(demo.prompt)?.[1] ?? '';

/** Of the installed policy. */
const readTargetNames = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const reply = await window.ibis.invoke('listModels', {});
    if (!reply.ok) throw new Error(reply.error.message);
    const policy = reply.value.find(({ role, targets }) => role === 'policy' && targets.length > 0);
    return policy?.targets.map(({ name }) => name) ?? [];
  });

test.describe.serial('the main job', () => {
  let ibis: LaunchedIbis;
  let outDir: string;
  /** Scale bar and letters are drawn on the same layer as mask and marks. */
  let bareOverlayPixels: number;
  test.beforeAll(async () => {
    outDir = await mkdtemp(path.join(os.tmpdir(), 'ibis-export-'));
    ibis = await launchIbis({ args: ['--demo'] });
  });
  test.afterAll(async () => {
    await ibis.close();
    await rm(outDir, { recursive: true, force: true });
  });

  test('opens the demo study on its slice with its request ready to run', async () => {
    const view = ibisWindow(ibis.page);
    await waitForImage(ibis.page);
    await expect(view.series).toHaveCount(1);
    await expect(view.picture).toHaveAccessibleName(demoImageName);
    await expect(view.request).toHaveValue(demo.prompt);
    await expect(view.image.locator('canvas.overlay')).toBeVisible();
    await ibis.page.waitForTimeout(500); // the last thing drawn is the scale bar
    bareOverlayPixels = await countOverlayPixels(ibis.page);
  });

  test('runs the policy until it stops, each step stored before it is shown', async () => {
    await skipWithoutPolicy(ibis.page);
    const view = ibisWindow(ibis.page);
    await view.run.click();
    await expect(view.steps.first()).toBeVisible({ timeout: 60_000 });
    // What is on screen is never ahead of the store.
    const shown = await view.steps.count();
    expect((await readStoredSession(ibis.page)).steps.length).toBeGreaterThanOrEqual(shown);
    await expect(view.state).not.toHaveText('Running', { timeout: 120_000 });

    const stored = await readStoredSession(ibis.page);
    expect(stored.runState).toBe('stopped');
    expect(stored.settings.target.text).toBe(demo.prompt);
    const masks = stored.steps.filter((step) => (step.mask?.bounds ?? null) !== null);
    expect(masks.length).toBeGreaterThan(0);
    for (const step of stored.steps) expect(step.policyText).toContain('<action>');

    await expect(view.steps).toHaveCount(stored.steps.length);
    await expect(view.steps.first()).toContainText(stored.steps[0]?.reasoning.slice(0, 40) ?? '');
    await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(bareOverlayPixels + 100);
    await ibis.screenshot('main-job');
  });

  test('looks back at the first step, on the image too, and forward again', async () => {
    await skipWithoutPolicy(ibis.page);
    const view = ibisWindow(ibis.page);
    const latest = await countOverlayPixels(ibis.page);
    await view.session.getByRole('button', { name: 'First step' }).click();
    await expect(view.steps.first()).toHaveClass(/shown/);
    const stored = await readStoredSession(ibis.page);
    if (stored.steps.length > 2)
      await expect.poll(() => countOverlayPixels(ibis.page)).not.toBe(latest);
    await view.session.getByRole('button', { name: 'Latest step' }).click();
    await expect.poll(() => countOverlayPixels(ibis.page)).toBe(latest);
  });

  test('accepts with a key, and the decision is stored', async () => {
    await skipWithoutPolicy(ibis.page);
    const view = ibisWindow(ibis.page);
    await view.image.hover();
    await ibis.page.keyboard.press('Control+Enter');
    await expect(view.state).toHaveText('Accepted');
    expect((await readStoredSession(ibis.page)).decision).toBe('accepted');
    await expect(view.accept).toBeDisabled();
  });

  test('exports the SEG, the NIfTI, the trace and the picture, and says where', async () => {
    await skipWithoutPolicy(ibis.page);
    const view = ibisWindow(ibis.page);
    await answerDialogs(ibis.app, [outDir]);
    const choose = ibis.page.getByRole('button', { name: 'Choose a folder…' });
    await view.exportButton.click();
    await expect(choose).toBeVisible();
    await ibis.page.keyboard.press('Escape');
    await expect(choose).toBeHidden();
    await view.exportButton.click();
    await choose.click();
    await expect(view.exported).toContainText('files written', { timeout: 30_000 });
    for (const name of ['seg.dcm', 'mask.nii.gz', 'trace.jsonl', 'overlay.png']) {
      await expect(view.exported).toContainText(name);
      expect((await stat(path.join(outDir, name))).size).toBeGreaterThan(100);
    }
    const trace = await readFile(path.join(outDir, 'trace.jsonl'), 'utf8');
    expect(trace).toContain('For research use only, not for diagnosis');
    const stored = await readStoredSession(ibis.page);
    expect(trace.match(/"kind":"step"/g)).toHaveLength(stored.steps.length);
  });

  test('finds the session again in the list, by its request, and replays it', async () => {
    await skipWithoutPolicy(ibis.page);
    const view = ibisWindow(ibis.page);
    await view.session.getByRole('button', { name: 'New request' }).click();
    await expect(view.steps).toHaveCount(0);
    await expect.poll(() => countOverlayPixels(ibis.page)).toBe(bareOverlayPixels);

    await view.sessions.click();
    await view.worklist.getByLabel('Search sessions').fill('spleen');
    await expect(view.storedSessions).toHaveCount(0);
    await view.worklist.getByLabel('Search sessions').fill(targetWord);
    await expect(view.storedSessions).toHaveCount(1);
    await view.storedSessions.first().click();

    const stored = await readStoredSession(ibis.page);
    const again = await readSession(ibis.page, stored.sessionId);
    expect(again).toEqual(stored);
    await expect(view.steps).toHaveCount(stored.steps.length);
    await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(bareOverlayPixels + 100);
  });

  test('warns of a request that the policy was not trained for, before it is run', async () => {
    await skipWithoutPolicy(ibis.page);
    const view = ibisWindow(ibis.page);
    await view.session.getByRole('button', { name: 'New request' }).click();
    await view.request.fill('Segment the gallbladder.');
    const warning = view.session.locator('.notice.warn');
    await expect(warning).toBeVisible();
    await ibis.page.setViewportSize({ width: 1280, height: 800 });
    await warning.getByRole('button', { name: /^\d+ targets$/ }).click();
    const known = ibis.page.getByRole('list', { name: 'Targets that the policy was trained for' });
    await expect(known.getByRole('listitem')).toHaveText(await readTargetNames(ibis.page));
    await ibis.screenshot('untrained-request-small');
    await ibis.page.keyboard.press('Escape');
    await expect(known).toBeHidden();
    await expect(warning).toBeVisible();
    await ibis.page.setViewportSize({ width: 1920, height: 1080 });
    await view.request.fill(demo.prompt);
    await expect(view.session.locator('.notice.warn')).toHaveCount(0);
  });

  test('runs with Enter from the request, after which the keys are for the image again', async () => {
    await skipWithoutPolicy(ibis.page);
    const view = ibisWindow(ibis.page);
    await view.request.press('Enter');
    await expect(view.steps.first()).toBeVisible({ timeout: 60_000 });
    await expect(view.request).not.toBeFocused();
    await ibis.page.keyboard.press('ArrowDown');
    await expect(view.picture).not.toHaveAccessibleName(demoImageName);
    await expect(view.state).not.toHaveText('Running', { timeout: 120_000 });
    expect((await readStoredSession(ibis.page)).settings.sliceIndex).toBe(demo.sliceIndex);
  });

  test('never complained to the console', () => {
    // The graphics driver warns of slowness where a picture of the window is taken, nothing else may.
    const harmless = /GPU stall due to ReadPixels/;
    expect(ibis.complaints.filter((line) => !harmless.test(line))).toEqual([]);
  });
});
