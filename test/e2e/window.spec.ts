import { expect, test } from '@playwright/test';

import { launchIbis, type LaunchedIbis } from './support/launch.js';

test.describe('the window', () => {
  let ibis: LaunchedIbis;
  test.beforeAll(async () => {
    ibis = await launchIbis();
  });
  test.afterAll(async () => {
    await ibis.close();
  });

  test('says which Electron runs it', async () => {
    const versions = await ibis.app.evaluate(() => process.versions);
    console.log(
      `Electron ${versions.electron}, Chromium ${versions.chrome}, Node ${versions.node}`,
    );
    expect(Number(versions.electron.split('.')[0])).toBeGreaterThanOrEqual(33);
  });

  test('warns that it is for research use only, not for diagnosis', async () => {
    await expect(
      ibis.page.getByText('For research use only, not for diagnosis', { exact: true }),
    ).toBeVisible();
  });

  test('loads from this machine alone, under a policy that nothing in it violates', async () => {
    const requested: string[] = [];
    ibis.page.on('request', (request) => requested.push(request.url()));
    const before = ibis.complaints.length;
    const response = await ibis.page.reload({ waitUntil: 'networkidle' });
    expect(requested.length).toBeGreaterThan(1);
    for (const address of requested) expect(address).toMatch(/^(app|dicom|blob|data):/);

    const policy = (await response?.allHeaders())?.['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(policy).not.toContain("'unsafe-eval'");
    expect(ibis.complaints.slice(before)).toEqual([]);
  });

  test('refuses what the policy forbids, so the policy is in force', async () => {
    const ran = await ibis.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.__inlineRan = true';
      document.head.append(script);
      return '__inlineRan' in window;
    });
    expect(ran).toBe(false);
    await expect(
      ibis.page.evaluate(() => fetch('https://example.invalid/').then(() => 'reached')),
    ).rejects.toThrow();
  });

  test('keeps the page in a sandbox, with nothing of Node and one bridge', async () => {
    const preferences = await ibis.app.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      // Not in the public types: what the window was made with.
      const given = contents as unknown as { getLastWebPreferences(): Record<string, unknown> };
      return given.getLastWebPreferences();
    });
    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
    });
    const seen = await ibis.page.evaluate(() => ({
      node: ['require', 'process', 'module', 'Buffer'].filter((name) => name in window),
      bridge: 'ibis' in window ? Object.keys(window.ibis as object).sort() : [],
    }));
    expect(seen).toEqual({
      node: [],
      bridge: ['invoke', 'onEvent', 'pathOfFile', 'platform'],
    });
  });

  test('has an engine beside it that answers', async () => {
    await expect.poll(() => ibis.enginePid()).not.toBeNull();
    const reply = await ibis.page.evaluate(() => window.ibis.invoke('getAppInfo', {}));
    expect(reply.ok).toBe(true);
    if (reply.ok) expect(reply.value.nodeVersion).toMatch(/^v?2[4-9]\./);
  });

  test('takes the engine along when it closes', async () => {
    const closing = await launchIbis();
    await expect.poll(() => closing.enginePid()).not.toBeNull();
    const pid = closing.enginePid();
    await closing.close();
    const isAlive = () => {
      try {
        process.kill(pid ?? 0, 0);
        return true;
      } catch {
        return false;
      }
    };
    await expect.poll(isAlive).toBe(false);
  });
});
