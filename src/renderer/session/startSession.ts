import type { SegmentationSession } from '../../domain/session.js';
import { useModelsStore } from '../models/modelsStore.js';
import { call } from '../ui/client.js';
import { useViewerStore } from '../ui/viewerStore.js';
import type { SlicePosition } from '../viewer/viewerApi.js';
import { loadSessions } from '../worklist/loadWorklist.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { showSession } from './showSession.js';
import { useSessionStore } from './sessionStore.js';

/**
 * Begins a session with the written request on the slice in front of the user, or at `position` (a click in
 * another plane). Null: it could not, and the panel says why.
 */
export async function startSession(
  position: SlicePosition | null = useViewerStore().position,
): Promise<SegmentationSession | null> {
  const store = useSessionStore();
  const models = useModelsStore();
  const { window } = useViewerStore();
  const seriesId = useWorklistStore().series?.seriesId;
  if (position === null || seriesId === undefined) {
    store.problem = {
      code: 'no-series',
      message: 'Open a series first, then run the request on it.',
    };
    return null;
  }
  const reply = await call('startSession', {
    seriesId,
    phaseIndex: position.phaseIndex,
    axis: position.axis,
    sliceIndex: position.sliceIndex,
    window,
    prompt: store.request.trim(),
    policyId: models.policyId,
    segmenterId: models.segmenterId,
  });
  if (!reply.ok) {
    store.problem = reply.error;
    return null;
  }
  showSession(reply.value);
  void loadSessions();
  return reply.value;
}
