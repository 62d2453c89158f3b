import type { MethodParams, MethodResults, Reply } from '../../contract/channels.js';
import type { MeasurementId, SeriesId } from '../../domain/brand.js';
import type { Measurement } from '../../domain/measurement.js';
import { inTurn } from '../session/inTurn.js';
import { call } from '../ui/client.js';
import { useMeasureStore } from './measureStore.js';

/** How a measurement stood before and after an act; null: it was not there. */
export interface MeasurementChange {
  readonly measurementId: MeasurementId;
  readonly before: Measurement | null;
  readonly after: Measurement | null;
}

/** One act of the user, as Undo names it. */
export interface MeasurementAct {
  readonly label: string; // 'move length 2'
  readonly changes: readonly MeasurementChange[];
}

/** The next one to be undone, and redone, last. */
export interface MeasurementHistory {
  readonly done: readonly MeasurementAct[];
  readonly undone: readonly MeasurementAct[];
}

type ChangingMethod =
  'addMeasurement' | 'changeMeasurement' | 'deleteMeasurement' | 'restoreMeasurement';

/** The engine announces what has changed; here what went wrong is told. */
export async function changeStored<M extends ChangingMethod>(
  method: M,
  params: MethodParams<M>,
): Promise<Reply<MethodResults[M]>> {
  const store = useMeasureStore();
  store.problem = '';
  const reply = await call(method, params);
  if (!reply.ok) store.problem = reply.error.message;
  return reply;
}

/** Keeps an act that was done on a series, to be undone. */
export function noteAct(
  seriesId: SeriesId,
  label: string,
  changes: readonly MeasurementChange[],
): void {
  if (changes.length === 0) return;
  moveActs(seriesId, ({ done }) => ({ done: [...done, { label, changes }], undone: [] }));
}

function moveActs(
  seriesId: SeriesId,
  move: (history: MeasurementHistory) => MeasurementHistory,
): void {
  const store = useMeasureStore();
  const history = store.histories.get(seriesId) ?? { done: [], undone: [] };
  store.histories = new Map(store.histories).set(seriesId, move(history));
}

const arePointsSame = (a: Measurement, b: Measurement): boolean =>
  a.points.every(({ x, y, z }, n) => {
    const other = b.points[n];
    return x === other?.x && y === other.y && z === other.z;
  });

/** True where it stands as wanted, also where it did so before. */
async function bringTo(
  measurementId: MeasurementId,
  { from, to }: { readonly from: Measurement | null; readonly to: Measurement | null },
): Promise<boolean> {
  const reply =
    to === null
      ? await changeStored('deleteMeasurement', { measurementId })
      : from === null
        ? await changeStored('restoreMeasurement', { measurementId })
        : await changeStored('changeMeasurement', {
            measurementId,
            change: {
              ...(to.label === from.label ? {} : { label: to.label }),
              ...(to.visible === from.visible ? {} : { visible: to.visible }),
              ...(arePointsSame(from, to) ? {} : { points: [...to.points] }),
            },
          });
  // What is gone for good does not bar the way to the acts before it.
  return reply.ok || reply.error.code === 'not-found';
}

/** Stops at what could not be done; the act is then still the next one. */
async function bringAll({ changes }: MeasurementAct, direction: 'undo' | 'redo'): Promise<boolean> {
  for (const { measurementId, before, after } of changes) {
    const way = direction === 'undo' ? { from: after, to: before } : { from: before, to: after };
    if (!(await bringTo(measurementId, way))) return false;
    if (way.to !== null) useMeasureStore().chosen = measurementId;
  }
  return true;
}

export const undoMeasurement = (): Promise<void> =>
  inTurn(async () => {
    const { seriesId, history } = useMeasureStore();
    const act = history.done.at(-1);
    if (seriesId === null || act === undefined || !(await bringAll(act, 'undo'))) return;
    moveActs(seriesId, ({ done, undone }) => ({
      done: done.slice(0, -1),
      undone: [...undone, act],
    }));
  });

export const redoMeasurement = (): Promise<void> =>
  inTurn(async () => {
    const { seriesId, history } = useMeasureStore();
    const act = history.undone.at(-1);
    if (seriesId === null || act === undefined || !(await bringAll(act, 'redo'))) return;
    moveActs(seriesId, ({ done, undone }) => ({
      done: [...done, act],
      undone: undone.slice(0, -1),
    }));
  });
