import { expect, test } from '@playwright/test';

import type { PixelPlace } from './pages/imagePane.js';
import { ctShape, ctValueAt, writeKnownCt } from './support/knownCt.js';
import { makeFolder } from './support/folder.js';
import { openTiltedSeries, tiltedShape } from './support/tiltedSeries.js';

test.describe.serial('measuring', () => {
  const { folder, remove } = makeFolder('measuring');
  let opened: Awaited<ReturnType<typeof openTiltedSeries>>;
  test.beforeAll(async () => {
    writeKnownCt(folder);
    opened = await openTiltedSeries(folder);
  });
  test.afterAll(async () => {
    await opened.close();
    remove();
  });

  /** The numbers of the newest measurement, as soon as `isRight`; they follow the drag a moment later. */
  async function expectMeasured(
    kind: string,
    count: number,
    isRight: (numbers: readonly number[]) => boolean,
  ): Promise<void> {
    const line = opened.image.measurements.nth(count - 1);
    await expect(line).toHaveText(new RegExp(`^${kind} `));
    await expect
      .poll(async () => {
        const words = (await line.textContent()) ?? '';
        const numbers = (words.match(/-?[\d.]+/g) ?? []).map(Number);
        return isRight(numbers) ? 'right' : words;
      })
      .toBe('right');
  }

  test('a length is within 1% of the known one, along an axis and across', async () => {
    const { ibis, image } = opened;
    await ibis.page.keyboard.press('l');
    for (const [n, [fromX, fromY, toX, toY]] of [
      [0.3, 0.3, 0.7, 0.3],
      [0.35, 0.7, 0.6, 0.4],
    ].entries() as ArrayIterator<[number, [number, number, number, number]]>) {
      const from = await image.findPixelCorner(fromX, fromY);
      const to = await image.findPixelCorner(toX, toY);
      await image.drag(from, to);
      const knownMm = Math.hypot(
        (to.column - from.column) * tiltedShape.columnMm,
        (to.row - from.row) * tiltedShape.rowMm,
      );
      await expectMeasured(
        'length',
        n + 1,
        ([mm = NaN]) => Math.abs(mm - knownMm) < 0.01 * knownMm,
      );
    }
    await expect(image.measurements.first()).toHaveText(/^length [\d.]+ mm$/);
    await ibis.screenshot('viewer-measured');
  });

  test('are of their own series: on another one there are none yet', async () => {
    const { ibis, image } = opened;
    await ibis.page.keyboard.press('PageDown');
    await expect(image.slice).toHaveText(`4 / ${String(ctShape.slices)}`);
    await expect(image.measurements).toHaveCount(0);
  });

  /** What the pixels hold whose centres lie in the box from `from` to `to`, or in the ellipse within it. */
  function statsIn(shape: 'rectangle' | 'ellipse', from: PixelPlace, to: PixelPlace) {
    const [width, height] = [to.column - from.column, to.row - from.row];
    const values: number[] = [];
    for (let row = from.row; row < to.row; row++)
      for (let column = from.column; column < to.column; column++) {
        const x = (2 * (column + 0.5 - from.column)) / width - 1;
        const y = (2 * (row + 0.5 - from.row)) / height - 1;
        if (shape === 'rectangle' || x * x + y * y <= 1) values.push(ctValueAt(column, row, 3));
      }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const boxMm2 = width * height * ctShape.columnMm * ctShape.rowMm;
    return {
      areaMm2: shape === 'rectangle' ? boxMm2 : (boxMm2 * Math.PI) / 4,
      mean,
      deviation: Math.sqrt(squares / values.length),
      least: Math.min(...values),
      most: Math.max(...values),
    };
  }

  const agree = (
    [areaMm2 = NaN, mean = NaN, deviation = NaN, least = NaN, most = NaN]: readonly number[],
    known: ReturnType<typeof statsIn>,
    rimHu: number,
  ): boolean =>
    Math.abs(areaMm2 - known.areaMm2) < 0.03 * known.areaMm2 &&
    Math.abs(mean - known.mean) <= 1 &&
    Math.abs(deviation - known.deviation) <= 1 &&
    Math.abs(least - known.least) <= rimHu &&
    Math.abs(most - known.most) <= rimHu;

  test('a rectangle tells area, mean, deviation and range of the pixels within it, in HU', async () => {
    const { ibis, image } = opened;
    await ibis.page.keyboard.press('r');
    const from = await image.findPixelCorner(0.2, 0.3);
    const to = await image.findPixelCorner(0.45, 0.6);
    await image.drag(from, to);
    const known = statsIn('rectangle', from, to);
    await expectMeasured('rectangle', 1, (told) => agree(told, known, 0));
    await expect(image.measurements.first()).toHaveText(
      /^rectangle [\d.]+ mm², mean -?[\d.]+ ± [\d.]+ HU, -?\d+ to -?\d+ HU$/,
    );
  });

  test('an ellipse, drawn from its centre, tells the same of the pixels within it', async () => {
    const { ibis, image } = opened;
    await ibis.page.keyboard.press('Shift+R');
    const centre = await image.findPixelCorner(0.7, 0.5);
    const to = await image.findPixelCorner(0.85, 0.65);
    await image.drag(centre, to);
    const from = { column: 2 * centre.column - to.column, row: 2 * centre.row - to.row };
    const known = statsIn('ellipse', from, to);
    // A pixel on the rim may fall to either side.
    const rimHu = ctValueAt(1, 0, 0) - ctValueAt(0, 1, 0);
    await expectMeasured('ellipse', 2, (told) => agree(told, known, rimHu));
  });

  test('one that reaches beyond the image says so instead of a number', async () => {
    const { ibis, image } = opened;
    await ibis.page.keyboard.press('r');
    await image.drag(await image.placeOf(0.5, 0.05), await image.placeOf(0.6, 0.4));
    const told = image.measurements.filter({ hasText: 'rectangle' }).last();
    await expect(told).toHaveText('rectangle reaches beyond the image');
  });

  test('the chosen one goes with Delete, the others stay', async () => {
    const { ibis, image } = opened;
    await ibis.page.keyboard.press('Delete');
    await expect(image.measurements).toHaveCount(2);
    await expect(image.measurements.filter({ hasText: 'beyond' })).toHaveCount(0);
  });
});
