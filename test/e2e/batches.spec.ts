import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import Database from 'better-sqlite3';

import { databaseFile } from '../../src/engine/store/index.js';
import { drawDisk, png } from '../contract/cli/diskImage.js';
import { batchPanel, readBatch, readReviews, readSummaries } from './pages/batchPanel.js';
import { hasPolicy, ibisWindow, openPaths, waitForImage } from './pages/ibisWindow.js';
import { makeFolder } from './support/folder.js';
import { launchIbis, type LaunchedIbis } from './support/launch.js';

/** Four pictures and one whose pixels are cut short: it is listed, and fails when it is read. */
function writePictures(folder: string): void {
  mkdirSync(folder);
  for (const [n, side] of [200, 220, 240, 260].entries())
    writeFileSync(
      path.join(folder, `case-${String(n + 1)}.png`),
      png(drawDisk(side, 100, 30 + 5 * n).image, side),
    );
  const whole = png(drawDisk(210, 100, 40).image, 210);
  writeFileSync(path.join(folder, 'broken.png'), whole.subarray(0, whole.length - 60));
}

test.describe.serial('a batch of five with one broken series', () => {
  const { folder, remove } = makeFolder('batch');
  const pictures = path.join(folder, 'pictures');
  const dataDir = path.join(folder, 'data');
  let ibis: LaunchedIbis;
  let finished: readonly (readonly [string, string])[] = [];

  test.beforeAll(async () => {
    writePictures(pictures);
    ibis = await launchIbis({ dataDir });
    await hasPolicy(ibis.page); // asks until the engine is ready
  });
  test.afterAll(async () => {
    await ibis.close();
    remove();
  });
  test.beforeEach(async () => {
    test.skip(!(await hasPolicy(ibis.page)), 'no trained policy is installed in resources/models');
  });

  test('is made of series that were chosen in the worklist, and runs beside the reading', async () => {
    const { page } = ibis;
    const panel = batchPanel(page);
    await openPaths(ibis, [pictures]);
    await expect(ibisWindow(page).series).toHaveCount(5, { timeout: 60_000 });
    for (const box of await panel.seriesBoxes.all()) await box.click();
    await expect(page.getByText('5 series chosen')).toBeVisible();
    await ibis.screenshot('batch-chosen');
    await panel.button('Batch…').click();
    await panel.requests.fill('Segment the left ventricle.');
    await ibis.screenshot('batch-dialog');
    await panel.run.click();
    await expect(panel.cases).toHaveCount(5);
    const { batch, cases } = await readBatch(page);
    expect(batch.maxSteps).toBe(20);
    expect(new Set(cases.map(({ prompt }) => prompt))).toEqual(
      new Set(['Segment the left ventricle.']),
    );
  });

  test('is killed in the middle, and waits at the next start where it stood', async () => {
    await expect
      .poll(async () => (await readBatch(ibis.page)).batch.counts.done, {
        timeout: 120_000,
        intervals: [30], // the others must not be done too
      })
      .toBeGreaterThanOrEqual(1);
    await ibis.kill();
    const database = new Database(databaseFile(dataDir), { readonly: true });
    finished = database
      .prepare('SELECT session_id, updated_at FROM sessions WHERE stop_reason IS NOT NULL')
      .raw()
      .all()
      .map((row) => row as [string, string]); // two columns of text
    database.close();
    expect(finished.length).toBeGreaterThanOrEqual(1);

    ibis = await launchIbis({ dataDir });
    const panel = batchPanel(ibis.page);
    await expect(panel.tab).toContainText('1', { timeout: 60_000 });
    await panel.tab.click();
    await expect(panel.words).toContainText('paused');
    await expect(ibis.page.getByRole('region', { name: 'Interrupted sessions' })).toHaveCount(0);
    await ibis.screenshot('batch-paused');
  });

  test('is resumed, and no case is repeated or lost', async () => {
    const panel = batchPanel(ibis.page);
    await panel.button('Resume').click();
    await expect(panel.words).toHaveText('4 of 5 done · 1 failed', { timeout: 180_000 });
    const { cases } = await readBatch(ibis.page);
    const broken = cases.find(({ state }) => state === 'failed');
    expect(broken).toMatchObject({ fileName: 'broken.png', sessionId: null });
    await expect(panel.cases.filter({ hasText: 'broken.png' })).toContainText(
      broken?.error?.message ?? 'no reason is stored',
    );
    const sessions = await readSummaries(ibis.page);
    expect(sessions).toHaveLength(4);
    expect(new Set(sessions.map(({ sessionId }) => sessionId))).toEqual(
      new Set(cases.flatMap(({ sessionId }) => sessionId ?? [])),
    );
    // What was finished before the kill was not touched again.
    for (const [sessionId, updatedAt] of finished)
      expect(sessions.find((each) => (each.sessionId as string) === sessionId)?.updatedAt).toBe(
        updatedAt,
      );
    await ibis.screenshot('batch-done');
  });

  test('waits for review: one is approved, the next rejected with a comment, by keys', async () => {
    const { page } = ibis;
    const panel = batchPanel(page);
    const view = ibisWindow(page);
    const queue = await readSummaries(page); // oldest first
    await view.sessions.click();
    await page.getByRole('combobox', { name: 'Order of the sessions' }).click({ force: true });
    await page.getByRole('option', { name: 'Oldest first' }).click();
    await page.getByRole('combobox', { name: 'State of the sessions' }).click({ force: true });
    await page.getByRole('option', { name: 'To review' }).click();
    await expect(view.storedSessions).toHaveCount(4);
    await page.keyboard.press('n');
    await waitForImage(page);
    await expect(view.storedSessions.first()).toHaveAttribute('aria-current', 'true');

    await page.keyboard.press('Shift+A');
    await panel.reviewer.fill('Rita Reader');
    await ibis.screenshot('review-name');
    await panel.reviewer.press('Enter');
    await expect(panel.history).toHaveCount(1);
    const [first, second] = queue;
    if (first === undefined || second === undefined) throw new Error('the queue is too short');
    expect(await readReviews(page, first.sessionId)).toMatchObject([
      { verdict: 'approved', reviewer: 'Rita Reader', comment: '', stepIndex: first.stepCount - 1 },
    ]);
    await expect(view.storedSessions).toHaveCount(3); // it is no longer to review

    await panel.history.first().click(); // the focus leaves the field
    await page.keyboard.press('n');
    await expect(view.storedSessions.first()).toHaveAttribute('aria-current', 'true');
    await expect(panel.history).toHaveCount(0);
    await page.keyboard.press('Shift+X');
    await expect(panel.review.getByRole('alert')).toContainText('Say in the comment why');
    await panel.comment.fill('It leaks at the lower edge.');
    await panel.review.getByRole('button', { name: 'Reject' }).click();
    await expect(panel.history).toContainText(['It leaks at the lower edge.']);
    expect(await readReviews(page, second.sessionId)).toMatchObject([
      { verdict: 'rejected', reviewer: 'Rita Reader', comment: 'It leaks at the lower edge.' },
    ]);
    await ibis.screenshot('review-rejected');
    await page.setViewportSize({ width: 1280, height: 800 });
    await ibis.screenshot('review-small');
    await page.setViewportSize({ width: 1600, height: 1000 });
  });

  test('an approved session is not changed until the verdict is withdrawn', async () => {
    const { page } = ibis;
    const panel = batchPanel(page);
    const view = ibisWindow(page);
    await page.getByRole('combobox', { name: 'State of the sessions' }).click({ force: true });
    await page.getByRole('option', { name: 'All sessions' }).click();
    await expect(view.storedSessions).toHaveCount(4);
    await page.keyboard.press('Shift+N');
    await expect(panel.history).toContainText(['Approved']);
    await page.keyboard.press('Control+z');
    await expect(view.problem).toContainText('approved in review');
    await panel.review.getByRole('button', { name: 'Withdraw the verdict' }).click();
    await expect(panel.history).toHaveCount(2);
    await page.keyboard.press('Shift+F');
    await expect(panel.history).toHaveCount(3);
    await expect(panel.reviewHead).toContainText('Flagged');
    await ibis.screenshot('review-flagged');
    await view.studies.click(); // their series carry the same marks
    await expect(view.series.filter({ hasText: 'Flagged' })).toHaveCount(1);
    await expect(view.series.filter({ hasText: 'Rejected in review' })).toHaveCount(1);
    await ibis.screenshot('series-states');
  });
});
