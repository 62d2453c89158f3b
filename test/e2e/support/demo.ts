import { readFileSync } from 'node:fs';
import path from 'node:path';

import { test, type Page } from '@playwright/test';

import { hasPolicy, waitForImage } from '../pages/ibisWindow.js';
import { makeFolder } from './folder.js';
import { launchIbis, type LaunchedIbis } from './launch.js';

/** The demo study's ready request; it is chosen for the policy that ships, so tests read it where it stands. */
export const demo = JSON.parse(
  readFileSync(
    path.join(import.meta.dirname, '..', '..', '..', 'resources', 'demo', 'demo.json'),
    'utf8',
  ),
) as { readonly prompt: string; readonly sliceIndex: number };

/** On the same slice; it takes the bundled policy more steps, so that there is time to act while it runs. */
export const longerRequest = 'Segment the left putamen.';

/** As the image names itself to a screen reader. */
export const demoImageName = `Axial image ${demo.sliceIndex + 1} of 177`;

/** The window with the demo study on screen. */
export async function launchDemo(dataDir?: string): Promise<LaunchedIbis> {
  const ibis = await launchIbis({
    args: ['--demo'],
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  await waitForImage(ibis.page);
  return ibis;
}

/** Skips the test, by name, where no policy is installed that a session can be run with. */
export async function skipWithoutPolicy(page: Page): Promise<void> {
  test.skip(!(await hasPolicy(page)), 'no trained policy is installed in resources/models');
}

/**
 * The demo study in one window that all tests of the calling block share; the engine is ready. What needs a policy is
 * skipped, by name, where there is none.
 */
export function shareDemoWindow({
  needsPolicy,
}: {
  readonly needsPolicy: boolean;
}): LaunchedIbis & {
  /** Closes the window and opens it again on what it has stored. */
  reopen(): Promise<void>;
} {
  let data: ReturnType<typeof makeFolder> | null = null;
  let opened: LaunchedIbis | null = null;
  const ibis = (): LaunchedIbis => {
    if (opened === null) throw new Error('the window opens with the first test');
    return opened;
  };
  test.beforeAll(async () => {
    data = makeFolder('demo');
    opened = await launchDemo(data.folder);
    await hasPolicy(opened.page); // asks until the engine is ready
  });
  test.afterAll(async () => {
    await opened?.close();
    data?.remove();
  });
  test.beforeEach(async () => {
    if (needsPolicy) await skipWithoutPolicy(ibis().page);
  });
  return {
    get app() {
      return ibis().app;
    },
    get page() {
      return ibis().page;
    },
    get dataDir() {
      return ibis().dataDir;
    },
    get mainPid() {
      return ibis().mainPid;
    },
    get complaints() {
      return ibis().complaints;
    },
    enginePid: () => ibis().enginePid(),
    screenshot: (name) => ibis().screenshot(name),
    kill: () => ibis().kill(),
    close: () => ibis().close(),
    reopen: async () => {
      await ibis().close();
      opened = await launchDemo(data?.folder);
    },
  };
}
