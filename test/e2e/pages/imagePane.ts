import type { Locator, Page } from '@playwright/test';
import { expect } from '@playwright/test';

/** A place on the page, CSS px. */
export interface PagePoint {
  readonly px: number;
  readonly py: number;
}

export interface PixelPlace {
  readonly column: number;
  readonly row: number;
}

/** What the corner says of the pixel under a place. */
export interface Reading extends PagePoint, PixelPlace {
  readonly value: number;
}

/** The main pane, by what it says and by what a hand does on it. */
export interface ImagePane {
  readonly pane: Locator;
  readonly slice: Locator;
  readonly window: Locator;
  /** Lines of the measurements on the open series, in the words that a screen reader says. */
  readonly measurements: Locator;
  placeOf(x: number, y: number): Promise<PagePoint>;
  pointAt(x: number, y: number): Promise<Reading>;
  findPixelCorner(x: number, y: number): Promise<Reading>;
  drag(from: PagePoint, to: PagePoint): Promise<void>;
  colourAt(at: PagePoint): Promise<readonly number[]>;
}

/**
 * Places are fractions of the pane's shorter side, with (0.5, 0.5) in its middle: what lies on the image does so
 * in a window of any shape.
 */
export function imagePane(page: Page): ImagePane {
  const pane = page.getByTestId('pane-main');

  const placeOf = async (x: number, y: number): Promise<PagePoint> => {
    const box = await pane.boundingBox();
    if (box === null) throw new Error('the image is not shown');
    const side = Math.min(box.width, box.height);
    return {
      px: box.x + box.width / 2 + (x - 0.5) * side,
      py: box.y + box.height / 2 + (y - 0.5) * side,
    };
  };

  const readAt = async ({ px, py }: PagePoint): Promise<Reading> => {
    await page.mouse.move(px, py);
    const reading = pane.getByTestId('reading');
    await expect(reading).toHaveText(/x \d+ {2}y \d+ {2}-?[\d.]+/);
    const [column = NaN, row = NaN, value = NaN] =
      ((await reading.textContent()) ?? '').match(/-?[\d.]+/g)?.map(Number) ?? [];
    return { column, row, value, px, py };
  };

  return {
    pane,
    slice: pane.getByTestId('slice'),
    window: pane.getByTestId('window'),
    measurements: page.getByRole('list', { name: 'Measurements' }).getByRole('listitem'),
    placeOf,
    pointAt: async (x, y) => readAt(await placeOf(x, y)),

    /** The first place at or after (x, y) where a new column and a new row begin: lengths are whole pixels. */
    async findPixelCorner(x, y) {
      const start = await readAt(await placeOf(x, y));
      let at = start;
      while (at.column === start.column) at = await readAt({ px: at.px + 1, py: at.py });
      while (at.row === start.row) at = await readAt({ px: at.px, py: at.py + 1 });
      return at;
    },

    async drag(from, to) {
      const MOVES = 5;
      await page.mouse.move(from.px, from.py);
      await page.mouse.down();
      for (let n = 1; n <= MOVES; n++)
        await page.mouse.move(
          from.px + ((to.px - from.px) * n) / MOVES,
          from.py + ((to.py - from.py) * n) / MOVES,
        );
      await page.mouse.up();
    },

    /** What the pane's own canvas shows at a place: red, green, blue. */
    colourAt: (place) =>
      pane.locator('canvas.cornerstone-canvas').evaluate((canvas: HTMLCanvasElement, at) => {
        const box = canvas.getBoundingClientRect();
        const x = ((at.px - box.left) * canvas.width) / box.width;
        const y = ((at.py - box.top) * canvas.height) / box.height;
        const copy = document
          .createElement('canvas')
          .getContext('2d', { willReadFrequently: true });
        copy?.drawImage(canvas, Math.floor(x), Math.floor(y), 1, 1, 0, 0, 1, 1);
        return [...(copy?.getImageData(0, 0, 1, 1).data ?? [])].slice(0, 3);
      }, place),
  };
}
