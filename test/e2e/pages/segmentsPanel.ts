import type { Locator, Page } from '@playwright/test';

import type { SegmentMasks } from '../../../src/contract/segmentationChannels.js';
import { countMaskPixels, unpackMask } from '../../../src/domain/mask.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import type { Segmentation } from '../../../src/domain/segmentation.js';

/** The right-hand column with its Segments tab on top. */
export const segmentsPanel = (page: Page) => {
  const panel = page.getByRole('tabpanel', { name: /^Segments/ });
  return {
    panel,
    tab: page.getByRole('tab', { name: /^Segments/ }),
    agentTab: page.getByRole('tab', { name: 'Agent', exact: true }),
    rows: panel.getByRole('list', { name: 'Segments' }).getByRole('listitem'),
    add: panel.getByRole('button', { name: 'Add segment' }),
    nameField: panel.getByLabel('Name of the segment'),
    problem: panel.getByRole('alert'),
    undo: panel.getByRole('button', { name: /^Undo/ }),
    redo: panel.getByRole('button', { name: /^Redo/ }),
    exported: panel.getByRole('region', { name: 'Export of the segments' }),
    button: (name: string): Locator => panel.getByRole('button', { name, exact: true }),
  };
};

/** What the engine has stored of the only open series, newest segmentation last. */
export async function readSegmentations(page: Page): Promise<readonly Segmentation[]> {
  return page.evaluate(async () => {
    const studies = await window.ibis.invoke('listStudies', {});
    if (!studies.ok) throw new Error(studies.error.message);
    const seriesId = studies.value[0]?.series[0]?.seriesId;
    if (seriesId === undefined) throw new Error('no series is open');
    const reply = await window.ibis.invoke('listSegmentations', { seriesId });
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  });
}

/** The newest of them. */
export async function readSegmentation(page: Page): Promise<Segmentation> {
  const newest = (await readSegmentations(page)).at(-1);
  if (newest === undefined) throw new Error('no segmentation is stored');
  return newest;
}

export async function readMasks(
  page: Page,
  axis: SliceAxis,
  sliceIndex: number,
): Promise<SegmentMasks['masks']> {
  const { segmentationId } = await readSegmentation(page);
  return page.evaluate(
    async (asked) => {
      const reply = await window.ibis.invoke('getSegmentMasks', asked);
      if (!reply.ok) throw new Error(reply.error.message);
      return reply.value.masks;
    },
    { segmentationId, axis, sliceIndex },
  );
}

/** Pixels of one segment on a slice image. */
export async function countSegment(
  page: Page,
  segmentNumber: number,
  axis: SliceAxis,
  sliceIndex: number,
): Promise<number> {
  const masks = await readMasks(page, axis, sliceIndex);
  const mask = masks.find((each) => each.segmentNumber === segmentNumber)?.mask;
  return mask === undefined ? 0 : countMaskPixels(unpackMask(mask));
}
