import { expect, test } from '@playwright/test';

import { ibisWindow } from './pages/ibisWindow.js';
import { makeFolder } from './support/folder.js';
import { ctShape, ctValueAt, ctWindow, writeKnownCt } from './support/knownCt.js';
import { openTiltedSeries } from './support/tiltedSeries.js';

const PHASES = 3;

/** An MR study of one series, then a CT study of two: one volume, and three at the same positions. */
test.describe.serial('reading with keys, presets and sliders', () => {
  const { folder, remove } = makeFolder('reading');
  let opened: Awaited<ReturnType<typeof openTiltedSeries>>;
  test.beforeAll(async () => {
    writeKnownCt(folder, { seriesNumber: 1 });
    writeKnownCt(folder, { seriesNumber: 2, phases: PHASES });
    opened = await openTiltedSeries(folder);
  });
  test.afterAll(async () => {
    await opened.close();
    remove();
  });
  const shownSeries = () => opened.ibis.page.locator('.series.open');
  const presetMenu = () =>
    opened.ibis.page.getByRole('button', { name: 'Window and level preset' });

  test('Page Down and Page Up go through the series and stop at the ends', async () => {
    const { page } = opened.ibis;
    await page.keyboard.press('PageUp');
    await expect(shownSeries()).toContainText('Stored against the grain');
    await page.keyboard.press('PageDown');
    await expect(shownSeries()).toContainText('Known');
    await expect(opened.image.slice).toHaveText(`4 / ${String(ctShape.slices)}`);
    await page.keyboard.press('PageDown');
    await expect(shownSeries()).toContainText('3 time points');
    await page.keyboard.press('PageDown');
    await expect(shownSeries()).toContainText('3 time points');
    await page.keyboard.press('PageUp');
    await expect(shownSeries()).toContainText('Known');
  });

  test('N goes to the next case, and stays at the last', async () => {
    const { page } = opened.ibis;
    await page.keyboard.press('PageUp');
    await expect(shownSeries()).toContainText('Stored against the grain');
    await page.keyboard.press('n');
    await expect(shownSeries()).toContainText('Known');
    await page.keyboard.press('n');
    await expect(shownSeries()).toContainText('Known');
  });

  test('keys 1 to 7 window a CT, and the image follows', async () => {
    const { ibis, image } = opened;
    const presets = [
      ['2', 400, 40],
      ['3', 1500, -600],
      ['4', 2500, 480],
      ['5', 80, 40],
      ['6', 150, 90],
      ['7', 350, 50],
      ['1', ctWindow.width, ctWindow.centre],
    ] as const;
    for (const [key, width, centre] of presets) {
      await ibis.page.keyboard.press(key);
      await expect(image.window).toHaveText(`W ${String(width)}  L ${String(centre)}`);
      const at = await image.pointAt(0.52, 0.47);
      expect(at.value).toBe(ctValueAt(at.column, at.row, 3));
      const share = (at.value - (centre - width / 2)) / width;
      // Drawn smoothly: half a pixel further the ramp stands 3.5 HU higher.
      const tolerance = 3 + (255 * 3.5) / width;
      const grey = 255 * Math.min(1, Math.max(0, share));
      await expect
        .poll(async () => Math.abs(((await image.colourAt(at))[0] ?? NaN) - grey))
        .toBeLessThan(tolerance);
    }
  });

  test('the menu has the same presets with their keys; an MR has only those of its own values', async () => {
    const { ibis, image } = opened;
    await presetMenu().click();
    await ibis.page.getByRole('menuitem', { name: 'Lung 3' }).click();
    await expect(image.window).toHaveText('W 1500  L -600');
    await expect(presetMenu()).toHaveText('W 1500  L -600');

    await ibis.page.keyboard.press('PageUp');
    await expect(image.window).toHaveText('W 16000  L 8000');
    await ibis.page.keyboard.press('3');
    await presetMenu().click();
    await expect(ibis.page.getByRole('menuitem')).toHaveText([
      /^As stored/,
      /^Auto/,
      /^Full range/,
    ]);
    await ibis.page.keyboard.press('Escape');
    await expect(image.window).toHaveText('W 16000  L 8000');
  });

  test('Space plays the slices round and round, also after a row was clicked, and stops them', async () => {
    const { ibis, image } = opened;
    const view = ibisWindow(ibis.page);
    await view.series.filter({ hasText: 'Known' }).click();
    await expect(image.slice).toHaveText('4 / 6');
    await expect(view.series.filter({ hasText: 'Known' })).not.toBeFocused();
    const seen = new Set<string | null>();
    await ibis.page.keyboard.press('Space');
    await expect(ibis.page.getByRole('button', { name: 'Stop cine' })).toBeVisible();
    await expect
      .poll(async () => seen.add(await image.slice.textContent()).size, { intervals: [20] })
      .toBe(ctShape.slices);
    await ibis.page.keyboard.press('Space');
    await expect(ibis.page.getByRole('button', { name: 'Play cine' })).toBeVisible();
    await ibis.page.waitForTimeout(200); // the image that was on its way may still come
    const stoppedAt = await image.slice.textContent();
    await ibis.page.waitForTimeout(400); // six images at 15 a second
    expect(await image.slice.textContent()).toBe(stoppedAt);
  });

  test('arrows go through the slices again as soon as the slice slider is let go', async () => {
    const { ibis, image } = opened;
    const runway = await ibis.page.getByRole('slider', { name: 'Slice' }).boundingBox();
    const bar = await ibis.page.locator('.slice .el-slider__runway').boundingBox();
    if (runway === null || bar === null) throw new Error('there is no slice slider');
    await ibis.page.mouse.move(runway.x + runway.width / 2, runway.y + runway.height / 2);
    await ibis.page.mouse.down();
    await ibis.page.mouse.move(bar.x, bar.y, { steps: 4 });
    await ibis.page.mouse.up();
    await expect(image.slice).toHaveText('1 / 6');
    await ibis.page.keyboard.press('ArrowDown'); // in the slider itself it would be the slice before
    await expect(image.slice).toHaveText('2 / 6');
    for (let n = 0; n < 2; n++) await ibis.page.keyboard.press('ArrowRight');
    await expect(image.slice).toHaveText('4 / 6');
  });

  test('the phase slider shows the other volumes at the same place', async () => {
    const { ibis, image } = opened;
    await ibis.page.keyboard.press('PageDown');
    await expect(shownSeries()).toContainText(`${String(PHASES)} phases`);
    const slider = ibis.page.getByRole('slider', { name: 'Phase' });
    const place = ibis.page.getByTestId('phase-place');
    await expect(place).toHaveText(`1 / ${String(PHASES)}`);
    for (const phase of [0, 1, 2]) {
      await expect(image.pane).toContainText(`time point ${String(phase + 1)}`);
      await expect
        .poll(async () => {
          const { column, row, value } = await image.pointAt(0.5, 0.48);
          return value - ctValueAt(column, row, 3);
        })
        .toBe(300 * phase);
      await slider.focus();
      await ibis.page.keyboard.press('ArrowRight');
    }
    await expect(place).toHaveText(`${String(PHASES)} / ${String(PHASES)}`);
    await expect(image.slice).toHaveText('4 / 6');
  });

  test('where there are phases, cine plays them and the slice stays', async () => {
    const { ibis, image } = opened;
    const place = ibis.page.getByTestId('phase-place');
    const seen = new Set<string | null>();
    await ibis.page.getByRole('button', { name: 'Play cine' }).click();
    await expect
      .poll(async () => seen.add(await place.textContent()).size, { intervals: [20] })
      .toBe(PHASES);
    await expect(image.slice).toHaveText('4 / 6');
    await ibis.page.getByRole('button', { name: 'Stop cine' }).click();
  });
});
