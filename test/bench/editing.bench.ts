import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import type { MethodParams } from '../../src/contract/channels.js';
import type { SegmentationId } from '../../src/domain/brand.js';
import { emptyMask, packMask } from '../../src/domain/mask.js';
import type { PackedMask } from '../../src/domain/mask.js';
import { dragOnImage } from '../e2e/pages/drawing.js';
import { segmentsPanel } from '../e2e/pages/segmentsPanel.js';
import { launchIbis } from '../e2e/support/launch.js';
import { median, quantile, record } from './support/results.js';
import type { Measurement } from './support/results.js';
import { timeStep } from './support/steps.js';
import type { StepTimes } from './support/steps.js';
import { largeCt, makeStudies } from './support/studies.js';

const SIZE = 512;
const SLICES = 300;
const SEGMENTS = 100;
const STROKES = 6;
const REST_MS = 700; // measures and lists follow an act after a rest; the next act is timed by itself

/** Discs side by side, ten by ten. */
function drawDisc(n: number): PackedMask {
  const mask = emptyMask(SIZE, SIZE);
  const [x, y] = [60 + 44 * (n % 10), 60 + 44 * Math.floor(n / 10)];
  for (let row = y - 20; row <= y + 20; row++)
    for (let column = x - 20; column <= x + 20; column++)
      if (Math.hypot(column - x, row - y) <= 18 + (n % 3)) mask.data[row * SIZE + column] = 1;
  return packMask(mask);
}

/** In the middle, over a quarter of them. */
function drawOrgan(): PackedMask {
  const mask = emptyMask(SIZE, SIZE);
  for (let row = 0; row < SIZE; row++)
    for (let column = 0; column < SIZE; column++)
      if (Math.hypot(column - SIZE / 2, row - SIZE / 2) <= 100 + ((row * 7) % 9))
        mask.data[row * SIZE + column] = 1;
  return packMask(mask);
}

/** A segmentation of so many segments on the middle third of the slices; the last one is large, and on all. */
async function fillSegmentation(page: Page): Promise<SegmentationId> {
  const segmentationId = await page.evaluate(async () => {
    const studies = await window.ibis.invoke('listStudies', {});
    const seriesId = studies.ok ? studies.value[0]?.series[0]?.seriesId : undefined;
    if (seriesId === undefined) throw new Error('no series is open');
    const made = await window.ibis.invoke('createSegmentation', {
      ...{ seriesId, phaseIndex: 0, segmentationLabel: 'Bench' },
    });
    if (!made.ok) throw new Error(made.error.message);
    return made.value.segmentationId;
  });
  for (let n = 0; n < SEGMENTS; n++) {
    const isLast = n === SEGMENTS - 1;
    const drawn = isLast
      ? { region: drawOrgan(), first: 0, count: SLICES }
      : { region: drawDisc(n), first: SLICES / 3, count: SLICES / 3 };
    await page.evaluate(
      async ({ region, first, count, segmentNumber, ...place }) => {
        const added = await window.ibis.invoke('addSegment', {
          ...{ ...place, segmentLabel: `Organ ${String(segmentNumber)}` },
        });
        if (!added.ok) throw new Error(added.error.message);
        const painted = await window.ibis.invoke('paintSegment', {
          ...{ ...place, segmentNumber, axis: 'acquired', mode: 'add', toolLabel: 'Brush' },
          range: null,
          slices: Array.from({ length: count }, (_, at) => ({ sliceIndex: first + at, region })),
        });
        if (!painted.ok) throw new Error(painted.error.message);
      },
      { segmentationId, segmentNumber: n + 1, ...drawn },
    );
  }
  return segmentationId;
}

const describe = (
  name: string,
  times: readonly StepTimes[],
  note: string,
): readonly Measurement[] => {
  const drawn = times.map(({ drawnMs }) => drawnMs);
  const stored = median(times.map(({ storedMs }) => storedMs)).toFixed(0);
  return [
    {
      ...{ name: `${name}, from the key to the picture, median`, value: median(drawn), unit: 'ms' },
      ...{ target: 50, note: `${note}; told as stored after ${stored} ms` },
    },
    { name: `${name}, slowest of ${String(times.length)}`, value: quantile(drawn, 1), unit: 'ms' },
  ];
};

test('undo in the window, from the key to the picture', async () => {
  makeStudies();
  const ibis = await launchIbis({ args: [largeCt] });
  const { page } = ibis;
  await expect(page.getByText(/300 images/)).toBeVisible({ timeout: 60_000 });
  await expect(page.locator('[data-testid^="pane-"] canvas').first()).toBeVisible();
  await expect(page.getByLabel(/^Loading images/)).toHaveCount(0, { timeout: 120_000 });
  const segmentationId = await fillSegmentation(page);
  const panel = segmentsPanel(page);
  await panel.tab.click();
  await expect(panel.rows).toHaveCount(SEGMENTS, { timeout: 30_000 });

  const rest = () => page.waitForTimeout(REST_MS);
  const timeSteps = async (count: number): Promise<Record<'undo' | 'redo', StepTimes[]>> => {
    const times: Record<'undo' | 'redo', StepTimes[]> = { undo: [], redo: [] };
    for (let n = 0; n < count; n++) {
      await rest();
      times.undo.push(await timeStep(page, 'z'));
      await rest();
      times.redo.push(await timeStep(page, 'y'));
    }
    return times;
  };

  // A stroke over a neighbour, in the middle of the image.
  await page.keyboard.press('b');
  await dragOnImage(page, [
    [0.48, 0.5],
    [0.52, 0.5],
  ]);
  await expect(panel.undo).toContainText('Brush on Organ 1, ');
  const stroke = await timeSteps(STROKES);
  await page.keyboard.press('m');
  await rest();
  const planes = await timeSteps(3);
  await page.keyboard.press('m');
  await page.keyboard.press('Control+z');
  await expect(panel.redo).toBeEnabled();

  const apply = (segmentNumber: number, tool: MethodParams<'applySegmentTool'>['tool']) =>
    page.evaluate(
      async (asked) => {
        const reply = await window.ibis.invoke('applySegmentTool', { ...asked, jobId: 'bench' });
        if (!reply.ok) throw new Error(reply.error.message);
      },
      { segmentationId, segmentNumber, tool },
    );
  // A segment through the whole volume.
  await apply(SEGMENTS, { kind: 'hollow', thicknessMm: 3, side: 'inside' });
  const whole = await timeSteps(4);
  // All of the body by its values, out of all other segments.
  await apply(1, {
    ...{ kind: 'threshold', range: { lower: -500, upper: 3000 } },
    ...{ region: { kind: 'volume' }, combination: 'replace' },
  });
  const all = await timeSteps(2);
  await ibis.close();
  const note = `${String(SEGMENTS)} segments on the slice`;
  record(
    ...describe('undo a stroke', stroke.undo, note),
    ...describe('redo a stroke', stroke.redo, note),
    ...describe('undo a stroke, three planes', planes.undo, note),
    ...describe('undo an edit of 300 slices', whole.undo, 'an organ of 200 pixels hollowed out'),
    ...describe('redo an edit of 300 slices', whole.redo, 'an organ of 200 pixels hollowed out'),
    ...describe('undo an edit of 100 segments', all.undo, '10,000 slices of segments overwritten'),
  );
});
