import type { ElectronApplication, Locator, Page } from '@playwright/test';
import { expect } from '@playwright/test';

import type { SessionId } from '../../../src/domain/brand.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import type { LaunchedIbis } from '../support/launch.js';

/** The window as a reader sees it: what is where, by the names that a screen reader would say. */
export const ibisWindow = (page: Page) => {
  const worklist = page.getByRole('complementary', { name: 'Worklist' });
  const session = page.getByRole('complementary', { name: 'Session' });
  const button = (name: string): Locator => session.getByRole('button', { name, exact: true });
  return {
    worklist,
    session,
    studies: worklist.getByRole('tab', { name: /^Studies/ }),
    sessions: worklist.getByRole('tab', { name: /^Sessions/ }),
    series: worklist.locator('.series'),
    storedSessions: worklist.getByRole('list', { name: 'Sessions' }).getByRole('button'),
    refused: worklist.getByRole('region', { name: 'Files that were not opened' }),
    image: page.getByTestId('pane-main'),
    /** Its name says plane, slice and number of slices. */
    picture: page.getByTestId('pane-main').locator('.image'),
    request: session.getByLabel('What to segment'),
    state: session.locator('.head .state[aria-live]'),
    steps: session.getByRole('list', { name: 'Steps' }).locator('.step'),
    problem: session.getByRole('alert'),
    run: session.getByRole('button', { name: /^Run/ }),
    stop: button('Stop'),
    pause: button('Pause'),
    step: button('Step'),
    undo: session.getByRole('button', { name: /^Undo/ }),
    redo: session.getByRole('button', { name: /^Redo/ }),
    accept: button('Accept'),
    reject: button('Reject'),
    exportButton: button('Export'),
    exported: session.getByRole('region', { name: 'Export' }),
    engine: page.getByRole('banner').getByRole('status'),
    engineStopped: page.getByText('The engine has stopped.', { exact: true }),
    restartEngine: page.getByRole('button', { name: 'Restart the engine' }),
    status: page.locator('.status-bar'),
    tool: (name: string): Locator =>
      page.getByRole('banner').getByRole('button', { name, exact: true }),
  };
};

export type IbisWindow = ReturnType<typeof ibisWindow>;

/** Waits until the image of the open series is drawn; long, since a busy machine starts the engine slowly. */
export async function waitForImage(page: Page): Promise<void> {
  const picture = expect(ibisWindow(page).picture);
  try {
    await picture.toHaveAccessibleName(/image \d+ of \d+/, { timeout: 60_000 });
  } catch (failure) {
    const words = await page.locator('body').innerText();
    throw new Error(`no image appeared; the window says:\n${words}`, { cause: failure });
  }
}

/** Clicks on the image at a place of the pane, 0 to 1. */
export async function clickOnImage(page: Page, x: number, y: number): Promise<void> {
  const box = await ibisWindow(page).image.boundingBox();
  if (box === null) throw new Error('no image is on screen');
  await page.mouse.click(box.x + x * box.width, box.y + y * box.height);
}

/** What the engine has stored of the newest session: the truth that the pixels are measured against. */
export async function readStoredSession(page: Page): Promise<SegmentationSession> {
  return page.evaluate(async () => {
    const list = await window.ibis.invoke('listSessions', { search: '' });
    if (!list.ok) throw new Error(list.error.message);
    const newest = [...list.value].sort((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
    if (newest === undefined) throw new Error('no session is stored');
    const reply = await window.ibis.invoke('getSession', { sessionId: newest.sessionId });
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  });
}

export async function readSession(page: Page, sessionId: SessionId): Promise<SegmentationSession> {
  return page.evaluate(async (id) => {
    const reply = await window.ibis.invoke('getSession', { sessionId: id });
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  }, sessionId);
}

/** How many pixels of the mask and marks layer have each alpha, 0 to 255. */
export async function countOverlayAlphas(page: Page): Promise<readonly number[]> {
  return page
    .getByTestId('pane-main')
    .locator('canvas.overlay')
    .evaluate((canvas: HTMLCanvasElement) => {
      const counts = new Array<number>(256).fill(0);
      if (canvas.width === 0) return counts;
      // A copy: of the window's own canvas, read again and again, Chromium says that it is slow.
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext('2d', { willReadFrequently: true });
      if (context === null) return counts;
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      for (let p = 3; p < data.length; p += 4)
        counts[data[p] ?? 0] = (counts[data[p] ?? 0] ?? 0) + 1;
      return counts;
    });
}

/** Pixels of the mask and marks layer that are not transparent. */
export async function countOverlayPixels(page: Page): Promise<number> {
  const counts = await countOverlayAlphas(page);
  return counts.slice(1).reduce((sum, count) => sum + count, 0);
}

/** Native dialogs cannot be driven: the next ones answer with these paths. */
export async function answerDialogs(
  app: ElectronApplication,
  paths: readonly string[],
): Promise<void> {
  await app.evaluate(({ dialog }, filePaths) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [...filePaths] });
  }, paths);
}

/** Opens files through the dialog, as Ctrl+O does; it takes folders too. */
export async function openPaths(
  { app, page }: Pick<LaunchedIbis, 'app' | 'page'>,
  paths: readonly string[],
): Promise<void> {
  await answerDialogs(app, paths);
  // The window may still wait for its engine.
  const open = page.getByRole('button', { name: 'Open', exact: true });
  await expect(open).toBeEnabled({ timeout: 60_000 });
  await page.keyboard.press('Control+o');
}

/** Drops files and folders on the image, as a file manager does. */
export async function dropPaths(page: Page, paths: readonly string[]): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await devtools.send('Input.dispatchDragEvent', { type, x: 500, y: 400, data });
  await devtools.detach();
}

/** Whether a policy is installed that a session can be run with. */
export async function hasPolicy(page: Page): Promise<boolean> {
  await expect
    .poll(async () => page.evaluate(async () => await window.ibis.invoke('getEngineState', {})))
    .toMatchObject({ ok: true, value: { kind: 'ready' } });
  return page.evaluate(async () => {
    const reply = await window.ibis.invoke('listModels', {});
    return (
      reply.ok && reply.value.some((model) => model.role === 'policy' && model.problem === null)
    );
  });
}
