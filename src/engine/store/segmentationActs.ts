import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SegmentationId, SessionId } from '../../domain/brand.js';
import type { Vec3 } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import type { SliceChanges } from '../../domain/segmentSlices.js';
import type { ActSummary } from '../segmentations/actStacks.js';
import { headerPatchSchema } from '../segmentations/headerPatch.js';
import type { HeaderPatch, SegmentationHeader } from '../segmentations/headerPatch.js';
import { propagationRecordSchema } from '../segmentations/propagationRecord.js';
import type { PropagationRecord, StoredRecord } from '../segmentations/propagationRecord.js';
import type { StateChange } from '../segmentations/state.js';
import { inTransaction } from './failure.js';
import type { Store } from './openStore.js';
import { json, parseSegmentationRow, patchesRow, voxelRow } from './segmentationRows.js';
import { saveSegmentRows, saveSliceRows } from './segmentations.js';

/** One act, and what is in force after it. */
export interface NewAct extends ActSummary {
  readonly segmentationId: SegmentationId;
  /** Whose mask was added. */
  readonly fromSessionId: SessionId | null;
  /** Of an edit or setting; an undo or redo has that of its edit. */
  readonly change: StateChange | null;
  readonly header: SegmentationHeader;
  /** What of the header it changed. */
  readonly patch: HeaderPatch;
  /** The slices that it changed, by segment. */
  readonly slices: ReadonlyMap<number, SliceChanges>;
  readonly nextSegmentNumber: number;
  /** What it tells of a propagation; stored beside what it changed of the header. */
  readonly propagation: PropagationRecord | null;
}

const newestRow = z.object({ newest: z.number().int().nullable() });

/** Two processes may have a segmentation open: an act is stored only upon the act that its maker knew as the last. */
function requireNewest(store: Store, { segmentationId, actNumber }: NewAct): void {
  const { newest } = parseSegmentationRow(
    newestRow,
    store.database
      .prepare('SELECT max(act_number) AS newest FROM segmentation_acts WHERE segmentation_id = ?')
      .get(segmentationId),
  );
  if (newest === null)
    throw new IbisError('not-found', 'This segmentation is not in the database any more.');
  if (newest !== actNumber - 1)
    throw new IbisError(
      'session-state',
      'Another Ibis (a second window or the command line) has changed this segmentation. It was read again: repeat what you did.',
    );
}

/** Stores an act and what it changed in one transaction; gives the time of it. */
export function saveAct(store: Store, act: NewAct): string {
  const { database } = store;
  const { segmentationId, actNumber, header, patch, change, propagation } = act;
  const after = change && (propagation === null ? change.after : { ...change.after, propagation });
  const at = store.now().toISOString();
  inTransaction(database, () => {
    requireNewest(store, act);
    database
      .prepare('INSERT INTO segmentation_acts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        ...[segmentationId, actNumber, act.kind, act.ofAct, act.label, at, act.fromSessionId],
        ...[change?.before ?? null, after].map((p) => (p === null ? null : JSON.stringify(p))),
      );
    if (change !== null) saveFlips(change);
    saveHeader();
    for (const [segmentNumber, slices] of act.slices)
      if (header.segments.some((segment) => segment.segmentNumber === segmentNumber))
        saveSliceRows(store, segmentationId, segmentNumber, slices);
    database
      .prepare(
        `UPDATE segmentations SET label = ?, overlap = ?, next_segment_number = ?, updated_at = ?
         WHERE segmentation_id = ?`,
      )
      .run(header.segmentationLabel, header.overlap, act.nextSegmentNumber, at, segmentationId);
  });
  return at;

  function saveFlips({ flips }: StateChange): void {
    const save = database.prepare('INSERT INTO segment_flips VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
    for (const [segmentNumber, slices] of flips)
      for (const [k, { bounds, bits }] of slices) {
        if (bounds === null) continue;
        const box = [bounds.left, bounds.top, bounds.right, bounds.bottom];
        save.run(segmentationId, actNumber, segmentNumber, k, ...box, bits);
      }
  }

  function saveHeader(): void {
    const changed = Object.entries(patch.segments ?? {});
    const remove = database.prepare(
      'DELETE FROM segments WHERE segmentation_id = ? AND segment_number = ?',
    );
    for (const [number, segment] of changed)
      if (segment === null) remove.run(segmentationId, Number(number));
    const numbers = patch.order ?? changed.map(([number]) => Number(number));
    if (numbers.length > 0) saveSegmentRows(store, segmentationId, header, new Set(numbers));
  }
}

/** What an edit changed, as it was stored; `dimensions` are the segmentation's. */
export function loadChange(
  store: Store,
  segmentationId: SegmentationId,
  actNumber: number,
  dimensions: Vec3,
): StateChange {
  const { database } = store;
  const patches = parseSegmentationRow(
    patchesRow(headerPatchSchema),
    database
      .prepare(
        `SELECT patch_before, patch_after FROM segmentation_acts
         WHERE segmentation_id = ? AND act_number = ?`,
      )
      .get(segmentationId, actNumber),
  );
  const schema = voxelRow(dimensions[0], dimensions[1]);
  const flips = new Map<number, Map<number, PackedMask>>();
  for (const row of database
    .prepare('SELECT * FROM segment_flips WHERE segmentation_id = ? AND act_number = ?')
    .iterate(segmentationId, actNumber)) {
    const { segmentNumber, k, mask } = parseSegmentationRow(schema, row);
    const slices = flips.get(segmentNumber) ?? new Map<number, PackedMask>();
    flips.set(segmentNumber, slices.set(k, mask));
  }
  return { before: patches.patch_before, after: patches.patch_after, flips };
}

const recordRow = z
  .object({ act_number: z.number().int(), propagation: json(propagationRecordSchema) })
  .transform(({ act_number: actNumber, propagation: record }) => ({ actNumber, record }));

/** What the acts of a segmentation tell of propagations, in their order. */
export const loadPropagationRecords = (
  store: Store,
  segmentationId: SegmentationId,
): StoredRecord[] =>
  store.database
    .prepare(
      `SELECT act_number, patch_after ->> '$.propagation' AS propagation FROM segmentation_acts
       WHERE segmentation_id = ? AND patch_after ->> '$.propagation' IS NOT NULL ORDER BY act_number`,
    )
    .all(segmentationId)
    .map((row) => parseSegmentationRow(recordRow, row));
