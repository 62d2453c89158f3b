import type { Page } from '@playwright/test';

/** From the key on: until the engine has told of the stored act, and until the overlay of the image shows it. */
export interface StepTimes {
  readonly storedMs: number;
  readonly drawnMs: number;
}

/**
 * Runs in the page: presses Ctrl+Z or Ctrl+Y and waits until a pixel in the middle of the image, where the act was, has
 * another colour. It is looked at once a frame, so the time is that of the frame that shows the act.
 */
export function timeStep(page: Page, key: 'z' | 'y'): Promise<StepTimes> {
  return page.evaluate(async (pressed) => {
    const canvas = document.querySelector<HTMLCanvasElement>(
      '[data-testid="pane-main"] canvas.overlay',
    );
    const context = canvas?.getContext('2d') ?? null;
    if (canvas === null || context === null) throw new Error('no image is on screen');
    const [x, y] = [canvas.width >> 1, canvas.height >> 1];
    const readPixel = (): string => context.getImageData(x, y, 1, 1).data.join();
    const before = readPixel();
    let storedMs = NaN;
    const begunMs = performance.now();
    const stop = window.ibis.onEvent((event) => {
      if (event.kind === 'segmentationChanged') storedMs = performance.now() - begunMs;
    });
    window.dispatchEvent(
      new KeyboardEvent('keydown', { key: pressed, ctrlKey: true, bubbles: true }),
    );
    try {
      for (;;) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const drawnMs = performance.now() - begunMs;
        if (!Number.isNaN(storedMs) && readPixel() !== before) return { storedMs, drawnMs };
        if (drawnMs > 20_000) throw new Error('nothing was drawn within 20 s');
      }
    } finally {
      stop();
    }
  }, key);
}
