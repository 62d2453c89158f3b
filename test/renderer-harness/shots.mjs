// Pictures of the window's states against the made-up engine, into the folder given:
//   node test/renderer-harness/shots.mjs /tmp/shots [state ...]
// Needs a Chromium (CHROMIUM, default /usr/bin/chromium) and the served harness on port 5199.
import { mkdirSync } from 'node:fs';

import { chromium } from 'playwright';

const [outDir, ...wanted] = process.argv.slice(2);
mkdirSync(outDir, { recursive: true });

const size = (text) => {
  const [width, height] = text.split('x').map(Number);
  return { width, height };
};
const sessionStates = [
  'finished',
  'running',
  'paused',
  'absent',
  'step-limit',
  'unparsed',
  'accepted',
  'long',
  'by-hand',
];
const others = [
  'empty',
  'starting',
  'opening',
  'interrupted',
  'draft',
  'unknown-target',
  'model-missing',
  'engine-stopped',
  'many',
  'refused',
  'keys',
  'sessions',
  'export',
  'exported',
  'suggest',
  'open-menu',
  'drop',
];
const states = wanted.length > 0 ? wanted : [...sessionStates, ...others];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const context = await browser.newContext({
  viewport: size(process.env.SIZE ?? '1280x800'),
  deviceScaleFactor: Number(process.env.SCALE ?? 1),
});
for (const state of states) {
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) console.log(state, message.text());
  });
  page.on('pageerror', (error) => console.log(state, error.message));
  await page.goto(`http://localhost:5199/?state=${state}`);
  await page.waitForTimeout(400);
  const needsSeries = !['empty', 'starting', 'opening', 'interrupted', 'drop'].includes(state);
  if (needsSeries) await page.locator('.series').first().click();
  await page.waitForTimeout(150);
  if (
    sessionStates.includes(state) ||
    ['sessions', 'export', 'exported', 'engine-stopped'].includes(state)
  ) {
    await page.evaluate((kind) => window.harness.setSession(kind), state);
    await page.getByRole('tab', { name: 'Sessions' }).click();
    await page.locator('.session').first().click();
    await page.waitForTimeout(150);
    if (state !== 'sessions') await page.getByRole('tab', { name: 'Studies' }).click();
  }
  const request = page.locator('#request-text');
  if (state === 'running') await page.evaluate(() => window.harness.stream());
  if (['draft', 'model-missing'].includes(state)) await request.fill('left putamen');
  if (state === 'unknown-target') await request.fill('gallbladder');
  if (state === 'suggest') {
    await request.click();
    await request.fill('hip');
  }
  if (state === 'keys') await page.keyboard.press('?');
  if (state === 'open-menu') await page.getByRole('button', { name: 'Open', exact: true }).click();
  if (state === 'engine-stopped')
    await page.evaluate(() =>
      window.harness.say({
        kind: 'engineStateChanged',
        state: { kind: 'stopped', reason: 'It ended unexpectedly (code 137).' },
      }),
    );
  if (state === 'opening') {
    await page.getByRole('button', { name: 'Open folder' }).click();
    await page.waitForTimeout(100);
    await page.evaluate(() => {
      const pinia = document.querySelector('#app').__vue_app__.config.globalProperties.$pinia;
      const { jobId } = pinia.state.value.worklist.job;
      window.harness.say({
        kind: 'jobProgressed',
        jobId,
        label: 'Reading files',
        done: 412,
        total: 1000,
      });
    });
  }
  if (state === 'refused')
    await page.evaluate(() => {
      document.querySelector(
        '#app',
      ).__vue_app__.config.globalProperties.$pinia.state.value.worklist.refused =
        window.harness.refusals;
    });
  if (['export', 'exported'].includes(state))
    await page.getByRole('button', { name: 'Export' }).click();
  if (state === 'exported') await page.getByRole('button', { name: 'Choose a folder' }).click();
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${outDir}/${state}.png` });
  await page.close();
}
await browser.close();
