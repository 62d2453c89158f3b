import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import {
  answerDialogs,
  clickOnImage,
  countOverlayPixels,
  ibisWindow,
  readStoredSession,
} from './pages/ibisWindow.js';
import { dragOnImage } from './pages/drawing.js';
import {
  countSegment,
  readMasks,
  readSegmentation,
  readSegmentations,
  segmentsPanel,
} from './pages/segmentsPanel.js';
import { demo, shareDemoWindow } from './support/demo.js';
import { makeFolder } from './support/folder.js';

/** A stroke across the middle of a side pane; gives the slice that it went to. */
async function brushInSidePane(page: Page): Promise<number> {
  const pane = page.getByTestId('pane-side1');
  await expect(pane.locator('.image')).toHaveAccessibleName(/^Coronal image \d+ of/);
  const name = (await pane.locator('.image').getAttribute('aria-label')) ?? '';
  const box = await pane.boundingBox();
  if (box === null) throw new Error('there is no second pane');
  await page.mouse.move(box.x + 0.45 * box.width, box.y + 0.4 * box.height);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.4 * box.height, { steps: 8 });
  await page.mouse.up();
  return Number(/image (\d+) of/.exec(name)?.[1]) - 1;
}

const undoLabel = async (page: Page): Promise<string | null> =>
  (await readSegmentation(page)).undoLabel;

test.describe.serial('the segments of a volume', () => {
  const { folder, remove } = makeFolder('segments');
  test.afterAll(remove);
  const ibis = shareDemoWindow({ needsPolicy: false });
  let coronalSlice = -1;

  test('take the mask of a session over, voxel for voxel', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    await page.keyboard.press('c');
    await clickOnImage(page, 0.62, 0.42);
    await expect(ibisWindow(page).steps).toHaveCount(1, { timeout: 60_000 });
    await panel.tab.click();
    await panel.button('To a new segment').click();
    await expect(panel.rows).toHaveCount(1);
    await expect(panel.undo).toContainText('Agent');
    const session = await readStoredSession(page);
    const { axis, sliceIndex } = session.settings;
    const masks = await readMasks(page, axis, sliceIndex);
    expect(masks.map(({ mask }) => mask)).toEqual([session.steps[0]?.mask]);
    const { segments } = await readSegmentation(page);
    expect(segments).toMatchObject([{ segmentNumber: 1, source: 'semiautomatic' }]);
    await expect.poll(() => countOverlayPixels(page)).toBeGreaterThan(100);
  });

  test('are painted on in another plane, with an act that says so', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    await page.keyboard.press('m');
    await page.keyboard.press('b');
    coronalSlice = await brushInSidePane(page);
    await expect(panel.undo).toContainText('Brush on');
    expect(await undoLabel(page)).toMatch(
      new RegExp(`^Brush on .*, coronal slice ${String(coronalSlice + 1)}$`),
    );
    expect(await countSegment(page, 1, 'coronal', coronalSlice)).toBeGreaterThan(50);
    await ibis.screenshot('segments-brush');
  });

  test('go back and forth by named acts, with the keys', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const painted = await readMasks(page, 'coronal', coronalSlice);
    const label = await undoLabel(page);
    await expect(ibisWindow(page).tool(`Undo: ${String(label)}`)).toBeEnabled();
    await page.keyboard.press('Control+z');
    await expect(panel.redo).toContainText(String(label));
    expect((await readSegmentation(page)).redoLabel).toBe(label);
    expect(await readMasks(page, 'coronal', coronalSlice)).not.toEqual(painted);
    await page.keyboard.press('Control+y');
    await expect(panel.undo).toContainText(String(label));
    expect(await readMasks(page, 'coronal', coronalSlice)).toEqual(painted);
  });

  test('give way to a neighbour drawn over them, and undo brings back what it took', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const first = await countSegment(page, 1, 'axial', demo.sliceIndex);
    await page.keyboard.press('Shift+G');
    await panel.nameField.fill('Neighbour');
    await panel.nameField.press('Enter');
    await expect(panel.rows.nth(1)).toContainText('Neighbour');
    expect((await readSegmentation(page)).segments[1]).toMatchObject({
      segmentLabel: 'Neighbour',
    });
    await dragOnImage(page, [
      [0.6, 0.45],
      [0.7, 0.45],
    ]);
    await expect(panel.undo).toContainText('Brush on Neighbour');
    expect(await countSegment(page, 2, 'axial', demo.sliceIndex)).toBeGreaterThan(20);
    expect(await countSegment(page, 1, 'axial', demo.sliceIndex)).toBeLessThan(first);
    await page.keyboard.press('Control+z');
    await expect(panel.redo).toContainText('Brush on Neighbour');
    expect(await countSegment(page, 1, 'axial', demo.sliceIndex)).toBe(first);
    expect(await countSegment(page, 2, 'axial', demo.sliceIndex)).toBe(0);
    await page.keyboard.press('Control+Shift+Z');
    await expect(panel.undo).toContainText('Brush on Neighbour');
    await ibis.screenshot('segments-neighbours');
  });

  test('that are locked refuse the brush with a sentence', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const before = await readMasks(page, 'axial', demo.sliceIndex);
    await panel.button('Lock Neighbour').click();
    await expect(panel.button('Unlock Neighbour')).toBeVisible();
    await dragOnImage(page, [
      [0.4, 0.3],
      [0.45, 0.3],
    ]);
    await expect(panel.problem).toContainText('locked');
    expect(await readMasks(page, 'axial', demo.sliceIndex)).toEqual(before);
    await panel.button('Unlock Neighbour').click();
    await expect(panel.button('Lock Neighbour')).toBeVisible();
  });

  test('that are hidden are not drawn, and come back', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const drawn = await countOverlayPixels(page);
    await panel.button('Hide Neighbour').click();
    await expect.poll(() => countOverlayPixels(page)).toBeLessThan(drawn);
    expect((await readSegmentation(page)).segments[1]?.visible).toBe(false);
    await panel.button('Show Neighbour').click();
    await expect.poll(() => countOverlayPixels(page)).toBe(drawn);
  });

  test('are grown by a tool, as one act', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const before = await countSegment(page, 2, 'axial', demo.sliceIndex);
    await panel.button('Margin').click();
    await panel.button('Grow').click();
    await expect(panel.undo).toContainText('Grow on Neighbour', { timeout: 60_000 });
    expect(await countSegment(page, 2, 'axial', demo.sliceIndex)).toBeGreaterThan(before);
    await page.keyboard.press('Control+z');
    await expect(panel.redo).toContainText('Grow on Neighbour');
    expect(await countSegment(page, 2, 'axial', demo.sliceIndex)).toBe(before);
  });

  test('are all there again after the program was closed and opened', async () => {
    const before = await readSegmentation(ibis.page);
    const masks = await readMasks(ibis.page, 'axial', demo.sliceIndex);
    await ibis.reopen();
    const { page } = ibis;
    const panel = segmentsPanel(page);
    await panel.tab.click();
    await expect(panel.rows).toHaveCount(2);
    await expect(panel.rows.nth(1)).toContainText('Neighbour');
    await expect(panel.redo).toContainText('Grow on Neighbour');
    expect(await readSegmentation(page)).toEqual(before);
    expect(await readMasks(page, 'axial', demo.sliceIndex)).toEqual(masks);
    await expect.poll(() => countOverlayPixels(page)).toBeGreaterThan(100);
  });

  test('are named by what is typed at once after the key that adds them', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    await page.keyboard.press('Shift+G');
    await page.keyboard.type('Lesion');
    await page.keyboard.press('Enter');
    await expect(panel.rows.nth(2)).toContainText('Lesion');
    await expect(panel.nameField).toHaveCount(0);
    const { segments } = await readSegmentation(page);
    expect(segments.map(({ segmentLabel }) => segmentLabel)[2]).toBe('Lesion');
    // No letter of it was a key: L measures.
    await expect(ibisWindow(page).tool('Measure length')).toHaveAttribute('aria-pressed', 'false');
    await expect(panel.undo).toHaveText('Undo: Rename Segment 3 to Lesion');
  });

  test('are undone with the agent’s tab on top, too, in turn with its clicks, and Undo says and shows where', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const { tool, undo, redo } = ibisWindow(page);
    await panel.agentTab.click();
    await expect(tool('Undo in Segments: Rename Segment 3 to Lesion')).toBeEnabled();
    await page.keyboard.press('Control+z');
    await expect(panel.undo).toHaveText('Undo: Add Segment 3');
    expect((await readSegmentation(page)).redoLabel).toBe('Rename Segment 3 to Lesion');
    await page.keyboard.press('c');
    await clickOnImage(page, 0.62, 0.42);
    await expect(undo).toHaveText('Undo: include click 1', { timeout: 60_000 });
    await ibis.screenshot('undo-agent');
    await page.keyboard.press('Control+z');
    await expect(redo).toHaveText('Redo: include click 1');
    await expect(undo).toHaveText('Undo in Segments: Add Segment 3');
    await page.setViewportSize({ width: 1280, height: 800 });
    await ibis.screenshot('undo-agent-small');
    await page.setViewportSize({ width: 1920, height: 1080 });
    await undo.click();
    await expect(panel.redo).toHaveText('Redo: Add Segment 3');
    expect((await readSegmentation(page)).segments).toHaveLength(2);
  });

  test('go out as a file and come back in as they were', async () => {
    const { page, app } = ibis;
    const panel = segmentsPanel(page);
    const masks = await readMasks(page, 'axial', demo.sliceIndex);
    await answerDialogs(app, [folder]);
    await panel.button('Export the segments').click();
    await page.getByRole('button', { name: 'Choose a folder…' }).click();
    await expect(panel.exported).toContainText('segmentation.seg.nrrd', { timeout: 60_000 });
    const file = await panel.exported.getByTitle(/\.seg\.nrrd$/).getAttribute('title');
    await answerDialogs(app, [String(file)]);
    await panel.button('Import a segmentation').click();
    await expect.poll(async () => (await readSegmentations(page)).length).toBe(2);
    await expect(panel.panel.getByLabel('Segmentation', { exact: true })).toBeVisible();
    expect(await readMasks(page, 'axial', demo.sliceIndex)).toEqual(masks);
    await ibis.screenshot('segments-imported');
  });
});
