import { readdirSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import { isUserAct } from '../../src/domain/session.js';
import { findHead, findWay } from '../../src/domain/stepTree.js';
import {
  answerDialogs,
  clickOnImage,
  dropPaths,
  ibisWindow,
  readSession,
  readStoredSession,
  waitForImage,
} from './pages/ibisWindow.js';
import { dragOnImage } from './pages/drawing.js';
import { shareDemoWindow } from './support/demo.js';
import { makeFolder } from './support/folder.js';
import { launchIbis } from './support/launch.js';

/** What any policy would do is left open: the stored trace says what it did, and is held to what the user did. */
test.describe.serial('a reader who takes over from the agent', () => {
  const ibis = shareDemoWindow({ needsPolicy: true });
  const { folder, remove } = makeFolder('takeover');
  test.afterAll(remove);

  test('interrupts the run with a click, and keeps it waiting', async () => {
    const view = ibisWindow(ibis.page);
    await ibis.page.keyboard.press('c');
    await view.run.click();
    await expect(view.state).toHaveText('Running');
    await clickOnImage(ibis.page, 0.56, 0.52);
    const stay = view.session.getByRole('button', { name: 'Stay paused' });
    await expect(view.session.getByText('Going on from your correction')).toBeVisible({
      timeout: 60_000,
    });
    await ibis.screenshot('takeover-going-on');
    await stay.click();
    await expect(view.state).toHaveText('Paused');
    const { steps, runState, stopReason } = await readStoredSession(ibis.page);
    expect({ runState, stopReason }).toEqual({ runState: 'paused', stopReason: null });
    // The turn that was interrupted left nothing: the click is the last word, and its mask is in force.
    expect(steps.at(-1)?.action).toMatchObject({
      kind: 'click',
      click: { label: 'include', placedBy: 'user' },
    });
    expect(steps.at(-1)?.mask?.bounds ?? null).not.toBeNull();
    await expect(view.steps.last()).toContainText('You: include');
    await ibis.page.waitForTimeout(2500); // longer than it would have waited
    expect((await readStoredSession(ibis.page)).steps).toEqual(steps);
  });

  test('lets the agent go on by itself from a lasso drawn while it runs', async () => {
    const view = ibisWindow(ibis.page);
    const before = (await readStoredSession(ibis.page)).steps;
    await ibis.page.keyboard.press('j');
    await view.run.click();
    await expect(view.state).toHaveText('Running');
    await dragOnImage(
      ibis.page,
      [
        [0.5, 0.4], // larger than any mask of the click: it changes something
        [0.72, 0.4],
        [0.72, 0.62],
        [0.5, 0.62],
      ],
      async () => {
        // The hand is on the image: nothing comes under it.
        await expect(view.state).toHaveText('Waiting for you');
        await ibis.screenshot('takeover-drawing');
      },
    );
    await expect(view.state).not.toHaveText(/Running|Waiting|Going on/, { timeout: 120_000 });
    const { steps } = await readStoredSession(ibis.page);
    const lasso = steps.findIndex(
      ({ action }) => action.kind === 'edit' && action.tool === 'lasso',
    );
    expect(lasso).toBeGreaterThanOrEqual(before.length);
    const next = steps[lasso + 1];
    expect(next?.followsStepIndex).toBe(lasso);
    expect(next !== undefined && isUserAct(next.action)).toBe(false);
    await expect(view.steps).toHaveCount(steps.length);
  });

  test('undoes and does again by name, with the keys, and the very steps stand again', async () => {
    const view = ibisWindow(ibis.page);
    const before = await readStoredSession(ibis.page);
    await expect(view.undo).toHaveText(/Undo: the agent’s/);
    const name = (await view.undo.innerText()).replace('Undo: ', '').trim();
    await ibis.page.keyboard.press('Control+z');
    await expect(view.redo).toHaveText(`Redo: ${name}`);
    const undone = await readStoredSession(ibis.page);
    expect(undone.steps.map((step) => step.undone)).toEqual([
      ...before.steps.slice(1).map(() => false),
      true,
    ]);
    await ibis.page.keyboard.press('Control+Shift+Z');
    await expect(view.undo).toHaveText(`Undo: ${name}`);
    const again = await readStoredSession(ibis.page);
    expect(again.steps).toEqual(before.steps);
    const isStop = before.steps.at(-1)?.action.kind === 'terminate';
    expect(again.stopReason).toBe(isStop ? before.stopReason : null);
    expect(again.answer).toBe(before.answer);
  });

  test('goes on from an earlier step with another click, and the later ones are kept as a branch', async () => {
    const view = ibisWindow(ibis.page);
    const before = (await readStoredSession(ibis.page)).steps;
    await view.steps.first().click();
    await expect(view.steps.first()).toHaveClass(/shown/);
    await expect(view.session.getByRole('button', { name: 'Go on from step 1' })).toBeVisible();
    await ibis.page.keyboard.press('x');
    await clickOnImage(ibis.page, 0.62, 0.42);
    const branch = view.session.getByRole('button', { name: /^Steps? 2.* set aside/ });
    await expect(branch).toBeVisible({ timeout: 60_000 });
    const { steps } = await readStoredSession(ibis.page);
    expect(steps).toHaveLength(before.length + 1);
    expect(steps.at(-1)).toMatchObject({
      followsStepIndex: 0,
      undone: false,
      action: { kind: 'click', click: { label: 'exclude', placedBy: 'user' } },
    });
    expect(steps.slice(1, -1).every((step) => step.undone)).toBe(true);
    await expect(view.steps).toHaveCount(2);
    await branch.click();
    await expect(view.steps).toHaveCount(steps.length);
    await ibis.screenshot('takeover-branch');
    await ibis.page.setViewportSize({ width: 1280, height: 800 });
    await ibis.screenshot('takeover-branch-small');
    await ibis.page.setViewportSize({ width: 1920, height: 1080 });
  });

  test('switches to the branch that was set aside, and back', async () => {
    const view = ibisWindow(ibis.page);
    const { steps } = await readStoredSession(ibis.page);
    const last = steps.length - 1;
    await view.session.getByRole('button', { name: /^Go on with: Steps? 2/ }).click();
    const aside = view.session.getByRole('button', {
      name: new RegExp(`^Step ${last + 1} set aside`),
    });
    await expect(aside).toBeVisible();
    const switched = (await readStoredSession(ibis.page)).steps;
    expect(findHead(switched)?.stepIndex).toBe(last - 1);
    expect(switched.filter((step) => !step.undone)).toEqual(
      findWay(switched, last - 1).map((step) => ({ ...step, undone: false })),
    );
    await view.session
      .getByRole('button', { name: `Go on with: Step ${last + 1} set aside` })
      .click();
    await expect(aside).toHaveCount(0);
    expect((await readStoredSession(ibis.page)).steps).toEqual(steps);
  });

  test('exports the whole session as one file, which a second workstation opens', async () => {
    const view = ibisWindow(ibis.page);
    const stored = await readStoredSession(ibis.page);
    await answerDialogs(ibis.app, [folder]);
    await view.exportButton.click();
    const choices = ibis.page.getByRole('group', { name: 'What to export' });
    const ticked = choices.locator('.el-checkbox.is-checked');
    for (let left = await ticked.count(); left > 0; left -= 1) await ticked.first().click();
    await expect(ticked).toHaveCount(0);
    await choices.getByText('Whole session, to open elsewhere').click();
    await ibis.screenshot('takeover-export');
    await choices.getByRole('button', { name: 'Choose a folder…' }).click();
    await expect(view.exported).toContainText('1 file written', { timeout: 60_000 });
    const [name] = readdirSync(folder);
    expect(name).toMatch(/\.ibis$/);
    await ibis.screenshot('takeover-exported');

    const second = await launchIbis();
    try {
      const there = ibisWindow(second.page);
      await expect(second.page.getByRole('button', { name: 'Open', exact: true })).toBeEnabled({
        timeout: 60_000,
      });
      await dropPaths(second.page, [path.join(folder, name ?? '')]);
      await waitForImage(second.page);
      await expect(there.state).toHaveText('Paused', { timeout: 60_000 });
      const received = await readSession(second.page, stored.sessionId);
      expect(received).toEqual(stored);
      await expect(there.steps).toHaveCount(2);
      await expect(
        there.session.getByRole('button', { name: /^Steps? 2.* set aside/ }),
      ).toBeVisible();
      await second.screenshot('takeover-received');
      // On the images that came with it: it can be gone on with.
      await second.page.keyboard.press('Control+z');
      await expect
        .poll(async () => (await readSession(second.page, stored.sessionId)).steps.at(-1)?.undone)
        .toBe(true);
      expect(second.complaints).toEqual([]);
    } finally {
      await second.close();
    }
  });
});
