import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import { encode } from 'fast-png';

import { dicomElement, encodePart10, uid } from '../fixtures/makeSeries.js';
import { openPaths } from './pages/ibisWindow.js';
import { imagePane } from './pages/imagePane.js';
import { makeFolder } from './support/folder.js';
import { launchIbis, type LaunchedIbis } from './support/launch.js';

const SIDE = 64;
const black = [0, 0, 0];
const white = [255, 255, 255];

/** Left half of one value, right half of another. */
const halves = (left: readonly number[], right: readonly number[]): Uint8Array =>
  Uint8Array.from(
    Array.from({ length: SIDE * SIDE }, (_, p) => (p % SIDE < SIDE / 2 ? left : right)).flat(),
  );

/** A secondary capture of 8 bits without a window, in a study of its own. */
const captureOf = (photometric: string, data: Uint8Array, number: number): Uint8Array =>
  encodePart10([
    dicomElement(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.7'), // Secondary Capture
    dicomElement(0x00080018, 'UI', uid(8, 1, number)),
    dicomElement(0x00080060, 'CS', 'OT'),
    dicomElement(0x00100010, 'PN', 'Drawn^Test'),
    dicomElement(0x00100020, 'LO', 'V-2'),
    dicomElement(0x0020000d, 'UI', uid(8, 2, number)),
    dicomElement(0x0020000e, 'UI', uid(8, 3, number)),
    dicomElement(0x00200011, 'IS', String(number)),
    dicomElement(0x00200013, 'IS', '1'),
    dicomElement(0x00280002, 'US', [1]),
    dicomElement(0x00280004, 'CS', photometric),
    dicomElement(0x00280010, 'US', [SIDE]),
    dicomElement(0x00280011, 'US', [SIDE]),
    dicomElement(0x00280100, 'US', [8]),
    dicomElement(0x00280101, 'US', [8]),
    dicomElement(0x00280102, 'US', [7]),
    dicomElement(0x00280103, 'US', [0]),
    dicomElement(0x7fe00010, 'OB', data),
  ]);

test.describe('what is drawn', () => {
  const { folder, remove } = makeFolder('drawn');
  let ibis: LaunchedIbis;
  test.beforeAll(async () => {
    ibis = await launchIbis();
  });
  test.afterAll(async () => {
    await ibis.close();
    remove();
  });

  /** Opens one picture and tells the colours of its left and right half, as soon as they are on screen. */
  async function expectColours(
    name: string,
    file: Uint8Array,
    wanted: readonly (readonly number[])[],
  ): Promise<void> {
    writeFileSync(path.join(folder, name), file);
    await openPaths(ibis, [path.join(folder, name)]);
    const image = imagePane(ibis.page);
    await expect(image.slice).toHaveText('1 / 1', { timeout: 60_000 });
    const farthestOff = async (): Promise<number> => {
      const seen = [
        await image.colourAt(await image.placeOf(0.4, 0.45)),
        await image.colourAt(await image.placeOf(0.6, 0.45)),
      ].flat();
      return Math.max(...wanted.flat().map((value, n) => Math.abs(value - (seen[n] ?? Infinity))));
    };
    await expect.poll(farthestOff).toBeLessThanOrEqual(1);
  }

  test('is white where a picture of noughts and ones is one', async () => {
    const file = captureOf('MONOCHROME2', halves([0], [1]), 1);
    await expectColours('mask.dcm', file, [black, white]);
  });

  test('is white where a picture that stores white as nought is nought', async () => {
    const file = captureOf('MONOCHROME1', halves([0], [90]), 2);
    await expectColours('white.dcm', file, [white, black]);
  });

  test('has the colours of a colour picture', async () => {
    const [left, right] = [
      [200, 30, 60],
      [10, 120, 250],
    ];
    const data = halves(left, right);
    const png = encode({ width: SIDE, height: SIDE, data, channels: 3, depth: 8 });
    await expectColours('colour.png', png, [left, right]);
  });

  test('is nothing, rather than the series before, where a file has gone', async () => {
    const gone = path.join(folder, 'gone');
    mkdirSync(gone);
    for (const number of [3, 4, 5]) {
      const file = captureOf('MONOCHROME2', halves([0], [90]), number);
      writeFileSync(path.join(gone, `${String(number)}.dcm`), file);
    }
    await openPaths(ibis, [gone]);
    const { pane } = imagePane(ibis.page);
    const rows = ibis.page.locator('.series');
    await expect(rows).toHaveCount(6);
    rmSync(gone, { recursive: true });
    // Of the three one is on screen, and the one after it may have been read ahead.
    const isRead = await rows.evaluateAll((all) => {
      const open = all.findIndex((row) => row.getAttribute('aria-current') === 'true');
      return all.map((_, at) => at === open || at === open + 1);
    });
    const isGone = (await rows.allTextContents()).map((text) => /^\s*[345]\b/.test(text));
    await rows.nth(isGone.findLastIndex((gone, at) => gone && isRead[at] === false)).click();
    await expect(pane.getByText('This image could not be read')).toBeVisible();
    await expect(pane.locator('canvas.cornerstone-canvas')).toBeHidden();
    await expect(ibis.page.getByText('has moved or changed since it was opened')).toBeVisible();
  });
});
