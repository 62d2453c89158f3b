import type { BatchCaseSummary, BatchEvent, BatchSummary } from '../../contract/batchChannels.js';
import type { MethodParams } from '../../contract/channels.js';
import type { BatchId } from '../../domain/brand.js';
import { clearSession } from '../session/showSession.js';
import { openStoredSession } from '../session/openStoredSession.js';
import { useSessionStore } from '../session/sessionStore.js';
import { call } from '../ui/client.js';
import { loadStudies } from '../worklist/loadWorklist.js';
import { openSeries } from '../worklist/openSeries.js';
import { useBatchStore } from './batchStore.js';

const PAGE = 200;
const MAKING_JOB = 'make-batch';

export async function loadBatches(): Promise<void> {
  const store = useBatchStore();
  const reply = await call('listBatches', {});
  if (!reply.ok) {
    store.problem = reply.error.message;
    return;
  }
  store.batches = reply.value;
  if (store.shown === undefined) await showBatch(reply.value[0]?.batchId ?? null);
}

export async function showBatch(batchId: BatchId | null): Promise<void> {
  const store = useBatchStore();
  Object.assign(store, { problem: '', reportFile: '', openedPosition: null });
  store.shownId = batchId;
  store.cases = [];
  if (batchId !== null) await loadCases(batchId, 0);
}

/** The next page, when the list was scrolled to its end. */
export async function loadMoreCases(): Promise<void> {
  const store = useBatchStore();
  if (store.shownId !== null && store.cases.length < store.total)
    await loadCases(store.shownId, store.cases.length);
}

async function loadCases(batchId: BatchId, offset: number): Promise<void> {
  const store = useBatchStore();
  const reply = await call('listBatchCases', { batchId, offset, limit: PAGE });
  if (store.shownId !== batchId || store.cases.length !== offset) return; // asked for twice, or of another one
  if (reply.ok) store.cases = [...store.cases, ...reply.value];
  else store.problem = reply.error.message;
}

export function receiveBatch(event: BatchEvent): void {
  const store = useBatchStore();
  if (event.kind === 'batchChanged') {
    const at = store.batches.findIndex(({ batchId }) => batchId === event.batch.batchId);
    if (at >= 0) store.batches = store.batches.with(at, event.batch);
    return;
  }
  const { batchId, batchCase } = event;
  if (store.shownId === batchId && batchCase.position < store.cases.length)
    store.cases = store.cases.with(batchCase.position, batchCase);
}

/** A stopped engine runs nothing: it says where the batch stands when it is back. */
export function haltBatches(): void {
  const store = useBatchStore();
  store.batches = store.batches.map((batch) => ({
    ...batch,
    isRunning: false,
    runsPosition: null,
  }));
}

/** Stores a batch and shows it. Null: it could not, and the dialog says why. */
export async function createBatch(
  made: Omit<MethodParams<'createBatch'>, 'jobId'>,
): Promise<BatchSummary | null> {
  const store = useBatchStore();
  store.making = true;
  store.problem = '';
  const reply = await call('createBatch', { ...made, jobId: MAKING_JOB });
  store.making = false;
  if (!reply.ok) {
    store.problem = reply.error.message;
    return null;
  }
  store.batches = [reply.value, ...store.batches];
  await showBatch(reply.value.batchId);
  return reply.value;
}

export const cancelMaking = async (): Promise<void> => {
  await call('cancelJob', { jobId: MAKING_JOB });
};

async function act(
  method: 'runBatch' | 'pauseBatch',
  params: { readonly batchId: BatchId; readonly retryFailed?: boolean },
): Promise<void> {
  const store = useBatchStore();
  store.problem = '';
  const reply = await call(method, params);
  if (!reply.ok) store.problem = reply.error.message;
}

export const runBatch = (batchId: BatchId, retryFailed = false): Promise<void> =>
  act('runBatch', { batchId, retryFailed });
export const pauseBatch = (batchId: BatchId): Promise<void> => act('pauseBatch', { batchId });

/** Forgets the list; its sessions stay in the worklist. */
export async function deleteBatch(batchId: BatchId): Promise<void> {
  const store = useBatchStore();
  const reply = await call('deleteBatch', { batchId });
  if (!reply.ok) store.problem = reply.error.message;
  else await loadBatches();
}

export async function saveReport(batchId: BatchId): Promise<void> {
  const store = useBatchStore();
  const folder = await call('pickExportFolder', {});
  if (!folder.ok || folder.value === null) return;
  const reply = await call('saveBatchReport', { batchId, outDir: folder.value });
  store.problem = reply.ok ? '' : reply.error.message;
  store.reportFile = reply.ok ? reply.value.file : '';
}

/** What a case has come to, or its images where it was not begun, with its request written ready to run. */
export async function openCase(batchId: BatchId, batchCase: BatchCaseSummary): Promise<void> {
  const store = useBatchStore();
  const { position, prompt, sessionId } = batchCase;
  store.openedPosition = position;
  store.problem = '';
  if (sessionId !== null) {
    await openStoredSession(sessionId);
    return;
  }
  const reply = await call('openBatchCase', { batchId, position });
  if (store.openedPosition !== position) return; // the user went on to another one
  if (!reply.ok) {
    store.problem = reply.error.message;
    return;
  }
  await loadStudies();
  clearSession();
  const { seriesId, ...place } = reply.value;
  if (await openSeries(seriesId, place)) useSessionStore().request = prompt;
}
