import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { BatchCase, BatchModels, BatchSlice } from '../../domain/batchCase.js';
import type { BatchId, SessionId } from '../../domain/brand.js';
import type { Refusal } from '../../domain/study.js';
import { inTransaction } from './failure.js';
import type { Store } from './openStore.js';
import { createRowParser } from './rows.js';

/** A batch as it was made; what became of its cases is asked of their sessions. */
export interface StoredBatch extends BatchModels {
  readonly batchId: BatchId;
  readonly label: string;
  readonly createdAt: string;
  readonly refused: readonly Refusal[];
}

/** A case and the session that it is, or will be. */
export interface NewBatchCase {
  readonly batchCase: BatchCase;
  readonly sessionId: SessionId;
}

export const parseBatchRow = createRowParser(
  'A stored batch could not be read: its record is not what Ibis writes. The sessions are not concerned.',
);

const sliceText = (slice: BatchSlice): string | null => (slice === null ? null : String(slice));

export function createStoredBatch(
  store: Store,
  batch: Omit<StoredBatch, 'batchId' | 'createdAt'>,
  cases: readonly NewBatchCase[],
): StoredBatch {
  const batchId = randomUUID() as string as BatchId; // branding at the edge
  const createdAt = store.now().toISOString();
  inTransaction(store.database, () => {
    store.database
      .prepare(
        `INSERT INTO batches VALUES (@batchId, @label, @policyId, @segmenterId, @maxSteps, @refused, @createdAt)`,
      )
      .run({ ...batch, refused: JSON.stringify(batch.refused), batchId, createdAt });
    const insert = store.database.prepare(
      'INSERT INTO batch_cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL)',
    );
    for (const [position, { batchCase, sessionId }] of cases.entries())
      insert.run(
        ...[batchId, position, batchCase.line, batchCase.path, batchCase.prompt],
        ...[batchCase.seriesUID, batchCase.axis, sliceText(batchCase.sliceIndex)],
        ...[batchCase.phaseIndex, sessionId],
      );
  });
  return { ...batch, batchId, createdAt };
}

const batchRow = z
  .object({
    batch_id: z.string(),
    label: z.string(),
    policy_id: z.string(),
    segmenter_id: z.string(),
    max_steps: z.number().int(),
    refused: z.string(),
    created_at: z.string(),
  })
  .transform((row): StoredBatch => ({
    batchId: row.batch_id as BatchId, // branding at the edge
    label: row.label,
    policyId: row.policy_id,
    segmenterId: row.segmenter_id,
    maxSteps: row.max_steps,
    refused: z
      .array(z.object({ fileName: z.string(), code: z.string(), reason: z.string() }))
      .parse(JSON.parse(row.refused)),
    createdAt: row.created_at,
  }));

export const listStoredBatches = (store: Store): readonly StoredBatch[] =>
  store.database
    .prepare('SELECT * FROM batches ORDER BY created_at DESC, batch_id')
    .all()
    .map((row) => parseBatchRow(batchRow, row));

export function getStoredBatch(store: Store, batchId: BatchId): StoredBatch {
  const row = store.database.prepare('SELECT * FROM batches WHERE batch_id = ?').get(batchId);
  if (row === undefined)
    throw new IbisError('not-found', 'This batch is not in the database any more.');
  return parseBatchRow(batchRow, row);
}

export function deleteStoredBatch(store: Store, batchId: BatchId): void {
  inTransaction(store.database, () => {
    store.database.prepare('DELETE FROM batches WHERE batch_id = ?').run(batchId);
  });
}
