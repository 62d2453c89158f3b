import type { PrefetchTarget } from '../../contract/reviewChannels.js';
import { openCase } from '../batch/batchActs.js';
import { useBatchStore } from '../batch/batchStore.js';
import type { BatchCaseSummary } from '../../contract/batchChannels.js';
import type { SeriesId } from '../../domain/brand.js';
import { sortKeyOf } from '../../domain/review.js';
import type { SessionSummary } from '../../domain/session.js';
import { useModelsStore } from '../models/modelsStore.js';
import { openStoredSession } from '../session/openStoredSession.js';
import { call } from '../ui/client.js';
import { sessionQuery } from './loadWorklist.js';
import { openSeries } from './openSeries.js';
import { findNeighbourCase } from './worklistRows.js';
import { useWorklistStore } from './worklistStore.js';

/**
 * The queue is what the tab on top shows, in its order and as it is narrowed: series, stored sessions, or the cases of a
 * batch. Of thousands of sessions only the next is asked for.
 */
type QueuedCase =
  | { readonly kind: 'series'; readonly seriesId: SeriesId }
  | { readonly kind: 'session'; readonly summary: SessionSummary }
  | { readonly kind: 'batch-case'; readonly batchCase: BatchCaseSummary };

async function findCase(direction: 1 | -1): Promise<QueuedCase | null> {
  const store = useWorklistStore();
  switch (store.tab) {
    case 'studies': {
      const current = store.loadingSeriesId ?? store.series?.seriesId ?? null;
      const seriesId = findNeighbourCase(store.studies, current, direction);
      return seriesId === null ? null : { kind: 'series', seriesId };
    }
    case 'sessions': {
      const summary = await findSession(direction);
      return summary === null ? null : { kind: 'session', summary };
    }
    case 'batches': {
      const batchCase = await findBatchCase(direction);
      return batchCase === null ? null : { kind: 'batch-case', batchCase };
    }
  }
}

/** After the place where the open session stood when it was opened: a verdict may have taken it off the list. */
async function findSession(direction: 1 | -1): Promise<SessionSummary | null> {
  const store = useWorklistStore();
  const { queuePlace } = store;
  if (queuePlace === null) return (direction === 1 ? store.sessions[0] : undefined) ?? null;
  const query = sessionQuery();
  // Narrowed or sorted otherwise since: the place is told by another key.
  const sortKey = sortKeyOf(queuePlace, query.sort);
  const place = { sortKey, sessionId: queuePlace.sessionId };
  const reply = await call('findNeighbourSession', { ...query, place, direction });
  if (reply.ok) return reply.value;
  store.sessionsProblem = reply.error.message;
  return null;
}

async function findBatchCase(direction: 1 | -1): Promise<BatchCaseSummary | null> {
  const store = useBatchStore();
  const { shownId, openedPosition } = store;
  const offset = openedPosition === null ? 0 : openedPosition + direction;
  if (shownId === null || offset < 0) return null;
  const reply = await call('listBatchCases', { batchId: shownId, offset, limit: 1 });
  if (reply.ok) return reply.value[0] ?? null;
  store.problem = reply.error.message;
  return null;
}

export async function openQueuedSession(summary: SessionSummary): Promise<void> {
  useWorklistStore().queuePlace = summary;
  await openStoredSession(summary.sessionId);
}

let opening: Promise<void> = Promise.resolve();
export const whenCaseOpened = (): Promise<void> => opening;

/** Opens the next (1) or previous (-1) case of the queue; at its end, it stays. */
export function goToCase(direction: 1 | -1): Promise<void> {
  opening = opening.then(() => openNeighbour(direction));
  return opening;
}

async function openNeighbour(direction: 1 | -1): Promise<void> {
  const store = useWorklistStore();
  store.queueNote = '';
  const found = await findCase(direction);
  if (found === null) {
    store.queueNote = direction === 1 ? 'This is the last case.' : 'This is the first case.';
    return;
  }
  const { shownId } = useBatchStore();
  if (found.kind === 'series') await openSeries(found.seriesId);
  else if (found.kind === 'session') await openQueuedSession(found.summary);
  else if (shownId !== null) await openCase(shownId, found.batchCase);
}

/** Has the next case read, decoded and encoded before it is asked for. */
export async function prefetchNextCase(): Promise<void> {
  const next = await findCase(1);
  const target = next === null ? null : describeTarget(next);
  // A hint: where it fails, the case is read when it is opened, and that failure is shown.
  if (target !== null) await call('prefetchCase', { target });
}

function describeTarget(next: QueuedCase): PrefetchTarget | null {
  const { shownId } = useBatchStore();
  if (next.kind === 'series') {
    const { segmenterId, segmenter } = useModelsStore();
    return segmenter?.problem === null ? { ...next, segmenterId } : null;
  }
  if (next.kind === 'session') return { kind: 'session', sessionId: next.summary.sessionId };
  const { position, sessionId } = next.batchCase;
  if (sessionId !== null) return { kind: 'session', sessionId };
  return shownId === null ? null : { kind: 'batch-case', batchId: shownId, position };
}
