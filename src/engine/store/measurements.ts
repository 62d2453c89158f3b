import { z } from 'zod';

import { quantitySchema } from '../../contract/measurementChannels.js';
import { IbisError } from '../../contract/errors.js';
import type { MeasurementId, SeriesId } from '../../domain/brand.js';
import { measurementKinds } from '../../domain/measurement.js';
import type { Measurement } from '../../domain/measurement.js';
import { inTransaction } from './failure.js';
import type { Store } from './openStore.js';
import { saveSeries } from './seriesRows.js';
import type { NewSeries } from './seriesRows.js';

/** All of a measurement but its times, which the store sets. */
export type MeasurementContent = Omit<Measurement, 'createdAt' | 'updatedAt'>;

/** A column that holds JSON. */
const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('not JSON');
    return z.NEVER;
  }
});

const measurementRow = z
  .object({
    measurement_id: z.string().transform((id) => id as MeasurementId), // branding at the edge
    series_id: z.string().transform((id) => id as SeriesId), // branding at the edge
    phase_index: z.number().int(),
    kind: z.enum(measurementKinds),
    label: z.string(),
    axis: z.enum(['acquired', 'axial', 'coronal', 'sagittal']),
    slice_index: z.number().int(),
    points: json.pipe(z.array(z.tuple([z.number(), z.number(), z.number()]))),
    sop_instance_uid: z.string().nullable(),
    frame_number: z.number().int().nullable(),
    visible: z.number(),
    quantities: json.pipe(z.array(quantitySchema)),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .transform((row): Measurement => ({
    measurementId: row.measurement_id,
    seriesId: row.series_id,
    phaseIndex: row.phase_index,
    kind: row.kind,
    label: row.label,
    axis: row.axis,
    sliceIndex: row.slice_index,
    points: row.points.map(([x, y, z]) => ({ x, y, z })),
    image:
      row.sop_instance_uid === null || row.frame_number === null
        ? null
        : { sopInstanceUID: row.sop_instance_uid, frameNumber: row.frame_number },
    visible: row.visible === 1,
    quantities: row.quantities,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));

function parseMeasurement(row: unknown): Measurement {
  const parsed = measurementRow.safeParse(row);
  if (parsed.success) return parsed.data;
  throw new IbisError(
    'database-damaged',
    'A stored measurement could not be read: its record is not what Ibis writes.',
    { cause: parsed.error },
  );
}

const gone = (): never => {
  throw new IbisError('not-found', 'This measurement is not in the database any more.');
};

/** One that is not deleted. Throws 'not-found' when there is none. */
export function loadMeasurement(store: Store, measurementId: MeasurementId): Measurement {
  const row = store.database
    .prepare('SELECT * FROM measurements WHERE measurement_id = ? AND deleted_at IS NULL')
    .get(measurementId);
  return row === undefined ? gone() : parseMeasurement(row);
}

/** Of a series, in the order in which they were made; without the deleted ones. */
export function listMeasurements(store: Store, seriesId: SeriesId): Measurement[] {
  return store.database
    .prepare(
      `SELECT * FROM measurements WHERE series_id = ? AND deleted_at IS NULL
       ORDER BY created_at, rowid`,
    )
    .all(seriesId)
    .map(parseMeasurement);
}

/** Whether an id has been given, be it to a deleted one. */
export const isMeasurementKnown = (store: Store, measurementId: string): boolean =>
  store.database
    .prepare('SELECT 1 FROM measurements WHERE measurement_id = ?')
    .get(measurementId) !== undefined;

/** New ones, in one transaction with their series. Throws 'bad-message' where an id has been given before. */
export function addMeasurements(
  store: Store,
  series: NewSeries,
  contents: readonly MeasurementContent[],
): Measurement[] {
  const at = store.now().toISOString();
  inTransaction(store.database, () => {
    saveSeries(store, series);
    const add = store.database.prepare(
      `INSERT INTO measurements VALUES (@measurementId, @seriesId, @phaseIndex, @kind, @label, @axis, @sliceIndex,
         @points, @sopInstanceUID, @frameNumber, @visible, @quantities, @at, @at, NULL)`,
    );
    for (const content of contents) {
      if (isMeasurementKnown(store, content.measurementId))
        throw new IbisError('bad-message', 'There is a measurement of this id already.');
      add.run({ ...toColumns(content), at });
    }
  });
  return contents.map(({ measurementId }) => loadMeasurement(store, measurementId));
}

const toColumns = (content: MeasurementContent) => ({
  measurementId: content.measurementId,
  seriesId: content.seriesId,
  phaseIndex: content.phaseIndex,
  kind: content.kind,
  label: content.label,
  axis: content.axis,
  sliceIndex: content.sliceIndex,
  points: JSON.stringify(content.points.map(({ x, y, z }) => [x, y, z])),
  sopInstanceUID: content.image?.sopInstanceUID ?? null,
  frameNumber: content.image?.frameNumber ?? null,
  visible: content.visible ? 1 : 0,
  quantities: JSON.stringify(content.quantities),
});

/** What of one may change: its label, whether it is shown, and its points with what was computed of them. */
export function saveMeasurement(store: Store, content: MeasurementContent): Measurement {
  const { measurementId, label, visible, points, quantities } = toColumns(content);
  const { changes } = inTransaction(store.database, () =>
    store.database
      .prepare(
        `UPDATE measurements SET label = @label, visible = @visible, points = @points, quantities = @quantities,
           updated_at = @at
         WHERE measurement_id = @measurementId AND deleted_at IS NULL`,
      )
      .run({ measurementId, label, visible, points, quantities, at: store.now().toISOString() }),
  );
  return changes === 0 ? gone() : loadMeasurement(store, measurementId);
}

/** Marks it deleted, or takes the mark away. Throws 'not-found' where it is not (or is not deleted). */
export function markMeasurementDeleted(
  store: Store,
  measurementId: MeasurementId,
  deleted: boolean,
): void {
  const at = store.now().toISOString();
  const { changes } = inTransaction(store.database, () =>
    store.database
      .prepare(
        `UPDATE measurements SET deleted_at = @deletedAt, updated_at = @at
         WHERE measurement_id = @measurementId AND (deleted_at IS NULL) = @isThere`,
      )
      .run({ measurementId, at, deletedAt: deleted ? at : null, isThere: deleted ? 1 : 0 }),
  );
  if (changes === 0) gone();
}
