import type { SeriesId } from '../../domain/brand.js';
import { clearSession } from '../session/showSession.js';
import { useSessionStore } from '../session/sessionStore.js';
import { call } from '../ui/client.js';
import { useViewerStore } from '../ui/viewerStore.js';
import type { SlicePosition } from '../viewer/viewerApi.js';
import { useWorklistStore } from './worklistStore.js';

/** Fetches a series and shows it, at `position` or where the viewer sees fit. False: it could not, and its row says why. */
export async function openSeries(
  seriesId: SeriesId,
  position: SlicePosition | null = null,
): Promise<boolean> {
  const store = useWorklistStore();
  const viewer = useViewerStore();
  leaveSessionOfOtherSeries(seriesId);
  if (store.series?.seriesId === seriesId) {
    store.loadingSeriesId = null; // another one that was on its way is no longer wanted
    if (position !== null) viewer.api?.showSlice(position);
    return true;
  }
  store.loadingSeriesId = seriesId;
  store.seriesProblem = null;
  const reply = await call('getSeries', { seriesId });
  if (store.loadingSeriesId !== seriesId) return false; // the user went on to another one
  store.loadingSeriesId = null;
  if (!reply.ok) {
    store.seriesProblem = { seriesId, message: reply.error.message };
    return false;
  }
  viewer.wantedPosition = position;
  viewer.position = null;
  viewer.loadProgress = null;
  viewer.problem = '';
  store.series = reply.value;
  return true;
}

/** The panel never shows the session of a series that is not on screen; it stays stored and, if running, runs on. */
function leaveSessionOfOtherSeries(seriesId: SeriesId): void {
  const { session } = useSessionStore();
  if (session !== null && session.settings.seriesId !== seriesId) clearSession();
}
