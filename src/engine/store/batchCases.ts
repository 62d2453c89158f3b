import path from 'node:path';
import { z } from 'zod';

import type { BatchCaseSummary, BatchCounts } from '../../contract/batchChannels.js';
import { errorCodeSchema } from '../../contract/errors.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { BatchCase, BatchSlice } from '../../domain/batchCase.js';
import type { BatchId } from '../../domain/brand.js';
import { parseBatchRow } from './batches.js';
import { inTransaction } from './failure.js';
import type { Store } from './openStore.js';
import { VERDICT_IN_FORCE } from './reviews.js';
import {
  axisColumn,
  decisionColumn,
  sessionIdColumn,
  stopReasonColumn,
  verdictColumn,
} from './rows.js';

/** Why a case never became a session, or could not go on; null: it can. */
export function saveCaseError(
  store: Store,
  batchId: BatchId,
  position: number,
  error: IbisErrorShape | null,
): void {
  inTransaction(store.database, () => {
    store.database
      .prepare(
        'UPDATE batch_cases SET error_code = ?, error_message = ? WHERE batch_id = ? AND position = ?',
      )
      .run(error?.code ?? null, error?.message ?? null, batchId, position);
  });
}

/** Whether a person has had a hand in the session: the agent must not go on over it. */
const IN_HAND = `(decision IS NOT NULL
  OR EXISTS (SELECT 1 FROM steps WHERE steps.session_id = case_session_id
    AND (undone = 1 OR action_kind NOT IN ('click', 'terminate', 'unparsed')))
  OR EXISTS (SELECT 1 FROM clicks WHERE clicks.session_id = case_session_id AND placed_by = 'user'))`;

/** Cases with their sessions; `state` as engine/batch/runCase.ts has it. */
const CASES = `
  WITH cases AS NOT MATERIALIZED (
    SELECT batch_cases.*, sessions.session_id, stop_reason, failure, coalesce(patient_name, '') AS patient_name,
      (SELECT decision FROM decisions WHERE decisions.session_id = case_session_id
        ORDER BY decision_number DESC LIMIT 1) AS decision,
      CASE WHEN sessions.session_id IS NULL THEN NULL ELSE ${VERDICT_IN_FORCE} END AS verdict,
      (SELECT count(*) FROM steps WHERE steps.session_id = case_session_id AND undone = 0) AS step_count
    FROM batch_cases LEFT JOIN sessions ON sessions.session_id = case_session_id
      LEFT JOIN series USING (series_id) LEFT JOIN studies USING (study_id)
  ), told AS NOT MATERIALIZED (
    SELECT cases.*, CASE
      WHEN stop_reason = 'failed' AND decision IS NULL THEN 'failed'
      WHEN stop_reason IS NOT NULL OR ${IN_HAND} THEN 'done'
      WHEN error_code IS NOT NULL THEN 'failed'
      ELSE 'pending' END AS state
    FROM cases
  )`;

const countsRow = z.object({
  done: z.number().int(),
  failed: z.number().int(),
  pending: z.number().int(),
});

export function countBatchCases(store: Store, batchId: BatchId): BatchCounts {
  const row = store.database
    .prepare(
      `${CASES} SELECT count(*) FILTER (WHERE state = 'done') AS done,
         count(*) FILTER (WHERE state = 'failed') AS failed,
         count(*) FILTER (WHERE state = 'pending') AS pending
       FROM told WHERE batch_id = ?`,
    )
    .get(batchId);
  return parseBatchRow(countsRow, row);
}

const sliceColumn = z
  .string()
  .nullable()
  .transform((text): BatchSlice =>
    text === null || text === 'middle' ? text : z.coerce.number().int().nonnegative().parse(text),
  );

const caseRow = z.object({
  position: z.number().int(),
  line: z.number().int(),
  path: z.string(),
  prompt: z.string(),
  series_uid: z.string().nullable(),
  axis: axisColumn,
  slice: sliceColumn,
  phase_index: z.number().int(),
  session_id: sessionIdColumn.nullable(),
  stop_reason: stopReasonColumn,
  failure: z.string().nullable(),
  decision: decisionColumn,
  verdict: verdictColumn,
  step_count: z.number().int(),
  patient_name: z.string(),
  state: z.enum(['done', 'failed', 'pending']),
  error_code: errorCodeSchema.nullable(),
  error_message: z.string().nullable(),
});

export interface StoredCase {
  readonly summary: BatchCaseSummary;
  readonly batchCase: BatchCase;
}

function toStoredCase(row: z.infer<typeof caseRow>): StoredCase {
  const { position, prompt, axis, slice, state, path: file } = row;
  const code = row.error_code ?? 'failed';
  const message = row.stop_reason === 'failed' ? row.failure : row.error_message;
  return {
    batchCase: {
      line: row.line,
      path: file,
      prompt,
      seriesUID: row.series_uid,
      axis,
      sliceIndex: slice,
      phaseIndex: row.phase_index,
    },
    summary: {
      position,
      fileName: path.basename(file),
      prompt,
      axis,
      slice,
      state,
      sessionId: row.session_id,
      patientName: row.patient_name,
      stopReason: row.stop_reason,
      decision: row.decision,
      verdict: row.verdict,
      stepCount: row.step_count,
      error: state === 'failed' ? { code, message: message ?? 'The run failed.' } : null,
    },
  };
}

/** From `offset` on, in the order of the list. */
export const listStoredCases = (
  store: Store,
  batchId: BatchId,
  /** `limit` null: to the end. */
  page: { readonly offset: number; readonly limit: number | null },
): readonly StoredCase[] =>
  store.database
    .prepare(
      `${CASES} SELECT * FROM told WHERE batch_id = ? AND position >= ? ORDER BY position LIMIT ?`,
    )
    .all(batchId, page.offset, page.limit ?? -1)
    .map((row) => toStoredCase(parseBatchRow(caseRow, row)));
