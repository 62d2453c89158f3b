import type { Locator, Page } from '@playwright/test';

import type { PropagationState } from '../../../src/contract/propagationChannels.js';
import type { SegmentSurface } from '../../../src/contract/surfaceChannels.js';
import type { SliceAxis } from '../../../src/domain/plane.js';
import type { SegmentStatistics } from '../../../src/domain/segmentStatistics.js';
import { readSegmentation } from './segmentsPanel.js';

/** The parts of the Segments tab that go over the whole volume, and the pane of surfaces. */
export const volumePanel = (page: Page) => {
  const series = page.getByRole('region', { name: 'Complete the series' });
  const measures = page.getByRole('region', { name: 'Measures' });
  return {
    series,
    measures,
    start: series.getByRole('button', { name: /^(Complete|Go on from .*)$/ }),
    cancel: series.getByRole('button', { name: 'Cancel' }),
    words: series.getByRole('status'),
    again: series.getByRole('checkbox', { name: 'Re-run after a correction' }),
    review: series.getByRole('list', { name: 'Slices to look at' }).getByRole('listitem'),
    measure: (name: string): Locator => measures.locator(`dt:text-is("${name}") + dd`),
    copy: measures.getByRole('button', { name: /^(Copy|Copied)/ }),
    surfaces: page.getByTestId('pane-surfaces'),
    surfacesStatus: page.getByTestId('pane-surfaces').getByRole('status'),
  };
};

export async function readPropagation(
  page: Page,
  segmentNumber: number,
  axis: SliceAxis,
): Promise<PropagationState> {
  const { segmentationId } = await readSegmentation(page);
  return page.evaluate(
    async (cut) => {
      const reply = await window.ibis.invoke('getPropagation', cut);
      if (!reply.ok) throw new Error(reply.error.message);
      return reply.value;
    },
    { segmentationId, segmentNumber, axis },
  );
}

export async function readStatistics(
  page: Page,
  segmentNumber: number,
): Promise<SegmentStatistics> {
  const { segmentationId } = await readSegmentation(page);
  return page.evaluate(
    async (segment) => {
      const reply = await window.ibis.invoke('computeSegmentStatistics', segment);
      if (!reply.ok) throw new Error(reply.error.message);
      return reply.value;
    },
    { segmentationId, segmentNumber },
  );
}

/** mm³ that the surface of a segment encloses: what the pane is given to draw. */
export async function readEnclosedVolume(page: Page, segmentNumber: number): Promise<number> {
  const { segmentationId } = await readSegmentation(page);
  return page.evaluate(
    async (segment) => {
      const reply = await window.ibis.invoke('computeSegmentSurface', segment);
      if (!reply.ok) throw new Error(reply.error.message);
      const { points, triangles }: SegmentSurface = reply.value ?? {
        ...{ surfaceId: '', normals: new Float32Array(0) },
        ...{ points: new Float32Array(0), triangles: new Uint32Array(0) },
      };
      const at = (point: number, axis: number): number => points[3 * point + axis] ?? NaN;
      let six = 0;
      for (let n = 0; n < triangles.length; n += 3) {
        const [a = 0, b = 0, c = 0] = triangles.subarray(n, n + 3);
        six +=
          at(a, 0) * (at(b, 1) * at(c, 2) - at(b, 2) * at(c, 1)) +
          at(a, 1) * (at(b, 2) * at(c, 0) - at(b, 0) * at(c, 2)) +
          at(a, 2) * (at(b, 0) * at(c, 1) - at(b, 1) * at(c, 0));
      }
      return six / 6;
    },
    { segmentationId, segmentNumber },
  );
}
