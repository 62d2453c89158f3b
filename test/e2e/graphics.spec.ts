import { expect, test } from '@playwright/test';

import { openTiltedSeries, tiltedValueAt as valueAt } from './support/tiltedSeries.js';

test.describe.serial('a graphics driver that fails', () => {
  let opened: Awaited<ReturnType<typeof openTiltedSeries>>;
  test.beforeAll(async () => {
    opened = await openTiltedSeries();
  });
  test.afterAll(async () => {
    await opened.close();
  });

  test('says when the graphics driver gives up, and shows the images again when asked', async () => {
    const { ibis, image } = opened;
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
    await expect(image.slice).toHaveText('5 / 9');
    await ibis.page.evaluate(() =>
      (window as unknown as { loseGraphics: () => void }).loseGraphics(),
    );
    const viewer = ibis.page.getByTestId('viewer');
    await expect(viewer.getByRole('alert')).toContainText('The graphics driver stopped');
    await viewer.getByRole('button', { name: 'Show the images again' }).click();
    await expect(image.slice).toHaveText('5 / 9');
    const { column, row, value } = await image.pointAt(0.45, 0.55);
    expect(value).toBe(valueAt(column, row, 4));
  });

  test('says in a sentence that a machine without WebGL shows no images', async () => {
    const { ibis } = opened;
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
