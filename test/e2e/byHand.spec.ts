import { expect, test } from '@playwright/test';

import {
  clickOnImage,
  countOverlayPixels,
  ibisWindow,
  readStoredSession,
} from './pages/ibisWindow.js';
import { demoImageName, shareDemoWindow } from './support/demo.js';

test.describe.serial('a reader who takes over', () => {
  const ibis = shareDemoWindow({ needsPolicy: true });

  test('begins by hand with an include click, which gets a mask', async () => {
    const view = ibisWindow(ibis.page);
    await ibis.page.keyboard.press('c');
    await expect(view.tool('Include click')).toHaveAttribute('aria-pressed', 'true');
    await clickOnImage(ibis.page, 0.62, 0.42);
    await expect(view.steps).toHaveCount(1, { timeout: 60_000 });
    const { steps, clicks } = await readStoredSession(ibis.page);
    expect(steps).toHaveLength(1);
    expect(clicks).toMatchObject([{ label: 'include', placedBy: 'user' }]);
    expect(steps[0]?.mask?.bounds ?? null).not.toBeNull();
    await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(100);
  });

  test('adds an exclude click with the key for it', async () => {
    const view = ibisWindow(ibis.page);
    await ibis.page.keyboard.press('x');
    await clickOnImage(ibis.page, 0.3, 0.3);
    await expect(view.steps).toHaveCount(2);
    const { clicks } = await readStoredSession(ibis.page);
    expect(clicks.map((click) => click.label)).toEqual(['include', 'exclude']);
  });

  test('undoes and does again, and the trace keeps all of it', async () => {
    const view = ibisWindow(ibis.page);
    await ibis.page.keyboard.press('Control+z');
    const takenBack = view.session.getByRole('button', { name: /^Step 2 taken back/ });
    await expect(takenBack).toBeVisible();
    expect((await readStoredSession(ibis.page)).clicks).toHaveLength(1);
    await expect(view.session.getByRole('button', { name: 'Redo: exclude click 2' })).toBeEnabled();
    await ibis.page.keyboard.press('Control+Shift+Z');
    await expect(takenBack).toHaveCount(0);
    await expect(view.session.getByRole('button', { name: 'Undo: exclude click 2' })).toBeEnabled();
    const stored = await readStoredSession(ibis.page);
    expect(stored.clicks).toHaveLength(2);
    expect(stored.steps.map((step) => step.undone)).toEqual([false, false]);
  });

  test('removes a click from its step, and the others are segmented anew', async () => {
    const view = ibisWindow(ibis.page);
    const before = await readStoredSession(ibis.page);
    await view.steps.nth(1).hover();
    await view.session.getByRole('button', { name: 'Remove the click of step 2' }).click();
    await expect(view.steps).toHaveCount(before.steps.length + 1);
    const stored = await readStoredSession(ibis.page);
    expect(stored.clicks).toHaveLength(before.clicks.length - 1);
    expect(stored.steps.at(-1)?.action.kind).toBe('remove-click');
  });

  test('lets the policy take one step, and stands still after it', async () => {
    const view = ibisWindow(ibis.page);
    const before = (await readStoredSession(ibis.page)).steps.length;
    await view.step.click();
    await expect
      .poll(async () => (await readStoredSession(ibis.page)).steps.length)
      .toBe(before + 1);
    await expect(view.state).not.toHaveText('Running');
    await expect(view.steps).toHaveCount(before + 1);
  });

  test('stops a run within a token, and what was stored stays', async () => {
    const view = ibisWindow(ibis.page);
    await view.run.click();
    // The run may be over before the key is pressed: both ends are good ones, a hanging run is not.
    await ibis.page.keyboard.press('Escape');
    await expect(view.state).not.toHaveText('Running', { timeout: 5_000 });
    const stored = await readStoredSession(ibis.page);
    await expect(view.steps).toHaveCount(stored.steps.length);
  });

  test('is accepted as edited, since a hand was in it', async () => {
    const view = ibisWindow(ibis.page);
    await view.accept.click();
    await expect(view.state).toHaveText('Accepted after editing');
    expect((await readStoredSession(ibis.page)).decision).toBe('edited');
  });

  test('hides the masks and shows them again', async () => {
    await ibis.page.keyboard.press('h');
    await expect.poll(() => countOverlayPixels(ibis.page)).toBeLessThan(5_000);
    await ibis.page.keyboard.press('h');
    await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(0);
  });

  test('refuses a click on another slice than the session is about, and says so', async () => {
    const view = ibisWindow(ibis.page);
    await view.session.getByRole('button', { name: 'New request' }).click();
    await ibis.page.keyboard.press('c');
    await clickOnImage(ibis.page, 0.62, 0.42);
    await expect(view.steps).toHaveCount(1, { timeout: 60_000 });
    await ibis.page.keyboard.press('ArrowDown');
    await expect(view.picture).not.toHaveAccessibleName(demoImageName);
    await clickOnImage(ibis.page, 0.62, 0.42);
    await expect(view.problem).toContainText('another slice');
    await view.session.getByRole('button', { name: 'Go to it' }).click();
    await expect(view.picture).toHaveAccessibleName(demoImageName);
  });
});
