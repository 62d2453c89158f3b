import type { Locator, Page } from '@playwright/test';

import type { SeriesId } from '../../../src/domain/brand.js';
import type { Vec3 } from '../../../src/domain/geometry.js';
import type { Measurement } from '../../../src/domain/measurement.js';

/** The right-hand column with its Measure tab on top. */
export const measurePanel = (page: Page) => {
  const panel = page.getByRole('tabpanel', { name: /^Measure/ });
  return {
    panel,
    tab: page.getByRole('tab', { name: /^Measure/ }),
    rows: panel.getByRole('list', { name: 'Of the series' }).getByRole('listitem'),
    nameField: panel.getByLabel('Name of the measurement'),
    problem: panel.getByRole('alert'),
    undo: panel.getByRole('button', { name: /^Undo/ }),
    exported: panel.getByRole('region', { name: 'Export of the measurements' }),
    button: (name: string): Locator => panel.getByRole('button', { name, exact: true }),
  };
};

async function findSeries(page: Page): Promise<SeriesId> {
  return page.evaluate(async () => {
    const studies = await window.ibis.invoke('listStudies', {});
    if (!studies.ok) throw new Error(studies.error.message);
    const seriesId = studies.value[0]?.series[0]?.seriesId;
    if (seriesId === undefined) throw new Error('no series is open');
    return seriesId;
  });
}

/** What the engine has stored of the first open series. */
export async function readMeasurements(page: Page): Promise<readonly Measurement[]> {
  return page.evaluate(
    async (seriesId) => {
      const reply = await window.ibis.invoke('listMeasurements', { seriesId });
      if (!reply.ok) throw new Error(reply.error.message);
      return reply.value;
    },
    await findSeries(page),
  );
}

/** Where the first voxel of that series lies, LPS mm. */
export async function readOrigin(page: Page): Promise<Vec3> {
  return page.evaluate(
    async (seriesId) => {
      const reply = await window.ibis.invoke('getSeries', { seriesId });
      const geometry = reply.ok ? reply.value.volumes[0]?.geometry : null;
      if (geometry == null) throw new Error('the series is no volume');
      return geometry.origin;
    },
    await findSeries(page),
  );
}
