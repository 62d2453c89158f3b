import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { dragOnImage } from './pages/drawing.js';
import { hasPolicy, ibisWindow, readStoredSession, waitForImage } from './pages/ibisWindow.js';
import { demo, demoImageName, shareDemoWindow } from './support/demo.js';
import { launchIbis } from './support/launch.js';

const picture = (page: Page, pane: string) => page.getByTestId(`pane-${pane}`).locator('.image');

test.describe.serial('two by two', () => {
  const ibis = shareDemoWindow({ needsPolicy: false });

  test('shows axial, coronal and sagittal, and the stack as it was acquired', async () => {
    await ibis.page.keyboard.press('Shift+M');
    await expect(ibisWindow(ibis.page).tool('Two by two')).toHaveAttribute('aria-pressed', 'true');
    await expect(picture(ibis.page, 'main')).toHaveAccessibleName(demoImageName);
    await expect(picture(ibis.page, 'side1')).toHaveAccessibleName(/^Coronal image \d+ of 217$/);
    await expect(picture(ibis.page, 'side2')).toHaveAccessibleName(/^Sagittal image \d+ of 181$/);
    await expect(picture(ibis.page, 'side3')).toHaveAccessibleName(
      `Axial, as acquired image ${demo.sliceIndex + 1} of 177`,
    );
    // Four quarters of one size.
    const boxes = await Promise.all(
      ['main', 'side1', 'side2', 'side3'].map((pane) => picture(ibis.page, pane).boundingBox()),
    );
    for (const box of boxes) {
      expect(Math.abs((box?.width ?? 0) - (boxes[0]?.width ?? 0))).toBeLessThan(2);
      expect(Math.abs((box?.height ?? 0) - (boxes[0]?.height ?? 0))).toBeLessThan(2);
    }
    await ibis.screenshot('layout-quad');
  });

  test('scrolls the stack by itself, and the cross in the other three', async () => {
    const turnWheelOn = async (pane: string): Promise<void> => {
      const box = await picture(ibis.page, pane).boundingBox();
      if (box === null) throw new Error('the pane is not there');
      await ibis.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
      await ibis.page.mouse.wheel(0, 100);
    };
    await turnWheelOn('side3');
    await expect(picture(ibis.page, 'side3')).toHaveAccessibleName(
      `Axial, as acquired image ${demo.sliceIndex + 2} of 177`,
    );
    await expect(picture(ibis.page, 'main')).toHaveAccessibleName(demoImageName);
    const coronal = await picture(ibis.page, 'side1').getAttribute('aria-label');
    await turnWheelOn('side1');
    await expect(picture(ibis.page, 'side1')).not.toHaveAttribute('aria-label', coronal ?? '');
    await expect(picture(ibis.page, 'main')).toHaveAccessibleName(demoImageName);
  });

  test('takes a box in the quarter that it is drawn in', async () => {
    await ibis.page.keyboard.press('f');
    await dragOnImage(ibis.page, [
      [0.56, 0.4],
      [0.68, 0.55],
    ]);
    await expect(ibisWindow(ibis.page).steps).toHaveCount(1, { timeout: 60_000 });
    const { settings, box } = await readStoredSession(ibis.page);
    expect(settings).toMatchObject({ axis: 'axial', sliceIndex: demo.sliceIndex });
    expect(box).not.toBeNull();
  });

  test('goes back to one plane with its key', async () => {
    await ibis.page.keyboard.press('Shift+M');
    await expect(ibisWindow(ibis.page).tool('One plane')).toHaveAttribute('aria-pressed', 'true');
    await expect(ibis.page.locator('.pane')).toHaveCount(1);
    await expect(picture(ibis.page, 'main')).toHaveAccessibleName(demoImageName);
  });

  test('has room for every tool in the smallest window', async () => {
    await ibis.app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.setContentSize(1280, 800);
    });
    await expect.poll(() => ibis.page.evaluate(() => innerWidth)).toBe(1280);
    const bar = ibis.page.getByRole('banner');
    const overflow = await bar.evaluate((header) => header.scrollWidth - header.clientWidth);
    expect(overflow).toBe(0);
    for (const button of await bar.getByRole('button').all()) {
      const box = await button.boundingBox();
      expect(box?.width).toBeGreaterThan(0);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(1280);
    }
  });
});

/** Pixels of the overlay that are nearly white, at their most while `act` is done and shown. */
async function watchWhite(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>(
      '[data-testid=pane-main] canvas.overlay',
    );
    const state = { most: 0, frames: 0, stopped: false };
    Object.assign(window, { whiteWatch: state });
    const look = (): void => {
      const context = canvas?.getContext('2d');
      if (canvas == null || context == null || state.stopped) return;
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let p = 0; p < data.length; p += 4)
        if (
          (data[p] ?? 0) > 140 &&
          (data[p + 1] ?? 0) > 140 &&
          (data[p + 2] ?? 0) > 140 &&
          (data[p + 3] ?? 0) > 20
        )
          count += 1;
      state.most = Math.max(state.most, count);
      state.frames += 1;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  await act();
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const state = (
          window as unknown as { whiteWatch: { most: number; frames: number; stopped: boolean } }
        ).whiteWatch;
        const until = state.frames + 10;
        const wait = (): void => {
          if (state.frames < until) requestAnimationFrame(wait);
          else {
            state.stopped = true;
            resolve(state.most);
          }
        };
        wait();
      }),
  );
}

test('what a new mask changes flashes, unless the reader wants less motion', async () => {
  const ibis = await launchIbis({ args: ['--demo'] });
  await waitForImage(ibis.page);
  await hasPolicy(ibis.page);
  const drawBox = (count: number, x: number) => async (): Promise<void> => {
    await dragOnImage(ibis.page, [
      [x, 0.3],
      [x + 0.14, 0.5],
    ]);
    await expect(ibisWindow(ibis.page).steps).toHaveCount(count, { timeout: 60_000 });
  };
  await ibis.page.keyboard.press('f');
  await drawBox(1, 0.54)();
  await ibis.page.emulateMedia({ reducedMotion: 'reduce' });
  const still = await watchWhite(ibis.page, drawBox(2, 0.3));
  await ibis.page.emulateMedia({ reducedMotion: 'no-preference' });
  const flashed = await watchWhite(ibis.page, drawBox(3, 0.56));
  await ibis.close();
  expect(flashed).toBeGreaterThan(still + 500);
});
