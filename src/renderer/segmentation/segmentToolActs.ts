import type { IbisEvent, MethodParams } from '../../contract/channels.js';
import { call } from '../ui/client.js';
import { useSegmentationStore } from './segmentationStore.js';

/** Runs a tool on the active segment; one at a time. */
export async function applyTool(tool: MethodParams<'applySegmentTool'>['tool']): Promise<void> {
  const store = useSegmentationStore();
  const { shown, active } = store;
  if (shown === null || active === null || store.job !== null) return;
  const jobId = crypto.randomUUID();
  store.problem = '';
  store.note = '';
  store.job = { jobId, label: '', done: 0, total: null, cancelling: false };
  const { segmentationId, revision } = shown;
  const reply = await call('applySegmentTool', {
    segmentationId,
    segmentNumber: active.segmentNumber,
    tool,
    jobId,
  });
  store.job = null;
  if (!reply.ok && reply.error.code !== 'cancelled') store.problem = reply.error.message;
  if (reply.ok && reply.value.revision === revision)
    store.note = `The tool found nothing to change in “${active.segmentLabel}”.`;
}

export async function cancelTool(): Promise<void> {
  const store = useSegmentationStore();
  if (store.job === null) return;
  store.job = { ...store.job, cancelling: true };
  const reply = await call('cancelJob', { jobId: store.job.jobId });
  if (!reply.ok) store.problem = reply.error.message;
}

export function receiveToolProgress({
  jobId,
  label,
  done,
  total,
}: Extract<IbisEvent, { kind: 'jobProgressed' }>): void {
  const store = useSegmentationStore();
  if (store.job?.jobId === jobId) store.job = { ...store.job, label, done, total };
}
