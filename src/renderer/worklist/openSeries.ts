import type { SeriesId } from '../../domain/brand.js';
import type { Series } from '../../domain/study.js';
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
  store.seriesWindow = null;
  void loadSeriesWindow(reply.value);
  return true;
}

/**
 * The first image need not wait for it, but the reader is to see what the policy will: the same window, and one for
 * all slices.
 */
async function loadSeriesWindow({ seriesId, volumes }: Series): Promise<void> {
  const store = useWorklistStore();
  const phaseIndex = useViewerStore().wantedPosition?.phaseIndex ?? volumes[0]?.phaseIndex ?? 0;
  const reply = await call('computeWindow', { seriesId, phaseIndex });
  // Not known: the window of the first image stays, and whoever reads the volume next is told what is wrong with it.
  if (reply.ok && store.series?.seriesId === seriesId) store.seriesWindow = reply.value;
}

/** The panel never shows the session of a series that is not on screen; it stays stored and, if running, runs on. */
function leaveSessionOfOtherSeries(seriesId: SeriesId): void {
  const { session } = useSessionStore();
  if (session !== null && session.settings.seriesId !== seriesId) clearSession();
}
