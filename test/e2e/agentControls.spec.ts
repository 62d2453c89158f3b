import { expect, test } from '@playwright/test';

import {
  countOverlayAlphas,
  ibisWindow,
  readSession,
  readStoredSession,
} from './pages/ibisWindow.js';
import { longerRequest, shareDemoWindow } from './support/demo.js';

test.describe.serial('an agent under the reader’s hand', () => {
  const ibis = shareDemoWindow({ needsPolicy: true });

  test('pauses after the step it is in, and stays there', async () => {
    const view = ibisWindow(ibis.page);
    await expect(view.pause).toBeDisabled();
    await view.request.fill(longerRequest);
    await view.run.click();
    await view.pause.click();
    await expect(view.state).toHaveText('Paused', { timeout: 60_000 });
    const stored = await readStoredSession(ibis.page);
    expect(stored).toMatchObject({ runState: 'paused', stopReason: null });
    expect(stored.steps.length).toBeGreaterThanOrEqual(1);
    await expect(view.steps).toHaveCount(stored.steps.length);
    await expect(view.pause).toBeDisabled();
    await ibis.page.waitForTimeout(1500); // longer than a step takes
    expect(await readStoredSession(ibis.page)).toEqual(stored);
  });

  test('takes one step more by the button, and one by Enter', async () => {
    const view = ibisWindow(ibis.page);
    const before = await readStoredSession(ibis.page);
    await view.step.click();
    await expect(view.steps).toHaveCount(before.steps.length + 1);
    await expect(view.state).toHaveText('Paused');
    await ibis.page.keyboard.press('Enter');
    await expect(view.steps).toHaveCount(before.steps.length + 2);
    const stored = await readStoredSession(ibis.page);
    expect(stored.steps.slice(0, before.steps.length)).toEqual(before.steps);
    expect(stored.steps).toHaveLength(before.steps.length + 2);
  });

  test('runs on to its end from where it stood', async () => {
    const view = ibisWindow(ibis.page);
    const before = await readStoredSession(ibis.page);
    await view.run.click();
    await expect(view.steps).not.toHaveCount(before.steps.length);
    await expect(view.state).not.toHaveText(/Running|Paused/, { timeout: 120_000 });
    const stored = await readStoredSession(ibis.page);
    expect(stored.runState).toBe('stopped');
    expect(['policy-stop', 'repeated-action', 'step-limit']).toContain(stored.stopReason);
    expect(stored.sessionId).toBe(before.sessionId);
    expect(stored.steps.slice(0, before.steps.length)).toEqual(before.steps);
    await expect(view.session).toContainText(/orrect (it|the mask) with a click/);
    await ibis.screenshot('agent-finished');
  });

  test('O makes the mask more and less opaque, H takes it away and back', async () => {
    /** Marks have such pixels at their rims only. */
    const isFilled = async (opacity: number): Promise<boolean> => {
      const counts = await countOverlayAlphas(ibis.page);
      const alpha = Math.round(255 * opacity);
      return counts.slice(alpha - 1, alpha + 2).some((count) => count > 300);
    };
    for (const opacity of [0.35, 0.6, 0.85, 0.15]) {
      await expect.poll(() => isFilled(opacity)).toBe(true);
      await ibis.page.keyboard.press('o');
    }
    await expect.poll(() => isFilled(0.35)).toBe(true);
    await ibis.page.keyboard.press('h');
    await expect.poll(() => isFilled(0.35)).toBe(false);
    await ibis.page.keyboard.press('h');
    await expect.poll(() => isFilled(0.35)).toBe(true);
  });

  test('stops at the step limit, says so, and can be run on', async () => {
    const view = ibisWindow(ibis.page);
    const before = await readStoredSession(ibis.page);
    const sessionId = await ibis.page.evaluate(
      async ({ settings, prompt }) => {
        const reply = await window.ibis.invoke('startSession', {
          ...settings,
          prompt,
          maxSteps: 2,
        });
        if (!reply.ok) throw new Error(reply.error.message);
        return reply.value.sessionId;
      },
      { settings: before.settings, prompt: longerRequest },
    );
    await view.sessions.click();
    await view.worklist.getByLabel('Search sessions').fill(longerRequest);
    await expect(view.storedSessions).toHaveCount(2);
    await view.storedSessions.filter({ hasText: '0 steps' }).click();
    await expect(view.steps).toHaveCount(0);
    await view.run.click();
    await expect(view.state).toHaveText('Step limit', { timeout: 60_000 });
    await expect(view.session).toContainText('Stopped at the limit of 2 steps.');
    const stopped = await readSession(ibis.page, sessionId);
    expect(stopped).toMatchObject({ stopReason: 'step-limit', runState: 'stopped' });
    expect(stopped.steps).toHaveLength(2);

    await view.session.getByRole('button', { name: 'Run on' }).click();
    await expect(view.steps).not.toHaveCount(2, { timeout: 60_000 });
    await expect(view.state).not.toHaveText('Running', { timeout: 60_000 });
    const ended = await readSession(ibis.page, sessionId);
    expect(ended.steps.slice(0, 2)).toEqual(stopped.steps);
    expect(ended.steps.length).toBeLessThanOrEqual(4);
  });
});
