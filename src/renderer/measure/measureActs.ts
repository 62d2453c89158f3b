import { nextTick } from 'vue';

import type { MeasurementEvent } from '../../contract/measurementChannels.js';
import type { MethodParams } from '../../contract/channels.js';
import type { MeasurementId, SeriesId } from '../../domain/brand.js';
import type { Measurement } from '../../domain/measurement.js';
import { inTurn } from '../session/inTurn.js';
import { call } from '../ui/client.js';
import { usePanelStore } from '../ui/panelStore.js';
import { useViewerStore } from '../ui/viewerStore.js';
import type { DrawnMeasurement } from '../viewer/viewerApi.js';
import { useMeasureStore } from './measureStore.js';

/** Shows what is stored of a series; null: none is on screen. */
export async function loadMeasurements(seriesId: SeriesId | null): Promise<void> {
  const store = useMeasureStore();
  store.seriesId = seriesId;
  store.list = [];
  store.deleted = [];
  store.renaming = null;
  store.chosen = null;
  store.problem = '';
  store.exported = null;
  store.importNotes = [];
  if (seriesId === null) return;
  const reply = await call('listMeasurements', { seriesId });
  if (store.seriesId !== seriesId) return; // the user went on
  if (reply.ok) reply.value.forEach(take);
  else store.problem = reply.error.message;
}

/** A new one, or a newer state of one. */
function take(measurement: Measurement): void {
  const store = useMeasureStore();
  const at = store.list.findIndex(
    ({ measurementId }) => measurementId === measurement.measurementId,
  );
  if (at >= 0) store.list = store.list.with(at, measurement);
  else
    store.list = [...store.list, measurement].sort((a, b) =>
      a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0,
    );
}

export function receiveMeasurement(event: MeasurementEvent): void {
  const store = useMeasureStore();
  if (event.kind === 'measurementChanged') {
    if (event.measurement.seriesId === store.seriesId) take(event.measurement);
  } else
    store.list = store.list.filter(({ measurementId }) => measurementId !== event.measurementId);
}

/** The engine announces what has changed; here only what went wrong is kept. */
async function change<
  M extends 'addMeasurement' | 'changeMeasurement' | 'deleteMeasurement' | 'restoreMeasurement',
>(method: M, params: MethodParams<M>): Promise<boolean> {
  const store = useMeasureStore();
  store.problem = '';
  const reply = await call(method, params);
  if (!reply.ok) store.problem = reply.error.message;
  return reply.ok;
}

/** Stores what was just drawn, or drawn anew. What cannot be stored does not stay on the image. */
export const storeDrawn = (drawn: DrawnMeasurement): Promise<void> =>
  inTurn(async () => {
    const store = useMeasureStore();
    const { measurementId, kind, position, points } = drawn;
    const { seriesId } = store;
    const isKnown = store.list.some((each) => each.measurementId === measurementId);
    const done =
      seriesId !== null &&
      (isKnown
        ? await change('changeMeasurement', { measurementId, change: { points: [...points] } })
        : await change('addMeasurement', {
            measurementId,
            seriesId,
            ...position,
            kind,
            points: [...points],
          }));
    await nextTick(); // the image has been told of what is stored
    useViewerStore().api?.settleMeasurement(measurementId);
    if (!done || isKnown) return;
    store.chosen = measurementId;
    if (kind !== 'arrow') return;
    // An arrow is there for its words.
    Object.assign(usePanelStore(), { rightTab: 'measure', sessionShown: true });
    store.renaming = measurementId;
  });

export const changeMeasurement = (
  measurementId: MeasurementId,
  wanted: { readonly label?: string; readonly visible?: boolean },
): Promise<void> =>
  inTurn(async () => {
    await change('changeMeasurement', { measurementId, change: wanted });
  });

export const deleteMeasurements = (ids: readonly MeasurementId[]): Promise<void> =>
  inTurn(async () => {
    const store = useMeasureStore();
    for (const id of ids) {
      const known = store.list.find(({ measurementId }) => measurementId === id);
      if (known !== undefined && (await change('deleteMeasurement', { measurementId: id })))
        store.deleted = [...store.deleted, known];
    }
  });

/** Brings back what was deleted last. */
export const undoDelete = (): Promise<void> =>
  inTurn(async () => {
    const store = useMeasureStore();
    const last = store.deleted.at(-1);
    if (last === undefined) return;
    const { measurementId } = last;
    if (!(await change('restoreMeasurement', { measurementId }))) return;
    store.deleted = store.deleted.filter((each) => each !== last);
    store.chosen = measurementId;
  });

/** Shows the slice that it lies on. */
export function goToMeasurement({
  measurementId,
  phaseIndex,
  axis,
  sliceIndex,
}: Measurement): void {
  useMeasureStore().chosen = measurementId;
  useViewerStore().api?.showSlice({ phaseIndex, axis, sliceIndex });
}
