import { expect, test } from '@playwright/test';
import type { Locator } from '@playwright/test';
import { decode } from 'fast-png';

import { clickOnImage, countOverlayPixels, ibisWindow } from './pages/ibisWindow.js';
import { dragOnImage } from './pages/drawing.js';
import { readMasks, readSegmentation, segmentsPanel } from './pages/segmentsPanel.js';
import {
  readEnclosedVolume,
  readPropagation,
  readStatistics,
  volumePanel,
} from './pages/volumePanel.js';
import { demo, shareDemoWindow } from './support/demo.js';

const axis = 'axial';
const given = 68; // the left putamen is seen well
const propagated = { timeout: 150_000 }; // some fifty slices, on a machine that may be busy

/** Pixels of a picture of a pane that are clearly coloured: neither gray values nor text. */
async function countColoured(pane: Locator): Promise<number> {
  const { width, height, channels, data } = decode(await pane.screenshot());
  let count = 0;
  for (let at = 0; at < width * height * channels; at += channels) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > 60) count++;
  }
  return count;
}

test.describe.serial('a segment of one slice', () => {
  const ibis = shareDemoWindow({ needsPolicy: false });

  const maskOn = async (sliceIndex: number) =>
    (await readMasks(ibis.page, axis, sliceIndex)).find((each) => each.segmentNumber === 1)?.mask ??
    null;
  const standing = () => readPropagation(ibis.page, 1, axis);
  const shown = (sliceIndex: number) =>
    expect(ibisWindow(ibis.page).picture).toHaveAccessibleName(
      new RegExp(`^Axial image ${String(sliceIndex + 1)} of`),
    );
  const showSlice = async (sliceIndex: number): Promise<void> => {
    const strip = ibis.page.getByRole('img', { name: /^Slices of this plane/ });
    const box = await strip.boundingBox();
    if (box === null) throw new Error('the strip of slices is not on screen');
    await strip.click({ position: { x: ((sliceIndex + 0.5) / 177) * box.width, y: 8 } });
    await shown(sliceIndex);
  };

  test('is completed through the series, slice by slice, as one act', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const volume = volumePanel(page);
    for (let step = demo.sliceIndex; step > given; step--) await page.keyboard.press('ArrowUp');
    await shown(given);
    await page.keyboard.press('c');
    await clickOnImage(page, 0.612, 0.436);
    await expect(ibisWindow(page).steps).toHaveCount(1, { timeout: 60_000 });
    await panel.tab.click();
    await panel.button('To a new segment').click();
    await expect(panel.rows).toHaveCount(1);
    await expect(volume.words).toHaveText('1 given, 0 made');
    const before = await maskOn(given);
    await volume.start.click();
    await expect(volume.words).toHaveText(/^[1-9]\d* slices? made so far$/, propagated);
    // What has come is seen before it is stored.
    const neighbour = given + 1;
    await showSlice(neighbour);
    await expect.poll(() => countOverlayPixels(page)).toBeGreaterThan(50);
    if (await volume.cancel.isVisible()) await ibis.screenshot('volume-running');
    await expect(panel.undo).toContainText('Propagate', propagated);
    await expect(volume.start).toBeVisible();
    expect(await maskOn(given)).toEqual(before);
    const { slices, given: from, changed } = await standing();
    expect(from).toEqual([given]);
    expect(changed).toEqual([]);
    expect(slices.length).toBeGreaterThan(4);
    for (const { sliceIndex } of slices) expect(await maskOn(sliceIndex)).not.toBeNull();
    await expect.poll(() => countOverlayPixels(page)).toBeGreaterThan(50);
    await ibis.screenshot('volume-completed');
  });

  test('has its doubted slices listed, and a key goes from one to the next', async () => {
    const { page } = ibis;
    const volume = volumePanel(page);
    const { slices, ends } = await standing();
    const listed = new Set([
      ...slices.filter(({ doubts }) => doubts.length > 0).map(({ sliceIndex }) => sliceIndex),
      ...ends.filter(({ because }) => because !== null).map(({ sliceIndex }) => sliceIndex),
    ]);
    const inOrder = [...listed].sort((a, b) => a - b);
    expect(inOrder.length).toBeGreaterThan(0);
    await expect(volume.review).toHaveCount(inOrder.length);
    const first = inOrder.find((index) => index > given + 1) ?? inOrder[0] ?? NaN;
    await page.keyboard.press('Shift+PageDown');
    await shown(first);
    await page.keyboard.press('Shift+Enter');
    await expect(volume.words).toContainText(
      inOrder.length > 1 ? `${String(inOrder.length - 1)} to look at` : 'made',
    );
    const after = await standing();
    const reviewed = [...after.slices, ...after.ends].filter(({ review }) => review !== 'open');
    expect(new Set(reviewed.map(({ sliceIndex }) => sliceIndex))).toEqual(new Set([first]));
  });

  test('goes on by itself from a slice that two strokes have corrected, in one run that undo names', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const volume = volumePanel(page);
    const before = await standing();
    const corrected = given + 2;
    const { segmentLabel } = (await readSegmentation(page)).segments[0] ?? { segmentLabel: '' };
    await expect(volume.again).toBeChecked();
    await showSlice(corrected);
    await page.keyboard.press('e');
    for (const y of [0.42, 0.45])
      await dragOnImage(page, [
        [0.6, y],
        [0.62, y],
      ]);
    await expect(panel.undo).toContainText('Eraser');
    const drawn = await maskOn(corrected);
    const below = await maskOn(given - 1);
    // Nothing is pressed.
    await expect.poll(async () => (await standing()).changed, propagated).toEqual([]);
    await expect(panel.undo).toHaveText(
      new RegExp(`^Undo: Propagate ${segmentLabel} from (axial )?slice ${String(corrected + 1)}$`),
    );
    expect(await maskOn(corrected)).toEqual(drawn);
    expect(await maskOn(given - 1)).toEqual(below);
    const after = await standing();
    expect(after.given).toContain(corrected);
    for (const { sliceIndex, stemsFrom } of after.slices)
      if (sliceIndex > corrected) expect(stemsFrom).not.toBe(given);
    await ibis.screenshot('volume-rerun');
    // Taken back, it does not come again; then the two strokes.
    await page.keyboard.press('Control+z');
    await expect(panel.undo).toContainText('Eraser');
    await expect(volume.start).toHaveText('Go on from 1 changed slice');
    await page.waitForTimeout(3000); // longer than the rest after which it began
    expect((await standing()).changed).toEqual([corrected]);
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await expect(panel.undo).toHaveText(`Undo: Propagate ${segmentLabel}`);
    await expect.poll(standing).toEqual(before);
  });

  test('is corrected on one slice, and only what depends on that is made again', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const volume = volumePanel(page);
    const before = await standing();
    const corrected = given + 2;
    await volume.series.getByText('Re-run after a correction').click(); // its own box is out of sight
    await expect(volume.again).not.toBeChecked();
    expect(before.slices.some(({ sliceIndex }) => sliceIndex === corrected)).toBe(true);
    await showSlice(corrected);
    const made = await maskOn(corrected);
    await page.keyboard.press('e');
    await dragOnImage(page, [
      [0.6, 0.43],
      [0.63, 0.45],
    ]);
    await expect(panel.undo).toContainText('Eraser');
    const drawn = await maskOn(corrected);
    expect(drawn).not.toEqual(made);
    await expect(volume.start).toHaveText('Go on from 1 changed slice');
    expect((await standing()).changed).toEqual([corrected]);
    const below = await maskOn(given - 1);
    await page.keyboard.press('Shift+P');
    await expect.poll(async () => (await standing()).changed, propagated).toEqual([]);
    await expect(volume.start).toHaveText('Complete');
    expect(await maskOn(corrected)).toEqual(drawn);
    expect(await maskOn(given - 1)).toEqual(below);
    const after = await standing();
    expect(after.given).toContain(corrected);
    for (const { sliceIndex, stemsFrom } of after.slices)
      if (sliceIndex > corrected) expect(stemsFrom).not.toBe(given);
    const kept = (list: typeof after.slices) =>
      list.filter(({ sliceIndex }) => sliceIndex < given).map(({ sliceIndex }) => sliceIndex);
    expect(kept(after.slices)).toEqual(kept(before.slices));
    await ibis.screenshot('volume-corrected');
  });

  test('is measured as it changes, and the measures can be copied', async () => {
    const { page, app } = ibis;
    const panel = segmentsPanel(page);
    const volume = volumePanel(page);
    const whole = await readStatistics(page, 1);
    const volumeText = (ml: number | null): string => {
      const mm3 = Math.round(1000 * (ml ?? NaN));
      return `(${mm3.toLocaleString('en', { useGrouping: mm3 >= 10_000 })} mm³)`;
    };
    await expect(volume.measure('Volume')).toContainText(volumeText(whole.volumeMl));
    await expect(volume.measure('Axes')).toContainText((whole.longestAxisMm ?? NaN).toFixed(1));
    await volume.copy.click();
    await expect(volume.copy).toHaveText('Copied');
    const text = await app.evaluate(({ clipboard }) => clipboard.readText());
    const [head, line] = text.split('\n').map((cells) => cells.split('\t'));
    expect(Number(line?.[head?.indexOf('voxels') ?? -1])).toBe(whole.voxelCount);
    await page.keyboard.press('Control+z');
    await expect(panel.redo).toBeEnabled();
    const less = await readStatistics(page, 1);
    await expect(volume.measure('Volume')).toContainText(volumeText(less.volumeMl));
    await page.keyboard.press('Control+y');
    await expect(volume.measure('Volume')).toContainText(volumeText(whole.volumeMl));
  });

  test('is seen as a surface that follows it, in its colour, and hidden with it', async () => {
    const { page } = ibis;
    const panel = segmentsPanel(page);
    const volume = volumePanel(page);
    const { volumeMl } = await readStatistics(page, 1);
    const enclosed = await readEnclosedVolume(page, 1);
    expect(enclosed / (1000 * (volumeMl ?? NaN))).toBeGreaterThan(0.85);
    expect(enclosed / (1000 * (volumeMl ?? NaN))).toBeLessThan(1.1);
    await page.keyboard.press('Shift+V');
    await expect(volume.surfaces).toBeVisible();
    await expect(volume.surfacesStatus).toHaveText('', { timeout: 60_000 });
    await expect.poll(() => countColoured(volume.surfaces)).toBeGreaterThan(2_000);
    const coloured = await countColoured(volume.surfaces);
    await ibis.screenshot('volume-surfaces');
    const { segmentLabel } = (await readSegmentation(page)).segments[0] ?? { segmentLabel: '' };
    await panel.button(`Hide ${segmentLabel}`).click();
    await expect.poll(() => countColoured(volume.surfaces)).toBeLessThan(coloured / 2);
    await panel.button(`Show ${segmentLabel}`).click();
    await expect.poll(() => countColoured(volume.surfaces)).toBeGreaterThan(coloured / 2);
    await page.getByRole('button', { name: 'From the left' }).click();
    const box = await volume.surfaces.boundingBox();
    if (box === null) throw new Error('the surfaces are not on screen');
    const before = await volume.surfaces.screenshot();
    // vtk.js turns the camera with the frames that it draws: on a busy machine a short drag may fall between two.
    await expect(async () => {
      await page.mouse.move(box.x + 0.5 * box.width, box.y + 0.5 * box.height);
      await page.mouse.down();
      await page.mouse.move(box.x + 0.7 * box.width, box.y + 0.6 * box.height, { steps: 10 });
      await page.mouse.up();
      expect((await volume.surfaces.screenshot()).equals(before)).toBe(false);
    }).toPass({ timeout: 20_000 });
  });

  test('fits a small window with all of its panels', async () => {
    const { app, page } = ibis;
    await app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.setContentSize(1280, 800);
    });
    await expect.poll(() => page.evaluate(() => innerWidth)).toBe(1280);
    const { measures } = volumePanel(page);
    await measures.scrollIntoViewIfNeeded();
    await ibis.screenshot('volume-small');
    const panel = await segmentsPanel(page).panel.boundingBox();
    const box = await measures.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(
      (panel?.x ?? 0) + (panel?.width ?? 0),
    );
  });

  test('is there after the program was closed and opened, with what is to be looked at', async () => {
    const before = await standing();
    const complaints = [...ibis.complaints];
    await ibis.reopen();
    const { page } = ibis;
    await segmentsPanel(page).tab.click();
    await expect(segmentsPanel(page).rows).toHaveCount(1);
    expect(await standing()).toEqual(before);
    await expect(volumePanel(page).again).not.toBeChecked();
    const harmless = /willReadFrequently|GPU stall/; // what the tests themselves read back
    const heard = [...complaints, ...ibis.complaints];
    expect(heard.filter((line) => !harmless.test(line))).toEqual([]);
  });
});
