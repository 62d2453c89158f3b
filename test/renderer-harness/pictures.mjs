// The pictures of the guide and the README, of the real window on the demo study:
//   npm run build && node test/renderer-harness/pictures.mjs
// Needs Xvfb where there is no display; ImageMagick's `convert` makes them smaller where it is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { _electron } from 'playwright';

import { hasDisplay, startVirtualDisplay } from '../../scripts/lib/display.mjs';
import { findInstalledElectron } from '../../scripts/lib/electronRuntime.mjs';
import { launchArguments } from '../../scripts/lib/launchArguments.mjs';

const repoRoot = path.resolve(import.meta.dirname, '..', '..');
const outDir = path.join(repoRoot, 'docs', 'images');
mkdirSync(outDir, { recursive: true });

const virtual = hasDisplay ? null : await startVirtualDisplay();
if (virtual !== null) process.env.DISPLAY = virtual.display;
const dataDir = mkdtempSync(path.join(os.tmpdir(), 'ibis-pictures-'));
const app = await _electron.launch({
  executablePath: findInstalledElectron().executable,
  cwd: repoRoot,
  args: [repoRoot, ...launchArguments, '--enable-unsafe-swiftshader', '--demo'],
  env: { ...process.env, IBIS_DATA_DIR: dataDir },
});
const page = await app.firstWindow();
await app.evaluate(({ BrowserWindow }) => {
  BrowserWindow.getAllWindows()[0].setContentSize(1440, 900);
});

const rest = (ms) => page.waitForTimeout(ms);
async function take(name) {
  const file = path.join(outDir, `${name}.png`);
  await page.screenshot({ path: file });
  // A palette halves them; dithering would double them again.
  spawnSync('convert', [file, '-strip', '+dither', '-colors', '255', `PNG8:${file}`]);
  console.log(file);
}

await page.waitForFunction(() =>
  /image \d+ of/.test(document.querySelector('.pane .image')?.getAttribute('aria-label') ?? ''),
);
await rest(6000); // the slice and its neighbours are encoded, the volume is loaded
await take('request');

await page.getByRole('button', { name: 'Run', exact: true }).click();
await page.waitForFunction(() => document.querySelectorAll('.steps .step').length >= 2);
await page
  .waitForFunction(
    () => (document.querySelector('.streaming .reasoning')?.textContent?.length ?? 0) > 40,
    null,
    { polling: 20, timeout: 5000 },
  )
  .catch(() => undefined); // the policy may have stopped by then
await take('running');

await page.waitForFunction(
  () => document.querySelector('.head .state')?.textContent?.trim() !== 'Running',
  null,
  { timeout: 120_000 },
);
await rest(800);
await take('finished');

await page.keyboard.press('m');
await rest(6000);
await take('three-planes');
await page.keyboard.press('m');
await page.keyboard.press('Control+Enter');
await page.getByRole('tab', { name: 'Sessions' }).click();
await page.getByRole('button', { name: 'Previous step' }).click();
await page.getByRole('button', { name: 'Previous step' }).click();
await page.mouse.move(700, 400);
await rest(800);
await take('replay');
await page.keyboard.press('?');
await rest(800);
await take('keys');

await app.close();
virtual?.stop();
rmSync(dataDir, { recursive: true, force: true });
process.exit(0);
