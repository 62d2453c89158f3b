import { nextTick } from 'vue';

import type { MeasurementEvent } from '../../contract/measurementChannels.js';
import type { MethodParams } from '../../contract/channels.js';
import type { MeasurementId, SeriesId } from '../../domain/brand.js';
import type { Measurement } from '../../domain/measurement.js';
import { inTurn } from '../session/inTurn.js';
import { call } from '../ui/client.js';
import { formatCount } from '../ui/format.js';
import { usePanelStore } from '../ui/panelStore.js';
import { holdKeysWhile } from '../ui/typeAhead.js';
import { useViewerStore } from '../ui/viewerStore.js';
import type { DrawnMeasurement } from '../viewer/viewerApi.js';
import { changeStored, noteAct } from './measureHistory.js';
import { useMeasureStore } from './measureStore.js';
import { nameMeasurement, numberMeasurements } from './measureWords.js';

/** Shows what is stored of a series; null: none is on screen. */
export async function loadMeasurements(seriesId: SeriesId | null): Promise<void> {
  const store = useMeasureStore();
  store.seriesId = seriesId;
  store.list = [];
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

/** A new one, or a newer state of one; nothing where it is of another series. */
function take(measurement: Measurement): void {
  const store = useMeasureStore();
  if (measurement.seriesId !== store.seriesId) return;
  const at = store.list.findIndex(
    ({ measurementId }) => measurementId === measurement.measurementId,
  );
  if (at >= 0) store.list = store.list.with(at, measurement);
  else
    store.list = [...store.list, measurement].sort((a, b) =>
      a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0,
    );
  store.numbers = numberMeasurements(store.list, store.numbers);
}

export function receiveMeasurement(event: MeasurementEvent): void {
  const store = useMeasureStore();
  if (event.kind === 'measurementChanged') {
    take(event.measurement);
    return;
  }
  store.list = store.list.filter(({ measurementId }) => measurementId !== event.measurementId);
}

const nameOf = (measurement: Measurement): string =>
  nameMeasurement(measurement, useMeasureStore().numbers);

const findKnown = (id: MeasurementId): Measurement | null =>
  useMeasureStore().list.find(({ measurementId }) => measurementId === id) ?? null;

/** Changes a stored one, as an act that can be undone. */
async function act(
  verb: string,
  before: Measurement,
  change: MethodParams<'changeMeasurement'>['change'],
): Promise<void> {
  const { measurementId, seriesId } = before;
  const label = `${verb} ${nameOf(before)}`;
  const reply = await changeStored('changeMeasurement', { measurementId, change });
  if (reply.ok) noteAct(seriesId, label, [{ measurementId, before, after: reply.value }]);
}

async function addDrawn(drawn: DrawnMeasurement): Promise<boolean> {
  const store = useMeasureStore();
  const { seriesId } = store;
  if (seriesId === null) return false;
  const { measurementId, kind, position, points } = drawn;
  const about = { measurementId, seriesId, ...position, kind, points: [...points] };
  const reply = await changeStored('addMeasurement', about);
  if (!reply.ok) return false;
  take(reply.value); // its event may come later
  const change = { measurementId, before: null, after: reply.value };
  noteAct(seriesId, `draw ${nameOf(reply.value)}`, [change]);
  store.chosen = measurementId;
  return true;
}

/** Stores what was just drawn, or drawn anew. What cannot be stored does not stay on the image. */
export function storeDrawn(drawn: DrawnMeasurement): Promise<void> {
  const isNewArrow = drawn.kind === 'arrow' && findKnown(drawn.measurementId) === null;
  return isNewArrow ? holdKeysWhile(() => keep(drawn)) : keep(drawn);
}

const keep = (drawn: DrawnMeasurement): Promise<void> =>
  inTurn(async () => {
    const { measurementId, kind, points } = drawn;
    const known = findKnown(measurementId);
    const isAdded = known === null && (await addDrawn(drawn));
    if (known !== null) await act('move', known, { points: [...points] });
    await nextTick(); // the image has been told of what is stored
    useViewerStore().api?.settleMeasurement(measurementId);
    if (!isAdded || kind !== 'arrow') return;
    // An arrow is there for its words.
    Object.assign(usePanelStore(), { rightTab: 'measure', sessionShown: true });
    useMeasureStore().renaming = measurementId;
  });

const changeKnown = (
  measurementId: MeasurementId,
  verb: string,
  wanted: { readonly label?: string; readonly visible?: boolean },
): Promise<void> =>
  inTurn(async () => {
    const known = findKnown(measurementId);
    if (known !== null) await act(verb, known, wanted);
  });

export const renameMeasurement = (id: MeasurementId, label: string): Promise<void> =>
  changeKnown(id, 'rename', { label });

export const showMeasurement = (id: MeasurementId, visible: boolean): Promise<void> =>
  changeKnown(id, visible ? 'show' : 'hide', { visible });

export const deleteMeasurements = (ids: readonly MeasurementId[]): Promise<void> =>
  inTurn(async () => {
    const { seriesId } = useMeasureStore();
    const deleted: Measurement[] = [];
    for (const measurementId of ids) {
      const known = findKnown(measurementId);
      if (known !== null && (await changeStored('deleteMeasurement', { measurementId })).ok)
        deleted.push(known);
    }
    const [first] = deleted;
    if (seriesId === null || first === undefined) return;
    const what = deleted.length === 1 ? nameOf(first) : formatCount(deleted.length, 'measurement');
    noteAct(
      seriesId,
      `delete ${what}`,
      deleted.map((before) => ({ measurementId: before.measurementId, before, after: null })),
    );
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
