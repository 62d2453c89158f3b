import type { Page } from '@playwright/test';

import type { BatchCaseSummary, BatchSummary } from '../../../src/contract/batchChannels.js';
import type { Review } from '../../../src/domain/review.js';
import type { SessionSummary } from '../../../src/domain/session.js';

/** The worklist's Batches tab, its dialog, and the review of a session, by the names that a screen reader would say. */
export const batchPanel = (page: Page) => {
  const worklist = page.getByRole('complementary', { name: 'Worklist' });
  const dialog = page.getByRole('dialog', { name: 'New batch' });
  const review = page.getByRole('region', { name: 'Review', exact: true });
  return {
    tab: worklist.getByRole('tab', { name: /^Batches/ }),
    cases: worklist.getByRole('list', { name: 'Cases' }).getByRole('button'),
    words: worklist.getByRole('tabpanel').getByRole('status').first(),
    button: (name: string) => worklist.getByRole('button', { name, exact: true }),
    seriesBoxes: worklist.getByTitle('Choose for a batch'),
    dialog,
    requests: dialog.getByLabel('Requests'),
    run: dialog.getByRole('button', { name: 'Run', exact: true }),
    review,
    reviewHead: review.locator('button.head'),
    reviewer: review.getByLabel('Your name, kept with each verdict'),
    comment: review.getByLabel('Comment of the review'),
    history: review.getByRole('list', { name: 'Reviews' }).getByRole('listitem'),
  };
};

/** What the engine has stored of the newest batch. */
export const readBatch = (
  page: Page,
): Promise<{ readonly batch: BatchSummary; readonly cases: readonly BatchCaseSummary[] }> =>
  page.evaluate(async () => {
    const batches = await window.ibis.invoke('listBatches', {});
    if (!batches.ok) throw new Error(batches.error.message);
    const [batch] = batches.value;
    if (batch === undefined) throw new Error('no batch is stored');
    const cases = await window.ibis.invoke('listBatchCases', {
      batchId: batch.batchId,
      offset: 0,
    });
    if (!cases.ok) throw new Error(cases.error.message);
    return { batch, cases: cases.value };
  });

export const readSummaries = (page: Page): Promise<readonly SessionSummary[]> =>
  page.evaluate(async () => {
    const reply = await window.ibis.invoke('listSessions', { search: '', sort: 'created' });
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  });

export const readReviews = (page: Page, sessionId: string): Promise<readonly Review[]> =>
  page.evaluate(async (id) => {
    const reply = await window.ibis.invoke('listReviews', { sessionId: id });
    if (!reply.ok) throw new Error(reply.error.message);
    return reply.value;
  }, sessionId);
