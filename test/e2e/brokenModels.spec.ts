import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import { ibisWindow } from './pages/ibisWindow.js';
import { launchDemo, skipWithoutPolicy } from './support/demo.js';
import { repoRoot, type LaunchedIbis } from './support/launch.js';

/** Copies of the bundled policy, each spoilt in one way, among the user's own models. */
test.describe.serial('models that may not be used', () => {
  let ibis: LaunchedIbis;
  let dataDir: string;
  let late: string;

  async function copyPolicy(id: string, name: string): Promise<string> {
    const folder = path.join(dataDir, 'models', id);
    await cp(path.join(repoRoot, 'resources', 'models', 'ibis-nano'), folder, { recursive: true });
    const file = path.join(folder, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify({ ...manifest, id, name }));
    return folder;
  }

  async function alter(folder: string): Promise<void> {
    const file = path.join(folder, 'onnx', 'embed_tokens.onnx');
    const bytes = await readFile(file);
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    await writeFile(file, bytes);
  }

  test.beforeAll(async () => {
    dataDir = await mkdtemp(path.join(os.tmpdir(), 'ibis-models-'));
    await rm(path.join(await copyPolicy('lacking', 'Lacking'), 'tokenizer.json'));
    await alter(await copyPolicy('altered', 'Altered'));
    late = await copyPolicy('late', 'Altered late');
    ibis = await launchDemo(dataDir);
  });
  test.afterAll(async () => {
    await ibis.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  test.beforeEach(async () => {
    await skipWithoutPolicy(ibis.page);
  });

  const choosePolicy = async (name: string): Promise<void> => {
    await ibisWindow(ibis.page)
      .session.locator('.choice', { hasText: 'Policy' })
      .locator('.select')
      .click();
    await ibis.page.getByRole('option', { name: new RegExp(`^${name} \\d`) }).click();
  };
  const countSessions = () =>
    ibis.page.evaluate(async () => {
      const reply = await window.ibis.invoke('listSessions', { search: '' });
      return reply.ok ? reply.value.length : -1;
    });

  test('one with a missing or an altered file is listed with the reason, and cannot be run', async () => {
    const view = ibisWindow(ibis.page);
    const reason = view.session.locator('.notice.bad');
    await choosePolicy('Lacking');
    await expect(reason).toContainText('lacks the file "tokenizer.json"');
    await expect(view.run).toBeDisabled();
    await choosePolicy('Altered');
    await expect(reason).toContainText('"onnx/embed_tokens.onnx"');
    await expect(reason).toContainText('damaged or was changed');
    await expect(view.run).toBeDisabled();
    await ibis.screenshot('model-altered');
  });

  test('one that is altered after that is found out before a session begins', async () => {
    const view = ibisWindow(ibis.page);
    await choosePolicy('Altered late');
    await expect(view.run).toBeEnabled();
    await alter(late);
    await view.run.click();
    await expect(view.problem).toContainText('damaged or was changed', { timeout: 60_000 });
    expect(await countSessions()).toBe(0);
  });

  test('another policy can be chosen and run at once', async () => {
    const view = ibisWindow(ibis.page);
    await choosePolicy('Ibis nano policy');
    await view.step.click();
    await expect(view.steps).toHaveCount(1, { timeout: 60_000 });
    await expect(view.problem).toHaveCount(0);
    expect(await countSessions()).toBe(1);
  });
});
