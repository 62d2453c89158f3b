import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { countMaskPixels, unpackMask } from '../../src/domain/mask.js';
import type { PackedMask } from '../../src/domain/mask.js';
import {
  countOverlayPixels,
  hasPolicy,
  ibisWindow,
  readStoredSession,
  waitForImage,
} from './pages/ibisWindow.js';
import { dragOnImage } from './pages/drawing.js';
import { shareDemoWindow } from './support/demo.js';
import { launchIbis } from './support/launch.js';

const pixels = (mask: PackedMask | null | undefined): number =>
  mask == null ? 0 : countMaskPixels(unpackMask(mask));

const stepsOf = async (page: Page) => (await readStoredSession(page)).steps;
/** `count` are stored; those in force are listed, the others lie in closed branches. */
const waitForSteps = async (page: Page, count: number): Promise<void> => {
  // Until the first act is stored there is no session to read: a poll would end with that error.
  await expect(async () => {
    expect((await stepsOf(page)).length).toBe(count);
  }).toPass({ timeout: 60_000 });
  const inForce = (await stepsOf(page)).filter((step) => !step.undone);
  await expect(ibisWindow(page).steps).toHaveCount(inForce.length);
};

test.describe.serial('a reader who draws what is meant', () => {
  const ibis = shareDemoWindow({ needsPolicy: false });

  test('begins a session with a box, which is drawn while it is dragged and gets a mask', async () => {
    const view = ibisWindow(ibis.page);
    await ibis.page.keyboard.press('f');
    await expect(view.tool('Box around the target')).toHaveAttribute('aria-pressed', 'true');
    const before = await countOverlayPixels(ibis.page);
    await dragOnImage(
      ibis.page,
      [
        [0.56, 0.34],
        [0.7, 0.54],
      ],
      async () => {
        await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(before + 500);
      },
    );
    await waitForSteps(ibis.page, 1);
    const { steps, box, clicks, runState } = await readStoredSession(ibis.page);
    expect(runState).toBe('paused');
    expect(clicks).toEqual([]);
    expect(steps[0]?.action.kind).toBe('box');
    expect(box).toMatchObject({ placedBy: 'user', stepIndex: 0 });
    if (box === null) throw new Error('no box is in force');
    // The corners are told in all three spaces, and the mask keeps to them.
    const { topLeft, bottomRight } = box;
    expect(topLeft.normalised.x).toBeLessThan(bottomRight.normalised.x);
    expect(topLeft.voxel).not.toEqual(bottomRight.voxel);
    const mask = steps[0]?.mask;
    expect(pixels(mask)).toBeGreaterThan(20);
    const bounds = mask?.bounds;
    if (mask == null || bounds == null) throw new Error('the box made no mask');
    const slack = 0.05 * mask.width;
    expect(bounds.left).toBeGreaterThan(topLeft.normalised.x * mask.width - slack);
    expect(bounds.right).toBeLessThan(bottomRight.normalised.x * mask.width + slack);
    await expect(view.steps.first()).toContainText('You: box');
    await ibis.screenshot('prompt-box');
  });

  test('replaces the box by another, and takes it away from its step', async () => {
    const view = ibisWindow(ibis.page);
    await dragOnImage(ibis.page, [
      [0.7, 0.56], // from the other corner
      [0.55, 0.33],
    ]);
    await waitForSteps(ibis.page, 2);
    expect((await readStoredSession(ibis.page)).box?.stepIndex).toBe(1);
    await expect(
      view.session.getByRole('button', { name: 'Remove the box of step 1' }),
    ).toHaveCount(0);
    await view.steps.nth(1).hover();
    await view.session.getByRole('button', { name: 'Remove the box of step 2' }).click();
    await waitForSteps(ibis.page, 3);
    const { box, steps } = await readStoredSession(ibis.page);
    expect(box).toBeNull();
    expect(steps.at(-1)).toMatchObject({ action: { kind: 'remove-box' }, mask: null });
    await ibis.page.keyboard.press('Control+z');
    await expect(view.session.getByRole('button', { name: /^Step 3 taken back/ })).toBeVisible();
    expect((await readStoredSession(ibis.page)).box?.stepIndex).toBe(1);
  });

  test('scribbles what is in and what is out, each with its key', async () => {
    const view = ibisWindow(ibis.page);
    await ibis.page.keyboard.press('d');
    await expect(view.tool('Include scribble')).toHaveAttribute('aria-pressed', 'true');
    await dragOnImage(ibis.page, [
      [0.62, 0.4],
      [0.63, 0.44],
      [0.64, 0.49],
    ]);
    await waitForSteps(ibis.page, 4);
    await ibis.page.keyboard.press('Shift+D');
    await expect(view.tool('Exclude scribble')).toHaveAttribute('aria-pressed', 'true');
    await dragOnImage(ibis.page, [
      [0.4, 0.3],
      [0.45, 0.34],
    ]);
    await waitForSteps(ibis.page, 5);
    const { scribbles, steps } = await readStoredSession(ibis.page);
    expect(scribbles.map(({ label, placedBy }) => [label, placedBy])).toEqual([
      ['include', 'user'],
      ['exclude', 'user'],
    ]);
    for (const { points } of scribbles) expect(points.length).toBeGreaterThan(3);
    expect(steps.slice(3).map(({ action }) => action.kind)).toEqual(['scribble', 'scribble']);
    expect(pixels(steps.at(-1)?.mask)).toBeGreaterThan(20);
    await ibis.screenshot('prompt-scribbles');
  });

  test('paints with the brush: at once on the image, one step when the button is let go', async () => {
    await ibis.page.keyboard.press('b');
    const before = (await stepsOf(ibis.page)).at(-1)?.mask;
    const shown = await countOverlayPixels(ibis.page);
    await dragOnImage(
      ibis.page,
      [
        [0.2, 0.25],
        [0.3, 0.25],
        [0.3, 0.35],
      ],
      async () => {
        await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(shown + 1_000);
        expect(await stepsOf(ibis.page)).toHaveLength(5);
        await ibis.screenshot('prompt-brush');
      },
    );
    await waitForSteps(ibis.page, 6);
    const painted = (await stepsOf(ibis.page)).at(-1);
    expect(painted).toMatchObject({ action: { kind: 'edit', tool: 'brush' }, score: null });
    const [was, is] = [before, painted?.mask].map((mask) =>
      mask == null ? null : unpackMask(mask),
    );
    if (was == null || is == null) throw new Error('a mask is missing');
    // Only added to, where the stroke went.
    expect(is.data.every((value, p) => value >= (was.data[p] ?? 0))).toBe(true);
    expect(countMaskPixels(is)).toBeGreaterThan(countMaskPixels(was) + 100);
    // The prompts stay: the next click goes on from all of it.
    expect((await readStoredSession(ibis.page)).scribbles).toHaveLength(2);
  });

  test('erases part of it, undoes and does again, exactly', async () => {
    const view = ibisWindow(ibis.page);
    const painted = (await stepsOf(ibis.page)).at(-1)?.mask;
    await ibis.page.keyboard.press('e');
    await expect(view.tool('Eraser')).toHaveAttribute('aria-pressed', 'true');
    await dragOnImage(ibis.page, [
      [0.28, 0.2],
      [0.28, 0.3],
    ]);
    await waitForSteps(ibis.page, 7);
    const erased = (await stepsOf(ibis.page)).at(-1);
    expect(erased?.action).toMatchObject({ kind: 'edit', tool: 'eraser' });
    expect(pixels(erased?.mask)).toBeLessThan(pixels(painted));
    await ibis.page.keyboard.press('Control+z');
    await expect(view.session.getByRole('button', { name: /^Step 7 taken back/ })).toBeVisible();
    const inForce = (await stepsOf(ibis.page)).findLast((step) => !step.undone);
    expect(inForce?.mask).toEqual(painted);
    await ibis.page.keyboard.press('Control+Shift+Z');
    await waitForSteps(ibis.page, 7); // the very step, not another one
    expect((await stepsOf(ibis.page)).at(-1)?.mask).toEqual(erased?.mask);
  });

  test('makes no step of a stroke that changes nothing, nor of one that is cancelled', async () => {
    const { length } = await stepsOf(ibis.page);
    await dragOnImage(ibis.page, [
      [0.85, 0.85],
      [0.86, 0.86],
    ]);
    await ibis.page.keyboard.press('b');
    await dragOnImage(
      ibis.page,
      [
        [0.85, 0.85],
        [0.88, 0.86],
      ],
      async () => {
        await ibis.page.keyboard.press('Escape');
      },
    );
    expect(await stepsOf(ibis.page)).toHaveLength(length);
    await expect(ibisWindow(ibis.page).problem).toHaveCount(0);
  });

  test('goes on from the edited mask with a click', async () => {
    const edited = (await stepsOf(ibis.page)).at(-1);
    await ibis.page.keyboard.press('c');
    await dragOnImage(ibis.page, [[0.63, 0.46]]);
    await waitForSteps(ibis.page, 8);
    const clicked = (await stepsOf(ibis.page)).at(-1);
    expect(clicked?.action.kind).toBe('click');
    expect(clicked?.prompts.scribbles).toHaveLength(2);
    expect(edited?.score).toBeNull();
    expect(clicked?.score).toBeGreaterThan(0);
  });

  test('changes the size of the brush by keys, and remembers it', async () => {
    await ibis.page.keyboard.press('b');
    const box = await ibisWindow(ibis.page).image.boundingBox();
    if (box === null) throw new Error('no image is on screen');
    await ibis.page.mouse.move(box.x + 0.5 * box.width, box.y + 0.5 * box.height);
    const circle = ibis.page.locator('.brush');
    await expect(circle).toHaveText('9.0 mm');
    const small = await circle.boundingBox();
    for (let press = 0; press < 3; press += 1) await ibis.page.keyboard.press(']');
    await expect(circle).toHaveText('19 mm');
    const large = await circle.boundingBox();
    expect((large?.width ?? 0) / (small?.width ?? 1)).toBeCloseTo(19 / 9, 1);
    expect(large?.width).toBeCloseTo(large?.height ?? 0, 0);
    await ibis.page.keyboard.press('[');
    await expect(circle).toHaveText('15 mm');
    const stored = await ibis.page.evaluate(() => localStorage.getItem('ibis.brushSizePx'));
    expect(stored).toBe('15');
  });

  test('shows every step again as it was, prompts included', async () => {
    const view = ibisWindow(ibis.page);
    await view.steps.first().click();
    await expect(view.steps.first()).toHaveClass(/shown/);
    await ibis.screenshot('prompt-replay');
    await expect.poll(() => countOverlayPixels(ibis.page)).toBeGreaterThan(500);
    await view.steps.last().click();
  });

  test('is accepted as edited, and exported with its masks, boxes, scribbles and strokes', async () => {
    const view = ibisWindow(ibis.page);
    await view.accept.click();
    await expect(view.state).toHaveText('Accepted after editing');
    const { sessionId } = await readStoredSession(ibis.page);
    const reply = await ibis.page.evaluate(
      async ([id, outDir]) =>
        window.ibis.invoke('exportSession', {
          sessionId: id,
          formats: ['seg', 'trace', 'overlay'],
          outDir,
        }),
      [sessionId, `${ibis.dataDir}/exported`] as const,
    );
    if (!reply.ok) throw new Error(reply.error.message);
    expect(reply.value.files.map((file) => file.split('/').at(-1))).toContain('overlay.png');
    expect(ibis.complaints).toEqual([]);
  });

  test('the list of keys names the tools', async () => {
    await ibis.page.keyboard.press('?');
    const list = ibis.page.getByRole('dialog', { name: 'Keys' });
    for (const name of [
      'Box around the target',
      'Include scribble',
      'Exclude scribble',
      'Brush',
      'Eraser',
      'Smaller brush',
      'Larger brush',
      'Two by two',
    ])
      await expect(list.getByText(name, { exact: true })).toBeVisible();
    await ibis.screenshot('prompt-keys');
    await ibis.page.keyboard.press('Escape');
  });
});

test('a box drawn while the agent runs is applied at once, and the agent goes on from it', async () => {
  const ibis = await launchIbis({ args: ['--demo'] });
  const { page } = ibis;
  try {
    await waitForImage(page);
    test.skip(!(await hasPolicy(page)), 'no trained policy is installed in resources/models');
    const view = ibisWindow(page);
    await page.keyboard.press('f');
    await view.run.click();
    await expect(view.steps.first()).toBeVisible({ timeout: 60_000 });
    await dragOnImage(page, [
      [0.5, 0.42],
      [0.57, 0.53],
    ]);
    await expect(view.steps.filter({ hasText: 'You: box' })).toHaveCount(1, { timeout: 60_000 });
    await expect(view.state).not.toHaveText(/Running|Waiting|Going on/, { timeout: 90_000 });
    const { steps, box, stopReason } = await readStoredSession(page);
    const at = steps.findIndex(({ action }) => action.kind === 'box');
    expect(at).toBeGreaterThan(0);
    expect(box?.stepIndex).toBe(at);
    // What comes after is the policy's again, and all of it stands on the box.
    const after = steps.slice(at + 1);
    expect(after.length).toBeGreaterThan(0);
    for (const step of after) {
      expect(step.policyText).not.toBe('');
      expect(step.prompts.box?.stepIndex).toBe(at);
    }
    expect(stopReason).not.toBe('failed');
  } finally {
    await ibis.close();
  }
});
