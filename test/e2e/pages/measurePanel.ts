import type { Locator, Page } from '@playwright/test';

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

/** What the engine has stored of the first open series. */
export async function readMeasurements(page: Page): Promise<readonly Measurement[]> {
  return page.evaluate(async () => {
    const studies = await window.ibis.invoke('listStudies', {});
    if (!studies.ok) throw new Error(studies.error.message);
    const seriesId = studies.value[0]?.series[0]?.seriesId;
    if (seriesId === undefined) throw new Error('no series is open');
    const reply = await window.ibis.invoke('listMeasurements', { seriesId });
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  });
}
