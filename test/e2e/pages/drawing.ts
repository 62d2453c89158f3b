import type { Page } from '@playwright/test';

import { ibisWindow } from './ibisWindow.js';

/**
 * Presses the left button at the first place of the pane (0 to 1), goes through the others, and lets go at the last;
 * `meanwhile` runs before that.
 */
export async function dragOnImage(
  page: Page,
  places: readonly (readonly [x: number, y: number])[],
  meanwhile?: () => Promise<void>,
): Promise<void> {
  const box = await ibisWindow(page).image.boundingBox();
  if (box === null) throw new Error('no image is on screen');
  for (const [index, [x, y]] of places.entries()) {
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 6 });
    if (index === 0) await page.mouse.down();
  }
  await meanwhile?.();
  await page.mouse.up();
}
