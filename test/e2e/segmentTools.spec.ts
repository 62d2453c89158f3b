import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { clickOnImage, countOverlayPixels } from './pages/ibisWindow.js';
import { dragOnImage } from './pages/drawing.js';
import {
  countSegment,
  readMasks,
  readSegmentation,
  readSegmentations,
  segmentsPanel,
} from './pages/segmentsPanel.js';
import { demo, shareDemoWindow } from './support/demo.js';

const slice = demo.sliceIndex;
const onSlice = (page: Page, segmentNumber: number, sliceIndex = slice): Promise<number> =>
  countSegment(page, segmentNumber, 'axial', sliceIndex);

/** A square around the middle of the pane, `half` of its height wide on each side of a place. */
const square = (x: number, y: number, half: number) =>
  [
    [x - half, y - half],
    [x + half, y - half],
    [x + half, y + half],
    [x - half, y + half],
    [x - half, y - half],
  ] as const;

test.describe.serial('tools for segments', () => {
  const ibis = shareDemoWindow({ needsPolicy: false });
  const panelOf = () => segmentsPanel(ibis.page);
  const undone = async (label: string | RegExp): Promise<void> => {
    await ibis.page.keyboard.press('Control+z');
    await expect(panelOf().redo).toContainText(label);
  };
  const group = async (name: string): Promise<void> => {
    await panelOf().button(name).click();
  };

  test('paint a ball through the neighbouring slices with one press', async () => {
    const { page } = ibis;
    const panel = panelOf();
    await panel.tab.click();
    await page.keyboard.press('b');
    await page.keyboard.press('Shift+B');
    await expect(panel.panel.getByLabel('Sphere')).toBeChecked();
    await clickOnImage(page, 0.5, 0.5);
    await expect(panel.undo).toContainText(/Brush on Segment 1, slices \d+ to \d+/);
    const middle = await onSlice(page, 1);
    expect(middle).toBeGreaterThan(20);
    expect(await onSlice(page, 1, slice + 3)).toBeGreaterThan(0);
    expect(await onSlice(page, 1, slice + 3)).toBeLessThan(middle);
    expect(await onSlice(page, 1, slice + 12)).toBe(0);
    await page.keyboard.press('Shift+B');
  });

  test('make the brush larger with the wheel and Shift, and say its size in mm', async () => {
    const { page } = ibis;
    const cursor = page.getByTestId('pane-main').locator('.brush .size');
    await expect(cursor).toHaveText('9.0 mm');
    await page.keyboard.down('Shift');
    await page.mouse.wheel(0, -120);
    await expect(cursor).toHaveText('12 mm');
    await page.mouse.wheel(0, 120);
    await page.keyboard.up('Shift');
    await expect(cursor).toHaveText('9.0 mm');
    await expect(page.getByTestId('pane-main').locator('.image')).toHaveAccessibleName(
      new RegExp(`image ${String(slice + 1)} of`),
    );
  });

  test('limit the brush to values that were measured on the image, and point them out', async () => {
    const { page } = ibis;
    const panel = panelOf();
    const row = [
      [0.3, 0.5],
      [0.7, 0.5],
    ] as const;
    await dragOnImage(page, row);
    await expect(panel.undo).toContainText(/Brush on Segment 1, axial slice \d+$/);
    const all = await onSlice(page, 1);
    await undone(/Brush on Segment 1, axial slice \d+$/);
    const before = await onSlice(page, 1);

    await page.keyboard.press('Shift+C');
    const asks = panel.panel.getByText('Brush over some of what is meant');
    await expect(asks).toBeVisible();
    await clickOnImage(page, 0.4, 0.5);
    await expect(asks).toHaveCount(0);
    expect(await onSlice(page, 1)).toBe(before); // it measured, and painted nothing
    const drawn = await countOverlayPixels(page);
    await page.keyboard.press('Shift+T');
    await expect.poll(() => countOverlayPixels(page)).toBeGreaterThan(drawn + 1000);
    await ibis.screenshot('segment-tools-limited');
    await dragOnImage(page, row);
    await expect(panel.undo).toContainText(/Brush on Segment 1, axial slice \d+$/);
    const limited = await onSlice(page, 1);
    expect(limited).toBeGreaterThan(before);
    expect(limited).toBeLessThan(all);
    await page.keyboard.press('Shift+T');
  });

  test('take in what a lasso goes around, and cut away all outside it through every slice', async () => {
    const { page } = ibis;
    const panel = panelOf();
    await page.keyboard.press('j');
    await dragOnImage(page, square(0.5, 0.5, 0.2));
    await expect(panel.undo).toContainText('Lasso on Segment 1');
    const wide = await onSlice(page, 1);
    await page.keyboard.press('Shift+J');
    await panel.panel.getByText('Outside', { exact: true }).click();
    await panel.panel.getByText('All slices', { exact: true }).click();
    await dragOnImage(page, square(0.45, 0.5, 0.1));
    await expect(panel.undo).toContainText('Cut on Segment 1');
    const cut = await onSlice(page, 1);
    expect(cut).toBeGreaterThan(100);
    expect(cut).toBeLessThan(wide / 2);
    await panel.panel.getByText('Inside', { exact: true }).click();
    await panel.panel.getByText('This slice', { exact: true }).click();
  });

  test('fill the hole that was pressed on', async () => {
    const { page } = ibis;
    const panel = panelOf();
    const full = await onSlice(page, 1);
    await dragOnImage(page, square(0.45, 0.5, 0.04));
    await expect(panel.undo).toContainText('Cutting lasso on Segment 1');
    const ring = await onSlice(page, 1);
    expect(ring).toBeLessThan(full);
    await page.keyboard.press('u');
    await clickOnImage(page, 0.45, 0.5);
    await expect(panel.undo).toContainText('Fill outline on Segment 1');
    expect(await onSlice(page, 1)).toBe(full);
  });

  test('lay an outline along edges, press by press, and close it with Enter', async () => {
    const { page } = ibis;
    const panel = panelOf();
    await panel.add.click();
    await panel.nameField.fill('Brain');
    await panel.nameField.press('Enter');
    await expect(panel.rows.nth(1)).toContainText('Brain');
    await page.keyboard.press('k');
    for (const [x, y] of [
      [0.5, 0.2],
      [0.68, 0.5],
      [0.5, 0.8],
      [0.32, 0.5],
    ] as const)
      await clickOnImage(page, x, y);
    await ibis.screenshot('segment-tools-livewire');
    expect(await onSlice(page, 2)).toBe(0);
    await page.keyboard.press('Enter');
    await expect(panel.undo).toContainText('Livewire on Brain');
    expect(await onSlice(page, 2)).toBeGreaterThan(2000);
  });

  test('grow a region from a press, and keep the part that was pressed on', async () => {
    const { page } = ibis;
    const panel = panelOf();
    await undone('Livewire on Brain');
    await page.keyboard.press('Shift+U');
    await panel.panel.getByText('This slice', { exact: true }).click();
    await clickOnImage(page, 0.4, 0.4);
    await expect(panel.undo).toContainText('Region growing on Brain', { timeout: 60_000 });
    const grown = await onSlice(page, 2);
    expect(grown).toBeGreaterThan(20);
    await page.keyboard.press('b');
    await clickOnImage(page, 0.24, 0.05);
    await expect(panel.undo).toContainText(/Brush on Brain, axial slice \d+$/);
    expect(await onSlice(page, 2)).toBeGreaterThan(grown);
    await page.keyboard.press('y');
    await clickOnImage(page, 0.24, 0.05);
    await expect(panel.undo).toContainText('Keep island on Brain');
    const speck = await onSlice(page, 2);
    expect(speck).toBeGreaterThan(0);
    expect(speck).toBeLessThan(100);
  });

  test('copy a slice to the next and go there, and interpolate what is between', async () => {
    const { page } = ibis;
    const panel = panelOf();
    const speck = await onSlice(page, 2);
    await page.keyboard.press('Shift+ArrowDown');
    await expect(panel.undo).toContainText('Copy slice on Brain');
    await expect.poll(() => onSlice(page, 2, slice + 1)).toBe(speck);
    await expect(page.getByTestId('pane-main').locator('.image')).toHaveAccessibleName(
      new RegExp(`image ${String(slice + 2)} of`),
    );
    for (const _step of [1, 2, 3]) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('b');
    await clickOnImage(page, 0.24, 0.05);
    await expect(panel.undo).toContainText(/Brush on Brain, axial slice \d+$/);
    await page.keyboard.press('Shift+I');
    await expect(panel.undo).toContainText('Interpolate slices on Brain', { timeout: 60_000 });
    expect(await onSlice(page, 2, slice + 2)).toBeGreaterThan(0);
  });

  test('work on whole segments, a group at a time, each with a name in undo', async () => {
    const { page } = ibis;
    const panel = panelOf();
    await group('Margin');
    const before = await onSlice(page, 2);
    await panel.button('Grow').click();
    await expect(panel.undo).toContainText('Grow on Brain', { timeout: 60_000 });
    expect(await onSlice(page, 2)).toBeGreaterThan(before);
    await panel.button('Inside').last().click();
    await expect(panel.undo).toContainText('Hollow on Brain', { timeout: 60_000 });
    await group('Smooth');
    await panel.button('Close').click();
    await expect(panel.undo).toContainText('Closing on Brain', { timeout: 60_000 });
    await group('Combine');
    await panel.button('Unite').click();
    await expect(panel.undo).toContainText('Unite on Brain');
    await group('Islands');
    await ibis.screenshot('segment-tools-groups');
    await panel.button('Split').click();
    await expect(panel.undo).toContainText('Split islands on Brain', { timeout: 60_000 });
    await expect(panel.rows.nth(2)).toContainText('Brain 2');
    expect((await readSegmentation(page)).segments.length).toBeGreaterThanOrEqual(3);
  });

  test('move a segment in the list by keys, and say what it is in SNOMED CT', async () => {
    const { page } = ibis;
    const panel = panelOf();
    await panel.panel.getByRole('button', { name: 'Brain', exact: true }).focus();
    await page.keyboard.press('Alt+ArrowUp');
    await expect(panel.rows.nth(0)).toContainText('Brain');
    const { segments } = await readSegmentation(page);
    expect(segments.slice(0, 3).map(({ segmentLabel }) => segmentLabel)).toEqual([
      'Brain',
      'Segment 1',
      'Brain 2',
    ]);
    await panel.button('More of Segment 1').click();
    await page.getByLabel('Find what it is, in SNOMED CT').fill('left femur');
    await page.getByRole('option', { name: 'Left Femur' }).click();
    await expect(panel.undo).toContainText('Codes of Segment 1');
    expect((await readSegmentation(page)).segments[1]).toMatchObject({
      type: { value: '71341001' },
      modifier: { meaning: 'Left' },
    });
    await page.keyboard.press('Escape');
  });

  test('draw outlines alone, wider ones, and fills alone', async () => {
    const { page } = ibis;
    const masks = await readMasks(page, 'axial', slice);
    expect(masks.length).toBeGreaterThan(0);
    const both = await countOverlayPixels(page);
    await page.keyboard.press('Shift+O');
    await expect.poll(() => countOverlayPixels(page)).toBeLessThan(both);
    await page.keyboard.press('Shift+O');
    await page.keyboard.press('Shift+O');
    await expect.poll(() => countOverlayPixels(page)).toBe(both);
  });

  test('fit a small window', async () => {
    const { app, page } = ibis;
    await app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.setContentSize(1280, 800);
    });
    await expect.poll(() => page.evaluate(() => innerWidth)).toBe(1280);
    await ibis.screenshot('segment-tools-small');
    // What undo would take back is in sight, however long the panel has become.
    await expect(panelOf().undo).toBeInViewport({ ratio: 1 });
    const panel = await panelOf().panel.boundingBox();
    for (const name of [
      'Threshold',
      'Slices',
      'Region growing: press where values like these are meant',
    ]) {
      const box = await panelOf().button(name).boundingBox();
      expect(box === null || panel === null ? 0 : box.x + box.width).toBeLessThanOrEqual(
        (panel?.x ?? 0) + (panel?.width ?? 0),
      );
    }
  });

  test('delete a segmentation only after a question', async () => {
    const { page } = ibis;
    const panel = panelOf();
    await panel.button('This segmentation').click();
    await page.getByLabel('Name', { exact: true }).fill('Practice');
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await readSegmentation(page)).segmentationLabel)
      .toBe('Practice');
    await page.getByRole('button', { name: 'Delete segmentation…' }).click();
    await expect(page.getByText('This cannot be undone.')).toBeVisible();
    expect(await readSegmentations(page)).toHaveLength(1);
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await expect(panel.rows).toHaveCount(0);
    expect(await readSegmentations(page)).toHaveLength(0);
  });
});
