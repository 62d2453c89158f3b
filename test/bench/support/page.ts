import type { Page } from '@playwright/test';

/** Runs in the page: what happens between the act of a user and the picture that answers it. */

/**
 * Presses the series that has `imageCount` images: milliseconds until its first picture is on screen, told by the
 * slice count in the pane's corner and by pixels other than the ones before.
 */
export function timeFirstImage(page: Page, imageCount: number): Promise<number> {
  return page.evaluate(async (count) => {
    const button = [...document.querySelectorAll<HTMLButtonElement>('button.series')].find(
      (candidate) => candidate.textContent.includes(`${count} images`),
    );
    if (button === undefined) throw new Error('the series is not in the worklist');
    const middleRow = (): string => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-testid^="pane-"] canvas');
      const context = canvas?.getContext('2d') ?? null;
      if (canvas === null || context === null || canvas.width === 0) return '';
      const { data } = context.getImageData(0, canvas.height >> 1, canvas.width, 1);
      // All black is no picture yet.
      return data.some((value, at) => at % 4 !== 3 && value > 20) ? data.join() : '';
    };
    const before = middleRow();
    const begunMs = performance.now();
    button.click();
    for (;;) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const elapsedMs = performance.now() - begunMs;
      const corner = document.querySelector('[data-testid="slice"]')?.textContent ?? '';
      const row = middleRow();
      if (corner.endsWith(`/ ${count}`) && row !== '' && row !== before) return elapsedMs;
      if (elapsedMs > 60_000) throw new Error('no image within 60 s');
    }
  }, imageCount);
}

/**
 * Presses the key of the next case: milliseconds until its first picture is on screen, told by another slice count in
 * the pane's corner and by pixels other than the ones before.
 */
export function timeNextCase(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const corner = (): string =>
      document.querySelector('[data-testid="slice"]')?.textContent.split('/').at(-1) ?? '';
    const middleRow = (): string => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-testid^="pane-"] canvas');
      const context = canvas?.getContext('2d') ?? null;
      if (canvas === null || context === null || canvas.width === 0) return '';
      const { data } = context.getImageData(0, canvas.height >> 1, canvas.width, 1);
      return data.some((value, at) => at % 4 !== 3 && value > 20) ? data.join() : '';
    };
    const [cornerBefore, rowBefore] = [corner(), middleRow()];
    const begunMs = performance.now();
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'n', bubbles: true }));
    for (;;) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const elapsedMs = performance.now() - begunMs;
      const row = middleRow();
      if (corner() !== '' && corner() !== cornerBefore && row !== '' && row !== rowBefore)
        return elapsedMs;
      if (elapsedMs > 60_000) throw new Error('no image within 60 s');
    }
  });
}

/** Turns the wheel over the image `turns` times, each as soon as the last is drawn: milliseconds a picture. */
export function timeScroll(page: Page, turns: number): Promise<number[]> {
  return page.evaluate(async (count) => {
    const canvas = document.querySelector('[data-testid^="pane-"] canvas');
    if (canvas === null) throw new Error('no pane is open');
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const elapsedMs: number[] = [];
    for (let turn = 0; turn < count; turn += 1) {
      const begunMs = performance.now();
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new Error('the wheel drew nothing within 10 s'));
        }, 10_000);
        const onDrawn = (): void => {
          clearTimeout(timer);
          resolve();
        };
        document.addEventListener('CORNERSTONE_IMAGE_RENDERED', onDrawn, {
          capture: true,
          once: true,
        });
        canvas.dispatchEvent(
          new WheelEvent('wheel', {
            // Down for half of the way, then up: never stuck at an end.
            deltaY: turn < count / 2 ? 100 : -100,
            clientX: left + width / 2,
            clientY: top + height / 2,
            bubbles: true,
            cancelable: true,
          }),
        );
      });
      elapsedMs.push(performance.now() - begunMs);
    }
    return elapsedMs;
  }, turns);
}

/** Opens a folder through the bridge: milliseconds until the worklist has it, and how many images it then lists. */
export function timeOpening(
  page: Page,
  folder: string,
): Promise<{ readonly elapsedMs: number; readonly images: number }> {
  return page.evaluate(async (path) => {
    const begunMs = performance.now();
    const reply = await window.ibis.invoke('openPaths', { paths: [path], jobId: 'bench' });
    if (!reply.ok) throw new Error(reply.error.message);
    const elapsedMs = performance.now() - begunMs;
    const images = reply.value.studies
      .flatMap(({ series }) => series)
      .reduce((sum, { imageCount }) => sum + imageCount, 0);
    return { elapsedMs, images };
  }, folder);
}
