import { expect, test } from '@playwright/test';

import {
  openTiltedSeries,
  tiltedShape as shape,
  tiltedValueAt as valueAt,
} from './support/tiltedSeries.js';

test.describe('the viewer', () => {
  let opened: Awaited<ReturnType<typeof openTiltedSeries>>;
  test.beforeAll(async () => {
    opened = await openTiltedSeries();
  });
  test.afterAll(async () => {
    await opened.close();
  });

  test('names the sides of a tilted patient, however the pixels were stored', async () => {
    const { image } = opened;
    await expect(image.pane.getByTestId('letter-left')).toHaveText('R');
    await expect(image.pane.getByTestId('letter-right')).toHaveText('L');
    await expect(image.pane.getByTestId('letter-top')).toHaveText('AI');
    await expect(image.pane.getByTestId('letter-bottom')).toHaveText('PS');
  });

  test('reads under the cursor what the file holds there', async () => {
    const { image } = opened;
    for (const [x, y] of [
      [0.4, 0.3],
      [0.55, 0.62],
      [0.5, 0.5],
    ] as const) {
      const { column, row, value } = await image.pointAt(x, y);
      expect(value).toBe(valueAt(column, row, 4));
    }
  });

  test('draws a pixel as bright as the window makes it', async () => {
    const { image } = opened;
    for (const [x, y] of [
      [0.42, 0.45],
      [0.6, 0.65],
    ] as const) {
      const { value, px, py } = await image.pointAt(x, y);
      const [red = NaN] = await image.colourAt({ px, py });
      expect(Math.abs(red - Math.min(255, (value / 16000) * 255))).toBeLessThan(3);
    }
  });

  test('scrolls by wheel and by key, and stops at the end', async () => {
    const { ibis, image } = opened;
    await image.pointAt(0.5, 0.5);
    await ibis.page.mouse.wheel(0, 100);
    await expect(image.slice).toHaveText('6 / 9');
    const { column, row, value } = await image.pointAt(0.5, 0.51);
    expect(value).toBe(valueAt(column, row, 5));
    await ibis.page.keyboard.press('ArrowDown');
    await expect(image.slice).toHaveText('7 / 9');
    for (let n = 0; n < 5; n++) await ibis.page.mouse.wheel(0, 100);
    await expect(image.slice).toHaveText('9 / 9');
    for (let n = 0; n < 4; n++) await ibis.page.keyboard.press('ArrowUp');
    await expect(image.slice).toHaveText('5 / 9');
  });

  test('opens in the window of the file, and a drag widens it', async () => {
    const { ibis, image } = opened;
    await expect(image.window).toHaveText('W 16000  L 8000');
    await ibis.page.keyboard.press('w');
    const from = await image.pointAt(0.4, 0.5);
    await image.drag(from, { px: from.px + 60, py: from.py });
    const text = (await image.window.textContent()) ?? '';
    expect(Number(/W (\d+)/.exec(text)?.[1])).toBeGreaterThan(16500);
    expect(text).toContain('L 8000');
    await ibis.page.keyboard.press('1');
    await expect(image.window).toHaveText('W 16000  L 8000');
  });

  test('shows three planes at a double click, with the right sides, and the cross moves them', async () => {
    const { ibis, image } = opened;
    await ibis.page.keyboard.press('w');
    const at = await image.pointAt(0.3, 0.4);
    await ibis.page.mouse.dblclick(at.px, at.py);
    const coronal = ibis.page.getByTestId('pane-side1');
    const sagittal = ibis.page.getByTestId('pane-side2');
    await expect(coronal.getByTestId('slice')).toHaveText(`81 / ${String(shape.rows)}`);
    await expect(sagittal.getByTestId('slice')).toHaveText(`101 / ${String(shape.columns)}`);
    await expect(coronal.getByTestId('letter-top')).toHaveText('SA');
    await expect(coronal.getByTestId('letter-right')).toHaveText('L');
    await expect(sagittal.getByTestId('letter-left')).toHaveText('AI');
    await ibis.screenshot('viewer-mpr');

    await ibis.page.getByRole('button', { name: 'Select' }).first().click();
    const crossed = await image.pointAt(0.6, 0.35);
    await ibis.page.mouse.click(crossed.px, crossed.py);
    // Slices count along the voxel axes as stored, which run against the image here.
    await expect(sagittal.getByTestId('slice')).toHaveText(
      `${String(shape.columns - crossed.column)} / ${String(shape.columns)}`,
    );
    await expect(coronal.getByTestId('slice')).toHaveText(
      `${String(shape.rows - crossed.row)} / ${String(shape.rows)}`,
    );
  });

  test('does all this under the content policy, without a complaint', () => {
    const { ibis } = opened;
    expect(ibis.complaints.filter((line) => !/GPU stall|swiftshader/i.test(line))).toEqual([]);
  });
});
