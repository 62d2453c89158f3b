// The pictures of the guide and the README, of the real window on the demo study, all journeys or those named:
//   npm run build && node test/renderer-harness/pictures.mjs [session drawing takeover segments volume ...]
// Needs Xvfb where there is no display; `pngquant` makes them smaller where it is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { decode, encode } from 'fast-png';
import { _electron } from 'playwright';

import { hasDisplay, startVirtualDisplay } from '../../scripts/lib/display.mjs';
import { findInstalledElectron } from '../../scripts/lib/electronRuntime.mjs';
import { launchArguments } from '../../scripts/lib/launchArguments.mjs';

const repoRoot = path.resolve(import.meta.dirname, '..', '..');
const outDir = path.join(repoRoot, 'docs', 'images');
const demoFolder = path.join(repoRoot, 'resources', 'demo', 'colin27');
const MOST_BYTES = 120_000;
mkdirSync(outDir, { recursive: true });

/** The window's own colours stay as they are; of the gray values of the image, so many are left. */
function withGrays(png, count) {
  const image = decode(png);
  const { data, channels } = image;
  const step = 255 / (count - 1);
  for (let at = 0; at < data.length; at += channels) {
    const value = data[at];
    if (data[at + 1] === value && data[at + 2] === value)
      data.fill(Math.round(Math.round(value / step) * step), at, at + 3);
  }
  return encode(image);
}

/** A window on the demo study, and what the journeys do in it. Places on the image are fractions of its pane. */
async function openWindow({ width = 1280, height = 800 } = {}) {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'ibis-pictures-'));
  const app = await _electron.launch({
    executablePath: findInstalledElectron().executable,
    cwd: repoRoot,
    args: [repoRoot, ...launchArguments, '--enable-unsafe-swiftshader', '--demo'],
    env: { ...process.env, IBIS_DATA_DIR: dataDir },
  });
  const page = await app.firstWindow();
  await app.evaluate(
    ({ BrowserWindow }, size) => BrowserWindow.getAllWindows()[0].setContentSize(...size),
    [width, height],
  );
  const session = page.getByRole('complementary', { name: 'Session' });
  const segments = page.getByRole('tabpanel', { name: /^Segments/ });
  const rest = (ms) => page.waitForTimeout(ms);
  const press = (name, within = page) =>
    within.getByRole('button', { name, exact: true }).first().click();

  async function shows(pattern) {
    await page.waitForFunction(
      (source) =>
        new RegExp(source).test(
          document.querySelector('.pane .image')?.getAttribute('aria-label') ?? '',
        ),
      pattern.source,
      { timeout: 60_000 },
    );
  }
  /** Goes through the places with the button down; `meanwhile` runs before it is let go. */
  async function drag(places, { pane = 'pane-main', meanwhile } = {}) {
    const box = await page.getByTestId(pane).boundingBox();
    for (const [index, [x, y]] of places.entries()) {
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 6 });
      if (index === 0) await page.mouse.down();
    }
    await meanwhile?.();
    await page.mouse.up();
  }
  const click = (x, y, pane = 'pane-main') => drag([[x, y]], { pane });
  async function goTo(slice) {
    for (;;) {
      const label = await page.locator('.pane .image').first().getAttribute('aria-label');
      const at = Number(/image (\d+) of/.exec(label)[1]);
      if (at === slice) return;
      const next = at < slice ? at + 1 : at - 1;
      await page.keyboard.press(at < slice ? 'ArrowDown' : 'ArrowUp');
      await shows(new RegExp(`image ${String(next)} of`));
    }
  }
  const steps = (count) =>
    page.waitForFunction(
      (least) => document.querySelectorAll('.steps .step').length >= least,
      count,
      { timeout: 60_000 },
    );
  async function settled() {
    await page.waitForFunction(
      () =>
        !['', 'Running', 'Ready', 'Going on'].includes(
          document.querySelector('.head .state')?.textContent?.trim() ?? '',
        ),
      null,
      { timeout: 120_000 },
    );
    await rest(800);
  }
  async function newSegment(name) {
    await page.keyboard.press('Shift+G');
    const field = segments.getByLabel('Name of the segment');
    await field.fill(name);
    await field.press('Enter');
  }
  /** The next dialogs for files and folders answer with these. */
  const answer = (filePaths) =>
    app.evaluate(({ dialog }, paths) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: paths });
    }, filePaths);

  /** A palette makes it a fraction of what it was, and dithering would double that: as many gray values as there is room for. */
  async function take(name, clip) {
    const file = path.join(outDir, `${name}.png`);
    await page.screenshot({ path: file, ...(clip === undefined ? {} : { clip }) });
    const whole = readFileSync(file);
    for (const grays of [256, 64, 48, 40, 34, 28, 24, 20, 17]) {
      const how = ['--nofs', '--force', '--strip', '--speed', '1', '--output', file, '255', '-'];
      const made = spawnSync('pngquant', how, { input: withGrays(whole, grays) });
      if (made.status !== 0 || statSync(file).size <= MOST_BYTES) break;
    }
    console.log(file, statSync(file).size);
  }
  await shows(/image \d+ of/);
  await rest(6000); // the slice and its neighbours are encoded, the volume is loaded
  return {
    ...{ page, dataDir, session, segments, rest, press, shows, drag, click, goTo, steps, settled },
    ...{ newSegment, answer, take },
    async close() {
      await app.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const journeys = {
  /** A request, its run, its end; three planes; an earlier step; the keys. */
  async session({ page, session, rest, press, steps, settled, take }) {
    await take('request');
    await press('Run', session);
    await steps(1);
    await page
      .waitForFunction(
        () => (document.querySelector('.streaming .reasoning')?.textContent?.length ?? 0) > 40,
        null,
        { polling: 20, timeout: 5000 },
      )
      .catch(() => undefined); // the policy may have stopped by then
    await take('running');
    await settled();
    await take('finished');
    await page.keyboard.press('m');
    await rest(6000);
    await take('three-planes');
    await page.keyboard.press('Shift+M');
    await rest(6000);
    await take('two-by-two');
    await page.keyboard.press('Shift+M');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('tab', { name: 'Sessions' }).click();
    await press('Previous step');
    await press('Previous step');
    await page.mouse.move(700, 400);
    await rest(800);
    await take('replay');
    await page.keyboard.press('?');
    await rest(800);
    await take('keys');
  },

  /** By hand: a box, a scribble, the brush. */
  async drawing({ page, drag, steps, rest, take }) {
    await page.keyboard.press('f');
    await drag([
      [0.505, 0.42],
      [0.645, 0.6],
    ]);
    await steps(1);
    await page.keyboard.press('Shift+D');
    await drag([
      [0.645, 0.46],
      [0.66, 0.55],
    ]);
    await steps(2);
    await page.keyboard.press('d');
    await drag([
      [0.54, 0.47],
      [0.58, 0.54],
    ]);
    await steps(3);
    await page.keyboard.press('b');
    await drag([
      [0.55, 0.57],
      [0.6, 0.58],
    ]);
    await steps(4);
    await rest(600);
    await take('drawing');
  },

  /** A run that the user interrupts with a click. */
  async takeover({ page, session, press, click, steps, rest, take }) {
    await page.keyboard.press('x');
    await press('Run', session);
    await steps(1);
    await click(0.69, 0.5);
    await session.getByText('Going on from your correction').waitFor({ timeout: 60_000 });
    await rest(200);
    await take('interrupted');
  },

  /** The agent's mask as a segment, another one by brush in another plane, undo by name. */
  async segments({ page, session, segments, rest, press, settled, drag, newSegment, take }) {
    await press('Run', session);
    await settled();
    await page.getByRole('tab', { name: /^Segments/ }).click();
    await press('To a new segment', segments);
    await rest(500);
    await newSegment('Corpus callosum');
    await page.keyboard.press('m');
    await rest(6000);
    await page.keyboard.press('b');
    await drag(
      [
        [0.28, 0.55],
        [0.36, 0.475],
        [0.46, 0.455],
        [0.55, 0.48],
      ],
      { pane: 'pane-side2' },
    );
    await rest(1000);
    await page
      .getByRole('banner')
      .getByRole('button', { name: /^Undo: Brush/ })
      .hover();
    await rest(1200); // its words appear
    await take('segments');
  },

  /** A segment that is completed through the series; one slice of it that is mended. */
  async volume({ page, segments, rest, press, goTo, settled, drag, take }) {
    await goTo(69);
    const request = page.getByLabel('What to segment');
    await request.fill('Segment the left putamen.');
    await request.press('Enter');
    await settled();
    await page.getByRole('tab', { name: /^Segments/ }).click();
    await press('To a new segment', segments);
    await rest(500);
    const series = page.getByRole('region', { name: 'Complete the series' });
    const made = () =>
      series
        .getByRole('button', { name: 'Cancel' })
        .waitFor({ state: 'detached', timeout: 170_000 });
    await press('Complete', series);
    await rest(1500);
    await made();
    await page.keyboard.press('Shift+V');
    await rest(20_000); // the surfaces are made
    await series.scrollIntoViewIfNeeded();
    await take('volume');
    await page.keyboard.press('Shift+M');
    await rest(1500);
    await page.keyboard.press('Shift+PageDown');
    await rest(1000);
    await page.keyboard.press('e');
    await drag([
      [0.66, 0.36],
      [0.7, 0.42],
      [0.71, 0.5],
    ]);
    await rest(4000);
    await made();
    await rest(1500);
    await series.scrollIntoViewIfNeeded();
    await take('volume-corrected');
  },

  /** All kinds of measurements, with their list and what undo would do. */
  async measurements({ page, rest, drag, click, take }) {
    const draw = async (key, places) => {
      await page.keyboard.press(key);
      await drag(places);
      await rest(500);
    };
    await draw('l', [
      [0.5, 0.12],
      [0.5, 0.9],
    ]);
    await draw('Shift+R', [
      [0.38, 0.62],
      [0.43, 0.67],
    ]);
    await draw('Shift+L', [
      [0.6, 0.35],
      [0.68, 0.52],
    ]);
    await draw('a', [
      [0.3, 0.3],
      [0.42, 0.42],
    ]);
    await click(0.32, 0.48);
    await rest(500);
    await draw('r', [
      [0.6, 0.62],
      [0.7, 0.7],
    ]);
    await draw('t', [
      [0.56, 0.56],
      [0.64, 0.58],
    ]);
    const field = page.getByLabel('Name of the measurement');
    await field.fill('Ventricle');
    await field.press('Enter');
    await page.keyboard.press('v');
    await drag([
      [0.5, 0.9],
      [0.5, 0.92],
    ]);
    await page.mouse.move(20, 700);
    await rest(800);
    await take('measurements');
  },

  /** A SEG that came in is edited, goes out, and comes in again. */
  async files({
    page,
    dataDir,
    session,
    segments,
    rest,
    press,
    settled,
    drag,
    newSegment,
    answer,
    take,
  }) {
    const out = path.join(dataDir, 'out');
    const exported = page.getByRole('region', { name: 'Export of the segments' });
    const write = async () => {
      await answer([out]);
      await press('Export the segments', segments);
      await rest(400);
      await page.getByRole('button', { name: 'Choose a folder…' }).click();
      await exported.getByText('segmentation.dcm').waitFor({ timeout: 60_000 });
      return exported.getByTitle(/segmentation\.dcm$/).getAttribute('title');
    };
    const read = async (file) => {
      await answer([file]);
      await press('Import a segmentation', segments);
      await rest(1500);
    };
    await press('Run', session);
    await settled();
    await page.getByRole('tab', { name: /^Segments/ }).click();
    await press('To a new segment', segments);
    await rest(500);
    const first = await write();
    await exported.getByRole('button', { name: 'Dismiss' }).click();
    await read(first);
    await newSegment('Right thalamus');
    await page.keyboard.press('b');
    await drag([
      [0.46, 0.47],
      [0.44, 0.5],
      [0.45, 0.54],
    ]);
    await rest(800);
    await segments.getByRole('button', { name: 'Export the segments' }).click();
    await page.mouse.move(640, 760);
    await rest(800);
    await take('export');
    await page.keyboard.press('Escape');
    await rest(400);
    await read(await write());
    await page.mouse.move(640, 760);
    await rest(800);
    await take('reimported');
  },

  /** A list of five cases with a damaged file; their review. */
  async review({ page, dataDir, rest, press, answer, take }) {
    const worklist = page.getByRole('complementary', { name: 'Worklist' });
    const damaged = path.join(dataDir, 'damaged.nii.gz');
    writeFileSync(damaged, 'cut short');
    const list = path.join(dataDir, 'list.csv');
    const requests = [
      ['left thalamus', 77],
      ['right thalamus', 77],
      ['left putamen', 68],
      ['right caudate nucleus', 84],
    ];
    const lines = requests.map(
      ([name, slice]) => `${demoFolder},Segment the ${name}.,axial,${String(slice)}`,
    );
    lines.splice(2, 0, `${damaged},Segment the left thalamus.,axial,77`);
    writeFileSync(list, ['path,prompt,axis,slice', ...lines, ''].join('\n'));
    await worklist.getByRole('tab', { name: /^Batches/ }).click();
    await press('New batch', worklist);
    const dialog = page.getByRole('dialog', { name: 'New batch' });
    await dialog.getByRole('combobox', { name: 'Cases' }).click({ force: true });
    await page.getByRole('option', { name: /^A list/ }).click();
    await answer([list]);
    await press('Choose the list…', dialog);
    await rest(300);
    await press('Run', dialog);
    await worklist.getByText('4 of 5 done').waitFor({ timeout: 180_000 });
    await rest(1000);
    await worklist.getByRole('list', { name: 'Cases' }).getByRole('button').first().click();
    await rest(4000);
    await take('batch');

    await worklist.getByRole('tab', { name: /^Sessions/ }).click();
    await page.keyboard.press('n');
    await rest(2500);
    await page.keyboard.press('Shift+A');
    await page.getByLabel('Your name, kept with each verdict').fill('Rita Reader');
    await page.keyboard.press('Enter');
    await rest(500);
    await page.mouse.click(640, 790); // the focus leaves the field
    await page.keyboard.press('n');
    await rest(2500);
    await page.keyboard.press('Shift+F');
    await rest(500);
    await page.keyboard.press('n');
    await rest(3000);
    await page.getByLabel('Comment of the review').fill('It leaks into the white matter.');
    await page.keyboard.press('Tab');
    await press('Reject', page.getByRole('region', { name: 'Review', exact: true }));
    await rest(1500);
    await take('worklist');
    await worklist.getByRole('tab', { name: /^Studies/ }).click();
    await rest(800);
    await take('studies', { x: 0, y: 0, width: 640, height: 400 });
  },
};

const wanted = process.argv.slice(2);
const virtual = hasDisplay ? null : await startVirtualDisplay();
if (virtual !== null) process.env.DISPLAY = virtual.display;
for (const [name, journey] of Object.entries(journeys)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const shown = await openWindow();
  await journey(shown);
  await shown.close();
}
virtual?.stop();
process.exit(0);
