import { call, onEngineEvent } from '../ui/client.js';
import { useDeidentificationStore } from './deidentificationStore.js';
import type { DeidentificationTask } from './deidentificationStore.js';

const COPY_JOB = 'deidentify';

export function openDeidentification(task: DeidentificationTask): void {
  const store = useDeidentificationStore();
  store.result = null;
  store.task = task;
}

/** Asks what the options of the moment would change. An answer to earlier options is dropped. */
export async function loadPreview(): Promise<void> {
  const store = useDeidentificationStore();
  const { task, options } = store;
  if (task === null) return;
  store.problem = '';
  const reply = await call('previewDeidentification', { seriesIds: [...task.seriesIds], options });
  if (store.task !== task || store.options !== options) return;
  store.preview = reply.ok ? reply.value : null;
  if (!reply.ok) store.problem = reply.error.message;
}

/** Asks for a folder and writes the copies there. Dismissing the dialog does nothing. */
export async function writeCopies(): Promise<void> {
  const store = useDeidentificationStore();
  const { task, options } = store;
  if (task === null || store.progress !== null) return;
  store.problem = '';
  store.result = null;
  const folder = await call('pickExportFolder', {});
  if (!folder.ok) store.problem = folder.error.message;
  if (!folder.ok || folder.value === null) return;
  store.progress = { done: 0, total: store.preview?.fileCount ?? 0 };
  const stopListening = onEngineEvent((event) => {
    if (event.kind === 'jobProgressed' && event.jobId === COPY_JOB && event.total !== null)
      store.progress = { done: event.done, total: event.total };
  });
  const reply = await call('exportDeidentified', {
    seriesIds: [...task.seriesIds],
    options,
    outDir: folder.value,
    jobId: COPY_JOB,
  });
  stopListening();
  store.progress = null;
  if (reply.ok) store.result = reply.value;
  else store.problem = reply.error.message;
}

export async function cancelCopies(): Promise<void> {
  await call('cancelJob', { jobId: COPY_JOB });
}
