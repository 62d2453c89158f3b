import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from '@playwright/test';

import type { Vec3 } from '../../src/domain/geometry.js';
import type { Measurement } from '../../src/domain/measurement.js';
import { answerDialogs } from './pages/ibisWindow.js';
import { imagePane } from './pages/imagePane.js';
import type { ImagePane } from './pages/imagePane.js';
import { measurePanel, readMeasurements, readOrigin } from './pages/measurePanel.js';
import { countSegment, readSegmentation, segmentsPanel } from './pages/segmentsPanel.js';
import { makeFolder } from './support/folder.js';
import { ctShape, ctValueAt, writeKnownCt } from './support/knownCt.js';
import { launchIbis } from './support/launch.js';
import type { LaunchedIbis } from './support/launch.js';

const PHASE = 1; // the second of two time points

/** Modality values of the pixels whose centres lie inside the stored corners of an upright rectangle. */
function valuesWithin({ points, sliceIndex }: Measurement, [left, top]: Vec3): number[] {
  const columns = points.map(({ x }) => (x - left) / ctShape.columnMm);
  const rows = points.map(({ y }) => (y - top) / ctShape.rowMm);
  const values: number[] = [];
  for (let row = Math.ceil(Math.min(...rows)); row <= Math.max(...rows); row++)
    for (let column = Math.ceil(Math.min(...columns)); column <= Math.max(...columns); column++)
      values.push(ctValueAt(column, row, sliceIndex, PHASE));
  return values;
}

test.describe.serial('measurements that are kept', () => {
  const { folder, remove } = makeFolder('kept');
  const dataDir = path.join(folder, 'data');
  const series = path.join(folder, 'series');
  const outDir = path.join(folder, 'out');
  let ibis: LaunchedIbis;
  let image: ImagePane;

  const open = async (): Promise<void> => {
    ibis = await launchIbis({ dataDir, args: [series] });
    image = imagePane(ibis.page);
    await expect(image.slice).toHaveText(`4 / ${String(ctShape.slices)}`, { timeout: 60_000 });
  };
  const list = () => readMeasurements(ibis.page);
  const drag = async (x: number, y: number, toX: number, toY: number): Promise<void> => {
    await image.drag(await image.placeOf(x, y), await image.placeOf(toX, toY));
  };
  const kinds = async (): Promise<string[]> => (await list()).map(({ kind }) => kind);

  test.beforeAll(async () => {
    mkdirSync(series);
    writeKnownCt(series, { phases: 2 });
    await open();
  });
  test.afterAll(async () => {
    await ibis.close();
    remove();
  });

  test('are stored as soon as they are drawn, each of the six, on their phase and image', async () => {
    const { page } = ibis;
    await page.getByRole('slider', { name: 'Phase' }).press('ArrowRight');
    await expect(page.getByTestId('phase-place')).toHaveText('2 / 2');
    await image.pane.hover();
    await page.keyboard.press('l');
    await drag(0.2, 0.2, 0.45, 0.2);
    await expect.poll(kinds).toEqual(['length']);
    await page.keyboard.press('Shift+L');
    await drag(0.55, 0.2, 0.8, 0.3);
    await expect.poll(kinds).toEqual(['length', 'bidirectional']);
    await page.keyboard.press('r');
    await drag(0.2, 0.3, 0.42, 0.45);
    await expect.poll(kinds).toHaveLength(3);
    await page.keyboard.press('Shift+R');
    await drag(0.3, 0.65, 0.4, 0.72);
    await expect.poll(kinds).toHaveLength(4);
    await page.keyboard.press('a');
    await drag(0.75, 0.45, 0.55, 0.45);
    const end = await image.placeOf(0.7, 0.6);
    await page.mouse.move(end.px, end.py, { steps: 4 });
    await page.mouse.down();
    await page.mouse.up();
    await expect.poll(kinds).toHaveLength(5);
    await page.keyboard.press('t');
    await drag(0.6, 0.7, 0.75, 0.8);
    const panel = measurePanel(page);
    await panel.nameField.fill('look, here');
    await panel.nameField.press('Enter');
    await expect
      .poll(async () => (await list()).at(-1))
      .toMatchObject({ kind: 'arrow', label: 'look, here', quantities: [] });
    const stored = await list();
    expect(
      stored.map(({ phaseIndex, axis, sliceIndex }) => [phaseIndex, axis, sliceIndex]),
    ).toEqual(stored.map(() => [PHASE, 'acquired', 3]));
    expect(new Set(stored.map((each) => each.image?.sopInstanceUID)).size).toBe(1);
    expect(stored.every((each) => each.image !== null)).toBe(true);
    await expect(panel.rows).toHaveCount(6);
    await ibis.screenshot('measurements');
  });

  test('tell of a region what a plain look at each voxel tells, in HU', async () => {
    const rectangle = (await list()).find(({ kind }) => kind === 'rectangle');
    expect(rectangle).toBeDefined();
    if (rectangle === undefined) return;
    const values = valuesWithin(rectangle, await readOrigin(ibis.page));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const { quantities } = rectangle;
    expect(quantities.slice(1)).toEqual([
      { name: 'mean', value: expect.closeTo(mean, 6), unit: 'HU' },
      { name: 'deviation', value: expect.closeTo(Math.sqrt(variance), 6), unit: 'HU' },
      { name: 'minimum', value: Math.min(...values), unit: 'HU' },
      { name: 'maximum', value: Math.max(...values), unit: 'HU' },
    ]);
    expect(quantities[0]).toMatchObject({ name: 'area', unit: 'mm2' });
  });

  test('follow the hand that takes hold of them', async () => {
    const { page } = ibis;
    const before = (await list())[0];
    await page.keyboard.press('v');
    await drag(0.45, 0.2, 0.45, 0.12);
    await expect.poll(async () => (await list())[0]?.points).not.toEqual(before?.points);
    const after = (await list())[0];
    expect(after?.points[0]?.x).toBeCloseTo(before?.points[0]?.x ?? NaN, 6);
    const [a, b] = after?.points ?? [];
    expect(after?.quantities[0]?.value).toBeCloseTo(
      Math.hypot((b?.x ?? 0) - (a?.x ?? 0), (b?.y ?? 0) - (a?.y ?? 0)),
      6,
    );
  });

  test('are named, hidden, deleted and had back in their list, which leads to their slice', async () => {
    const { page } = ibis;
    const panel = measurePanel(page);
    await page.keyboard.press('q');
    await panel.button('Rename Length 1').click();
    await panel.nameField.fill('Femur');
    await panel.nameField.press('Enter');
    await expect.poll(async () => (await list())[0]?.label).toBe('Femur');
    await expect(image.measurements.first()).toHaveText(/^length Femur, [\d.]+ mm$/);
    await panel.button('Hide Femur').click();
    await expect.poll(async () => (await list())[0]?.visible).toBe(false);
    await expect(image.measurements.filter({ hasText: 'Femur' })).toHaveCount(0);
    await panel.button('Show Femur').click();
    await panel.button('Delete Femur').click();
    await expect(panel.rows).toHaveCount(5);
    expect(await kinds()).toHaveLength(5);
    await page.keyboard.press('Control+z');
    await expect(panel.rows).toHaveCount(6);
    expect((await list())[0]).toMatchObject({ label: 'Femur', visible: true });
    await page.keyboard.press('ArrowDown');
    await expect(image.slice).toHaveText(`5 / ${String(ctShape.slices)}`);
    await panel.panel.getByRole('button', { name: /^Femur/ }).click();
    await expect(image.slice).toHaveText(`4 / ${String(ctShape.slices)}`);
  });

  test('are undone and redone by name, each act, in turn with the strokes of the brush', async () => {
    const { page } = ibis;
    const undo = page.getByRole('banner').getByRole('button', { name: /^Undo/ });
    const redo = page.getByRole('banner').getByRole('button', { name: /^Redo/ });
    const acts = async () =>
      (await list()).map(({ updatedAt: _updatedAt, ...measurement }) => measurement);
    const segments = segmentsPanel(page);
    const painted = () => countSegment(page, 1, 'acquired', 3);
    const names: RegExp[] = [];
    const states: Awaited<ReturnType<typeof acts>>[] = [await acts()];
    const done = async (name: RegExp): Promise<void> => {
      await expect(undo).toHaveAccessibleName(name);
      names.push(name);
      states.push(await acts());
    };

    await segments.tab.click();
    await segments.add.click();
    await segments.nameField.press('Enter');
    await page.keyboard.press('Shift+R');
    await drag(0.45, 0.7, 0.5, 0.74);
    await done(/^Undo: draw ellipse 2$/);
    await page.keyboard.press('b');
    await drag(0.2, 0.8, 0.3, 0.8);
    await done(/^Undo: Brush on Segment 1/);
    const stroke = await painted();
    expect(stroke).toBeGreaterThan(0);
    await page.keyboard.press('v');
    await drag(0.55, 0.45, 0.5, 0.5);
    await done(/^Undo: move angle 1$/);
    await page.keyboard.press('q');
    const panel = measurePanel(page);
    await panel.button('Rename Angle 1').click();
    await panel.nameField.fill('Neck');
    await panel.nameField.press('Enter');
    await done(/^Undo: rename angle 1$/);
    await panel.button('Hide Neck').click();
    await done(/^Undo: hide Neck$/);
    await expect(panel.undo).toHaveText('Undo: hide Neck');
    await ibis.screenshot('measurements-undo');
    await segments.tab.click();

    for (const [n, name] of [...names.entries()].reverse()) {
      await expect(undo).toHaveAccessibleName(name);
      await page.keyboard.press('Control+z');
      await expect(redo).toHaveAccessibleName(new RegExp(name.source.replace('Undo', 'Redo')));
      expect(await acts()).toEqual(states[n]);
    }
    expect(await painted()).toBe(0);
    await expect(undo).toHaveAccessibleName(/^Undo: Add Segment 1$/);
    for (const [n] of names.entries()) {
      await page.keyboard.press('Control+Shift+z');
      await expect(undo).toHaveAccessibleName(names[n] ?? '');
      expect(await acts()).toEqual(states[n + 1]);
    }
    expect(await painted()).toBe(stroke);
    expect((await readSegmentation(page)).undoCount).toBe(2);
    await expect(redo).toHaveAccessibleName('Redo');
    await page.keyboard.press('Control+z');
    await expect(redo).toHaveAccessibleName('Redo: hide Neck');
  });

  test('are drawn in the planes across, and belong to no one image there', async () => {
    const { page } = ibis;
    await page.keyboard.press('m');
    await page.keyboard.press('l');
    const box = await page.getByTestId('pane-side1').boundingBox();
    if (box === null) throw new Error('there is no second pane');
    const at = (x: number, y: number) => ({
      px: box.x + x * box.width,
      py: box.y + y * box.height,
    });
    await image.drag(at(0.4, 0.5), at(0.6, 0.5));
    await expect.poll(kinds).toHaveLength(8);
    const across = (await list()).at(-1);
    expect(across).toMatchObject({ kind: 'length', axis: 'coronal', image: null });
    await ibis.screenshot('measurements-planes');
    await page.keyboard.press('m');
  });

  test('are there after a restart, on the image and in the list', async () => {
    const before = await list();
    await ibis.close();
    await open();
    expect(await list()).toEqual(before);
    await expect(image.measurements).toHaveCount(8);
    await expect(image.measurements.first()).toHaveText(/^length Femur, [\d.]+ mm$/);
    await measurePanel(ibis.page).tab.click();
    await expect(measurePanel(ibis.page).rows).toHaveCount(8);
    await ibis.page.setViewportSize({ width: 1280, height: 800 });
    await ibis.screenshot('measurements-small');
  });

  test('go out as a DICOM SR and a table, and the SR comes in again without doubles', async () => {
    const { page, app } = ibis;
    const panel = measurePanel(page);
    const femur = (await list())[0];
    await answerDialogs(app, [outDir]);
    await panel.button('Export the measurements').click();
    await page.getByRole('button', { name: 'Choose a folder…' }).click();
    await expect(panel.exported).toContainText('2 files written');
    const csv = readFileSync(path.join(outDir, 'measurements.csv'), 'utf8');
    expect(csv.split('\r\n')).toHaveLength(1 + 1 + 2 + 5 + 5 + 1 + 1 + 5 + 1 + 1);
    expect(csv).toContain(',arrow,"look, here",');
    const report = path.join(outDir, 'measurements.dcm');
    expect(readFileSync(report).subarray(128, 132).toString()).toBe('DICM');
    await answerDialogs(app, [report]);
    await panel.button('Import a DICOM SR').click();
    await expect(panel.panel).toContainText('8 of the report are here already');
    expect(await list()).toHaveLength(8);

    await panel.button('Delete Femur').click();
    await expect(panel.rows).toHaveCount(7);
    await panel.button('Import a DICOM SR').click();
    await expect(panel.rows).toHaveCount(8);
    await expect(panel.undo).toHaveText('Undo: import 1 measurement');
    await page.keyboard.press('Control+z');
    await expect(panel.undo).toHaveText('Undo: delete Femur');
    expect(await list()).toHaveLength(7);
    await page.keyboard.press('Control+z');
    await expect(panel.rows).toHaveCount(8);
    expect((await list())[0]).toMatchObject({ label: 'Femur', createdAt: femur?.createdAt });
    // The software renderer speaks of its own speed where a picture of the window is taken.
    expect(ibis.complaints.filter((words) => !words.includes('GL Driver Message'))).toEqual([]);
  });
});
