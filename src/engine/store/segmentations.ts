import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SegmentationId, SeriesId } from '../../domain/brand.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { ActSummary } from '../segmentations/actStacks.js';
import type { SegmentationHeader } from '../segmentations/headerPatch.js';
import type { SegmentationState } from '../segmentations/state.js';
import { inTransaction } from './failure.js';
import type { Store } from './openStore.js';
import {
  actRow,
  parseSegmentationRow,
  segmentColumns,
  segmentRow,
  segmentationRow,
  voxelRow,
} from './segmentationRows.js';
import { saveSeries } from './seriesRows.js';
import type { NewSeries } from './seriesRows.js';

/** What of a segmentation never changes. */
export interface SegmentationIdentity {
  readonly segmentationId: SegmentationId;
  readonly seriesId: SeriesId;
  readonly seriesInstanceUID: string;
  readonly phaseIndex: number;
  readonly geometry: VolumeGeometry;
  readonly createdAt: string; // ISO 8601, UTC
}

/** A segmentation without its voxels, with the names of all acts so far. */
export interface StoredOutline {
  readonly identity: SegmentationIdentity;
  readonly updatedAt: string;
  readonly header: SegmentationHeader;
  readonly nextSegmentNumber: number;
  readonly acts: readonly ActSummary[];
}

/** All of it that is in force. */
export interface StoredSegmentation extends Omit<StoredOutline, 'header'> {
  readonly state: SegmentationState;
}

export interface NewSegmentation extends NewSeries {
  readonly phaseIndex: number;
  readonly geometry: VolumeGeometry;
  readonly state: SegmentationState;
  /** Of the act that made it: 'New segmentation', 'Import of liver.dcm'. */
  readonly actLabel: string;
}

/** Adds or replaces the rows of segments; `header` has them. Part of the caller's transaction. */
export function saveSegmentRows(
  store: Store,
  segmentationId: SegmentationId,
  { segments }: SegmentationHeader,
  segmentNumbers: ReadonlySet<number>,
): void {
  const save = store.database.prepare(
    `INSERT INTO segments VALUES (@segmentationId, @segmentNumber, @position, @label, @category, @type, @modifier,
       @colour, @opacity, @visible, @locked, @source)
     ON CONFLICT DO UPDATE SET position = excluded.position, label = excluded.label, category = excluded.category,
       type = excluded.type, modifier = excluded.modifier, colour = excluded.colour, opacity = excluded.opacity,
       visible = excluded.visible, locked = excluded.locked, source = excluded.source`,
  );
  for (const [position, segment] of segments.entries())
    if (segmentNumbers.has(segment.segmentNumber))
      save.run({ segmentationId, ...segmentColumns(segment, position) });
}

/** Adds or replaces stored slices; an empty mask takes its row away. Part of the caller's transaction. */
export function saveSliceRows(
  store: Store,
  segmentationId: SegmentationId,
  segmentNumber: number,
  slices: ReadonlyMap<number, PackedMask>,
): void {
  const save = store.database.prepare(
    `INSERT INTO segment_slices VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET bounds_left = excluded.bounds_left, bounds_top = excluded.bounds_top,
       bounds_right = excluded.bounds_right, bounds_bottom = excluded.bounds_bottom, bits = excluded.bits`,
  );
  const remove = store.database.prepare(
    'DELETE FROM segment_slices WHERE segmentation_id = ? AND segment_number = ? AND k = ?',
  );
  for (const [k, { bounds, bits }] of slices)
    if (bounds === null) remove.run(segmentationId, segmentNumber, k);
    else {
      const box = [bounds.left, bounds.top, bounds.right, bounds.bottom];
      save.run(segmentationId, segmentNumber, k, ...box, bits);
    }
}

/** Stores a segmentation as it is, with its series and the act that made it. */
export function createStoredSegmentation(store: Store, made: NewSegmentation): StoredSegmentation {
  const { state } = made;
  const segmentationId = randomUUID() as string as SegmentationId; // branding at the edge
  const at = store.now().toISOString();
  const numbers = state.header.segments.map(({ segmentNumber }) => segmentNumber);
  inTransaction(store.database, () => {
    saveSeries(store, made);
    store.database
      .prepare('INSERT INTO segmentations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        ...[segmentationId, made.series.seriesId, made.phaseIndex, JSON.stringify(made.geometry)],
        ...[state.header.segmentationLabel, state.header.overlap],
        ...[numbers.reduce((next, number) => Math.max(next, number + 1), 1), at, at],
      );
    saveSegmentRows(store, segmentationId, state.header, new Set(numbers));
    for (const [segmentNumber, slices] of state.voxels)
      saveSliceRows(store, segmentationId, segmentNumber, slices);
    store.database
      .prepare(
        `INSERT INTO segmentation_acts (segmentation_id, act_number, kind, label, acted_at)
         VALUES (?, 0, 'create', ?, ?)`,
      )
      .run(segmentationId, made.actLabel, at);
  });
  return loadStoredSegmentation(store, segmentationId);
}

function loadVoxels(
  store: Store,
  segmentationId: SegmentationId,
  { dimensions }: VolumeGeometry,
): Map<number, SegmentSlices> {
  const schema = voxelRow(dimensions[0], dimensions[1]);
  const voxels = new Map<number, Map<number, PackedMask>>();
  for (const row of store.database
    .prepare('SELECT * FROM segment_slices WHERE segmentation_id = ? ORDER BY segment_number, k')
    .iterate(segmentationId)) {
    const { segmentNumber, k, mask } = parseSegmentationRow(schema, row);
    const slices = voxels.get(segmentNumber) ?? new Map<number, PackedMask>();
    voxels.set(segmentNumber, slices.set(k, mask));
  }
  return voxels;
}

/** Throws 'not-found' when there is none. */
export function loadStoredOutline(store: Store, segmentationId: SegmentationId): StoredOutline {
  const { database } = store;
  const found = database
    .prepare(
      `SELECT segmentations.*, series_instance_uid FROM segmentations JOIN series USING (series_id)
       WHERE segmentation_id = ?`,
    )
    .get(segmentationId);
  if (found === undefined)
    throw new IbisError('not-found', 'This segmentation is not in the database any more.');
  const row = parseSegmentationRow(segmentationRow, found);
  const all = (sql: string): unknown[] => database.prepare(sql).all(segmentationId);
  return {
    identity: {
      segmentationId,
      seriesId: row.series_id,
      seriesInstanceUID: row.series_instance_uid,
      phaseIndex: row.phase_index,
      geometry: row.geometry,
      createdAt: row.created_at,
    },
    updatedAt: row.updated_at,
    header: {
      segmentationLabel: row.label,
      overlap: row.overlap,
      segments: all('SELECT * FROM segments WHERE segmentation_id = ? ORDER BY position').map(
        (segment) => parseSegmentationRow(segmentRow, segment),
      ),
    },
    nextSegmentNumber: row.next_segment_number,
    acts: all(
      `SELECT act_number, kind, of_act_number, label FROM segmentation_acts WHERE segmentation_id = ?
       ORDER BY act_number`,
    ).map((act) => parseSegmentationRow(actRow, act)),
  };
}

/** Throws 'not-found' when there is none. */
export function loadStoredSegmentation(
  store: Store,
  segmentationId: SegmentationId,
): StoredSegmentation {
  const { header, ...outline } = loadStoredOutline(store, segmentationId);
  const voxels = loadVoxels(store, segmentationId, outline.identity.geometry);
  return { ...outline, state: { header, voxels } };
}

const idRow = z.object({ segmentation_id: z.string() });

/** Of a series, oldest first. */
export function listStoredSegmentations(store: Store, seriesId: SeriesId): SegmentationId[] {
  return store.database
    .prepare(
      'SELECT segmentation_id FROM segmentations WHERE series_id = ? ORDER BY created_at, segmentation_id',
    )
    .all(seriesId)
    .map((row) => parseSegmentationRow(idRow, row).segmentation_id as SegmentationId); // branding at the edge
}

/** With its segments, voxels and history. Throws 'not-found' when there is none. */
export function deleteStoredSegmentation(store: Store, segmentationId: SegmentationId): void {
  const { changes } = inTransaction(store.database, () =>
    store.database
      .prepare('DELETE FROM segmentations WHERE segmentation_id = ?')
      .run(segmentationId),
  );
  if (changes === 0)
    throw new IbisError('not-found', 'This segmentation is not in the database any more.');
}
