import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@playwright/test';
import { encode } from 'fast-png';

import { encodeDicom } from '../../src/engine/export/writeDicom.js';
import { launchIbis, type LaunchedIbis } from './support/launch.js';

/**
 * A series as an awkward scanner might store it: tilted by 25 degrees, both image axes against the canonical
 * orientation, slices in reverse, anisotropic, rescaled. Every pixel says where it was stored.
 */
const shape = {
  columns: 200,
  rows: 160,
  slices: 9,
  columnMm: 0.8,
  rowMm: 0.6,
  sliceMm: 3,
} as const;
const tilt = (25 * Math.PI) / 180;
const columnDirection = [-1, 0, 0];
const rowDirection = [0, -Math.cos(tilt), -Math.sin(tilt)];
const normal = [0, -Math.sin(tilt), Math.cos(tilt)]; // columns x rows
const SLOPE = 0.5;
const INTERCEPT = -100;

/** Modality value at a pixel of the canonical slice: the stored image turned by half. */
const valueAt = (column: number, row: number, k: number): number => {
  const stored = (shape.rows - 1 - row) * shape.columns + (shape.columns - 1 - column) + k * 3000;
  return stored * SLOPE + INTERCEPT;
};

function writeSeries(folder: string): void {
  const text = (numbers: readonly number[]): string[] => numbers.map((each) => each.toFixed(6));
  for (let k = 0; k < shape.slices; k++) {
    const pixels = new Uint16Array(shape.columns * shape.rows).map((_, p) => p + k * 3000);
    const file = encodeDicom({
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4',
      SOPInstanceUID: `1.2.826.0.1.3680043.2.1125.7.${String(k + 1)}`,
      StudyInstanceUID: '1.2.826.0.1.3680043.2.1125.7',
      SeriesInstanceUID: '1.2.826.0.1.3680043.2.1125.7.0',
      FrameOfReferenceUID: '1.2.826.0.1.3680043.2.1125.7.9',
      PatientName: 'Viewer^Test',
      PatientID: 'V-1',
      PatientBirthDate: '19700101',
      PatientSex: 'O',
      StudyDate: '20240131',
      StudyTime: '120000',
      StudyID: '1',
      AccessionNumber: '',
      ReferringPhysicianName: '',
      StudyDescription: 'Tilted',
      SeriesDescription: 'Stored against the grain',
      SeriesNumber: '1',
      PositionReferenceIndicator: '',
      Modality: 'MR',
      InstanceNumber: String(shape.slices - k),
      SliceThickness: String(shape.sliceMm),
      ImagePositionPatient: text(normal.map((n) => n * k * shape.sliceMm)),
      ImageOrientationPatient: text([...columnDirection, ...rowDirection]),
      PixelSpacing: text([shape.rowMm, shape.columnMm]),
      Rows: shape.rows,
      Columns: shape.columns,
      SamplesPerPixel: 1,
      PhotometricInterpretation: 'MONOCHROME2',
      BitsAllocated: 16,
      BitsStored: 16,
      HighBit: 15,
      PixelRepresentation: 0,
      RescaleSlope: String(SLOPE),
      RescaleIntercept: String(INTERCEPT),
      WindowCenter: '8000',
      WindowWidth: '16000',
      PixelData: pixels.buffer,
      _vrMap: { PixelData: 'OW' },
    });
    writeFileSync(path.join(folder, `${String(k)}.dcm`), file);
  }
}

interface Reading {
  readonly column: number;
  readonly row: number;
  readonly value: number;
}

/** What the pane's own canvas shows at a point of the page: red, green, blue. */
async function colourAt(
  { page }: LaunchedIbis,
  px: number,
  py: number,
): Promise<readonly number[]> {
  return page
    .getByTestId('pane-main')
    .locator('canvas.cornerstone-canvas')
    .evaluate(
      (canvas: HTMLCanvasElement, at) => {
        const box = canvas.getBoundingClientRect();
        const x = ((at.px - box.left) * canvas.width) / box.width;
        const y = ((at.py - box.top) * canvas.height) / box.height;
        const copy = document
          .createElement('canvas')
          .getContext('2d', { willReadFrequently: true });
        copy?.drawImage(canvas, Math.floor(x), Math.floor(y), 1, 1, 0, 0, 1, 1);
        return [...(copy?.getImageData(0, 0, 1, 1).data ?? [])].slice(0, 3);
      },
      { px, py },
    );
}

test.describe('the viewer', () => {
  let ibis: LaunchedIbis;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ibis-viewer-'));
  const pane = () => ibis.page.getByTestId('pane-main');
  const slice = () => pane().getByTestId('slice');

  /** Points at a place in the main pane (0 to 1) and reads what the corner says of the pixel there. */
  async function pointAt(x: number, y: number): Promise<Reading & { px: number; py: number }> {
    const box = await pane().boundingBox();
    if (box === null) throw new Error('the image is not shown');
    const [px, py] = [box.x + x * box.width, box.y + y * box.height];
    await ibis.page.mouse.move(px, py);
    const reading = pane().getByTestId('reading');
    await expect(reading).toHaveText(/x \d+ {2}y \d+ {2}-?[\d.]+/);
    const [column = NaN, row = NaN, value = NaN] =
      ((await reading.textContent()) ?? '').match(/-?[\d.]+/g)?.map(Number) ?? [];
    return { column, row, value, px, py };
  }

  /** The first place at or after (x, y) where both a new column and a new row begin, so that lengths are whole pixels. */
  async function findPixelCorner(
    x: number,
    y: number,
  ): Promise<Reading & { px: number; py: number }> {
    const box = await pane().boundingBox();
    if (box === null) throw new Error('the image is not shown');
    const start = await pointAt(x, y);
    let at = start;
    while (at.column === start.column) at = await pointAt((at.px - box.x + 1) / box.width, y);
    const newColumn = (at.px - box.x) / box.width;
    while (at.row === start.row) at = await pointAt(newColumn, (at.py - box.y + 1) / box.height);
    return at;
  }

  async function drag(
    from: { px: number; py: number },
    to: { px: number; py: number },
  ): Promise<void> {
    await ibis.page.mouse.move(from.px, from.py);
    await ibis.page.mouse.down();
    for (let n = 1; n <= 5; n++)
      await ibis.page.mouse.move(
        from.px + ((to.px - from.px) * n) / 5,
        from.py + ((to.py - from.py) * n) / 5,
      );
    await ibis.page.mouse.up();
  }

  test.beforeAll(async () => {
    writeSeries(folder);
    ibis = await launchIbis({ args: [folder] });
    await expect(slice()).toHaveText(`5 / ${String(shape.slices)}`, { timeout: 60_000 });
  });
  test.afterAll(async () => {
    await ibis.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('names the sides of a tilted patient, however the pixels were stored', async () => {
    await expect(pane().getByTestId('letter-left')).toHaveText('R');
    await expect(pane().getByTestId('letter-right')).toHaveText('L');
    await expect(pane().getByTestId('letter-top')).toHaveText('AI');
    await expect(pane().getByTestId('letter-bottom')).toHaveText('PS');
  });

  test('reads under the cursor what the file holds there', async () => {
    for (const [x, y] of [
      [0.4, 0.3],
      [0.55, 0.62],
      [0.5, 0.5],
    ] as const) {
      const { column, row, value } = await pointAt(x, y);
      expect(value).toBe(valueAt(column, row, 4));
    }
  });

  test('draws a pixel as bright as the window makes it', async () => {
    for (const [x, y] of [
      [0.42, 0.45],
      [0.6, 0.65],
    ] as const) {
      const { value, px, py } = await pointAt(x, y);
      const [red = NaN] = await colourAt(ibis, px, py);
      expect(Math.abs(red - Math.min(255, (value / 16000) * 255))).toBeLessThan(3);
    }
  });

  test('scrolls by wheel and by key, and stops at the end', async () => {
    await pointAt(0.5, 0.5);
    await ibis.page.mouse.wheel(0, 100);
    await expect(slice()).toHaveText('6 / 9');
    const { column, row, value } = await pointAt(0.5, 0.51);
    expect(value).toBe(valueAt(column, row, 5));
    await ibis.page.keyboard.press('ArrowDown');
    await expect(slice()).toHaveText('7 / 9');
    for (let n = 0; n < 5; n++) await ibis.page.mouse.wheel(0, 100);
    await expect(slice()).toHaveText('9 / 9');
    for (let n = 0; n < 4; n++) await ibis.page.keyboard.press('ArrowUp');
    await expect(slice()).toHaveText('5 / 9');
  });

  test('opens in the window of the file, and a drag widens it', async () => {
    await expect(pane().getByTestId('window')).toHaveText('W 16000  L 8000');
    await ibis.page.keyboard.press('w');
    const from = await pointAt(0.4, 0.5);
    await drag(from, { px: from.px + 60, py: from.py });
    const text = (await pane().getByTestId('window').textContent()) ?? '';
    expect(Number(/W (\d+)/.exec(text)?.[1])).toBeGreaterThan(16500);
    expect(text).toContain('L 8000');
    await ibis.page.keyboard.press('1');
    await expect(pane().getByTestId('window')).toHaveText('W 16000  L 8000');
  });

  test('measures a known length within 1%', async () => {
    await ibis.page.keyboard.press('l');
    const lines = ibis.page.getByRole('list', { name: 'Measurements' }).getByRole('listitem');
    const measure = async (fromX: number, fromY: number, toX: number, toY: number) => {
      const from = await findPixelCorner(fromX, fromY);
      const to = await findPixelCorner(toX, toY);
      const before = await lines.count();
      await drag(from, to);
      const line = lines.nth(before);
      await expect(line).toHaveText(/^length [\d.]+ mm$/);
      const known = Math.hypot(
        (to.column - from.column) * shape.columnMm,
        (to.row - from.row) * shape.rowMm,
      );
      // The number follows the drag a moment later.
      await expect
        .poll(async () => {
          const told = Number(/[\d.]+/.exec((await line.textContent()) ?? '')?.[0]);
          return Math.abs(told - known) / known;
        })
        .toBeLessThan(0.01);
    };
    await measure(0.3, 0.3, 0.7, 0.3);
    await measure(0.35, 0.75, 0.6, 0.4);
    await ibis.screenshot('viewer-measured');
  });

  test('shows three planes at a double click, with the right sides, and the cross moves them', async () => {
    await ibis.page.keyboard.press('w');
    const at = await pointAt(0.3, 0.4);
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
    const crossed = await pointAt(0.6, 0.35);
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
    expect(ibis.complaints.filter((line) => !/GPU stall|swiftshader/i.test(line))).toEqual([]);
  });

  test('says when the graphics driver gives up, and shows the images again when asked', async () => {
    await ibis.page.addInitScript(() => {
      const made: WebGL2RenderingContext[] = [];
      const original = Reflect.get(HTMLCanvasElement.prototype, 'getContext');
      Object.assign(window, {
        loseGraphics: () => made.at(-1)?.getExtension('WEBGL_lose_context')?.loseContext(),
      });
      HTMLCanvasElement.prototype.getContext = function (
        this: HTMLCanvasElement,
        ...args: unknown[]
      ) {
        const context = Reflect.apply(original, this, args) as RenderingContext | null;
        if (context instanceof WebGL2RenderingContext) made.push(context);
        return context;
      } as HTMLCanvasElement['getContext']; // the overloads cannot be written out here
    });
    await ibis.page.reload();
    await expect(slice()).toHaveText('5 / 9');
    await ibis.page.evaluate(() =>
      (window as unknown as { loseGraphics: () => void }).loseGraphics(),
    );
    const viewer = ibis.page.getByTestId('viewer');
    await expect(viewer.getByRole('alert')).toContainText('The graphics driver stopped');
    await viewer.getByRole('button', { name: 'Show the images again' }).click();
    await expect(slice()).toHaveText('5 / 9');
    const { column, row, value } = await pointAt(0.45, 0.55);
    expect(value).toBe(valueAt(column, row, 4));
  });

  test('says in a sentence that a machine without WebGL shows no images', async () => {
    await ibis.page.addInitScript(() => {
      const original = Reflect.get(HTMLCanvasElement.prototype, 'getContext');
      HTMLCanvasElement.prototype.getContext = function (
        this: HTMLCanvasElement,
        ...args: unknown[]
      ) {
        return args[0] === '2d' ? (Reflect.apply(original, this, args) as unknown) : null;
      } as HTMLCanvasElement['getContext']; // the overloads cannot be written out here
    });
    await ibis.page.reload();
    await expect(ibis.page.getByTestId('viewer').getByRole('alert')).toContainText(
      'offers no WebGL',
    );
  });
});

test.describe('what is drawn', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ibis-drawn-'));
  test.afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Opens one picture and tells the colours of its left and right half. */
  async function coloursOf(
    name: string,
    file: Uint8Array,
  ): Promise<readonly (readonly number[])[]> {
    writeFileSync(path.join(folder, name), file);
    const ibis = await launchIbis({ args: [path.join(folder, name)] });
    try {
      const pane = ibis.page.getByTestId('pane-main');
      await expect(pane.getByTestId('slice')).toHaveText('1 / 1', { timeout: 60_000 });
      const box = await pane.boundingBox();
      if (box === null) throw new Error('the image is not shown');
      const y = box.y + box.height * 0.45;
      const { left, right } = { left: box.x + box.width * 0.45, right: box.x + box.width * 0.55 };
      return [await colourAt(ibis, left, y), await colourAt(ibis, right, y)];
    } finally {
      await ibis.close();
    }
  }
  /** Left half of one value, right half of another. */
  const halves = (left: readonly number[], right: readonly number[]): Uint8Array =>
    Uint8Array.from(Array.from({ length: 64 * 64 }, (_, p) => (p % 64 < 32 ? left : right)).flat());

  /** A secondary capture of 8 bits without a window. */
  const captureOf = (photometric: string, data: Uint8Array, number = 1): Uint8Array =>
    encodeDicom({
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `1.2.826.0.1.3680043.2.1125.8.${String(number)}`,
      StudyInstanceUID: '1.2.826.0.1.3680043.2.1125.8',
      SeriesInstanceUID: `1.2.826.0.1.3680043.2.1125.8.0.${String(number)}`,
      PatientName: 'Drawn^Test',
      PatientID: 'V-2',
      PatientBirthDate: '',
      PatientSex: '',
      StudyDate: '',
      StudyTime: '',
      StudyID: '',
      AccessionNumber: '',
      ReferringPhysicianName: '',
      SeriesNumber: '1',
      Modality: 'OT',
      ConversionType: 'WSD',
      InstanceNumber: '1',
      Rows: 64,
      Columns: 64,
      SamplesPerPixel: 1,
      PhotometricInterpretation: photometric,
      BitsAllocated: 8,
      BitsStored: 8,
      HighBit: 7,
      PixelRepresentation: 0,
      PixelData: data.buffer,
      _vrMap: { PixelData: 'OB' },
    });
  const black = [0, 0, 0];
  const white = [255, 255, 255];

  test('is white where a picture of noughts and ones is one', async () => {
    const file = captureOf('MONOCHROME2', halves([0], [1]));
    expect(await coloursOf('mask.dcm', file)).toEqual([black, white]);
  });

  test('is white where a picture that stores white as nought is nought', async () => {
    const file = captureOf('MONOCHROME1', halves([0], [90]));
    expect(await coloursOf('white.dcm', file)).toEqual([white, black]);
  });

  test('has the colours of a colour picture', async () => {
    const data = halves([200, 30, 60], [10, 120, 250]);
    const png = encode({ width: 64, height: 64, data, channels: 3, depth: 8 });
    const colours = await coloursOf('colour.png', png);
    for (const [n, wanted] of [
      [200, 30, 60],
      [10, 120, 250],
    ].entries())
      for (const [channel, value] of wanted.entries())
        expect(Math.abs((colours[n]?.[channel] ?? NaN) - value)).toBeLessThanOrEqual(1);
  });

  test('is nothing, rather than the series before, where a file has gone', async () => {
    const two = mkdtempSync(path.join(folder, 'two-'));
    for (const number of [1, 2]) {
      const file = captureOf('MONOCHROME2', halves([0], [90]), number);
      writeFileSync(path.join(two, `${String(number)}.dcm`), file);
    }
    const ibis = await launchIbis({ args: [two] });
    try {
      const pane = ibis.page.getByTestId('pane-main');
      await expect(pane.getByTestId('slice')).toHaveText('1 / 1', { timeout: 60_000 });
      rmSync(two, { recursive: true });
      await ibis.page.keyboard.press('PageDown');
      await ibis.page.keyboard.press('PageUp'); // whichever of the two came first
      await expect(pane.getByText('This image could not be read')).toBeVisible();
      await expect(pane.locator('canvas.cornerstone-canvas')).toBeHidden();
      await expect(ibis.page.getByText('has moved or changed since it was opened')).toBeVisible();
    } finally {
      await ibis.close();
    }
  });
});
