import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SeriesId, SessionId, StudyId } from '../../domain/brand.js';
import { noPrompts } from '../../domain/prompts.js';
import { makesMask } from '../../domain/session.js';
import type { SegmentationSession, Step } from '../../domain/session.js';
import { findHead } from '../../domain/stepTree.js';
import { loadDrawnPrompts } from './drawnPrompts.js';
import { groupBy } from './groupBy.js';
import { decodeLogits } from './logitsBlob.js';
import type { Store } from './openStore.js';
import { clickRow, maskRow, parseRow, sessionRow, stepRow, toStep } from './rows.js';
import type { SessionModel } from './sessions.js';

/** A step with all that the loop needs to go on from it. */
export interface StoredStep {
  readonly step: Step;
  /** After the step; null before any prompt, and after a decision where they were let go. */
  readonly lowResLogits: Float32Array | null; // float32 [lowRes, lowRes]
}

function getSteps(store: Store, sessionId: SessionId): Step[] {
  const { database } = store;
  const clicks = groupBy(
    database
      .prepare('SELECT * FROM clicks WHERE session_id = ? ORDER BY step_index, click_index')
      .all(sessionId)
      .map((click) => parseRow(clickRow, click)),
    (entry) => entry.stepIndex,
  );
  const masks = new Map(
    database
      .prepare('SELECT * FROM masks WHERE session_id = ?')
      .all(sessionId)
      .map((mask) => parseRow(maskRow, mask))
      .map((entry) => [entry.stepIndex, entry.mask]),
  );
  const drawn = loadDrawnPrompts(database, sessionId);
  return database
    .prepare('SELECT * FROM steps WHERE session_id = ? ORDER BY step_index')
    .all(sessionId)
    .map((row) => parseRow(stepRow, row))
    .map((row) => {
      const prompts = {
        clicks: (clicks.get(row.step_index) ?? []).map((entry) => entry.click),
        ...drawn.inForceAfter(row.step_index),
      };
      return toStep(row, prompts, drawn, masks.get(row.step_index) ?? null);
    });
}

const logitsRow = z.object({
  step_index: z.number().int(),
  value_count: z.number().int().positive(),
  data: z.instanceof(Uint8Array),
});

/** Every step in order, undone ones too, with logits: what a session is taken up from. */
export function loadStepRecords(store: Store, sessionId: SessionId): StoredStep[] {
  const logits = new Map(
    store.database
      .prepare('SELECT step_index, value_count, data FROM low_res_logits WHERE session_id = ?')
      .all(sessionId)
      .map((row) => parseRow(logitsRow, row))
      .map((row) => [row.step_index, decodeLogits(row.data, row.value_count)]),
  );
  const records: StoredStep[] = [];
  for (const step of getSteps(store, sessionId)) {
    const before = records[step.followsStepIndex ?? -1]?.lowResLogits;
    // What makes no mask leaves the logits as they were.
    const lowResLogits = makesMask(step.action) ? logits.get(step.stepIndex) : before;
    records.push({ step, lowResLogits: lowResLogits ?? null });
  }
  return records;
}

/** The whole session, steps and masks included. Throws 'not-found' when there is none. */
export function getSession(store: Store, sessionId: SessionId): SegmentationSession {
  const { database } = store;
  const found = database
    .prepare(
      `SELECT sessions.*, series.series_instance_uid,
         (SELECT decision FROM decisions WHERE decisions.session_id = sessions.session_id
           ORDER BY decision_number DESC LIMIT 1) AS decision
       FROM sessions JOIN series USING (series_id) WHERE session_id = ?`,
    )
    .get(sessionId);
  if (found === undefined)
    throw new IbisError('not-found', 'This session is not in the database any more.');
  const row = parseRow(sessionRow, found);
  const steps = getSteps(store, sessionId);
  const last = findHead(steps);
  return {
    sessionId: row.session_id,
    settings: {
      seriesId: row.series_id,
      seriesInstanceUID: row.series_instance_uid,
      phaseIndex: row.phase_index,
      axis: row.axis,
      sliceIndex: row.slice_index,
      window: { centre: row.window_centre, width: row.window_width },
      target: { text: row.prompt },
      policyId: row.policy_id,
      segmenterId: row.segmenter_id,
      maxSteps: row.max_steps,
      parseRetries: row.parse_retries,
      seed: row.seed,
    },
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    runState: row.run_state,
    stopReason: row.stop_reason,
    answer: row.answer,
    failure: row.failure,
    decision: row.decision,
    steps,
    ...(last?.prompts ?? noPrompts),
  };
}

const modelRow = z.object({
  role: z.enum(['policy', 'segmenter']),
  model_id: z.string(),
  file: z.string(),
  sha256: z.string(),
});

/** The models of a session with the hashes of their files, as they were when it was created. */
export function getSessionModels(store: Store, sessionId: SessionId): SessionModel[] {
  const rows = store.database
    .prepare('SELECT * FROM model_hashes WHERE session_id = ? ORDER BY role, file')
    .all(sessionId)
    .map((row) => parseRow(modelRow, row));
  return [...groupBy(rows, (row) => row.role)].map(([role, files]) => ({
    role,
    modelId: files[0]?.model_id ?? '',
    files: Object.fromEntries(files.map((file) => [file.file, file.sha256])),
  }));
}

/** Where a session's images came from. */
export interface SessionSource {
  readonly studyId: StudyId;
  readonly studyInstanceUID: string;
  readonly seriesId: SeriesId;
  readonly seriesInstanceUID: string;
  readonly sourcePaths: readonly string[];
}

const parseSourcePaths = (stored: string): readonly string[] =>
  z.array(z.string()).parse(JSON.parse(stored));

/** Where a study was opened from so far; [] when it is not in the database. */
export function loadSourcePaths(store: Store, studyId: StudyId): readonly string[] {
  const row = store.database
    .prepare('SELECT source_paths FROM studies WHERE study_id = ?')
    .get(studyId);
  return row === undefined
    ? []
    : parseSourcePaths(parseRow(z.object({ source_paths: z.string() }), row).source_paths);
}

const sourceRow = z
  .object({
    study_id: z.string(),
    study_instance_uid: z.string(),
    series_id: z.string(),
    series_instance_uid: z.string(),
    source_paths: z.string(),
  })
  .transform((row): SessionSource => ({
    studyId: row.study_id as StudyId, // branding at the edge
    studyInstanceUID: row.study_instance_uid,
    seriesId: row.series_id as SeriesId, // branding at the edge
    seriesInstanceUID: row.series_instance_uid,
    sourcePaths: parseSourcePaths(row.source_paths),
  }));

/** What to open again so that the session's images are there; throws 'not-found' when there is no session. */
export function getSessionSource(store: Store, sessionId: SessionId): SessionSource {
  const row = store.database
    .prepare(
      `SELECT studies.study_id, study_instance_uid, series_id, series_instance_uid, source_paths
       FROM sessions JOIN series USING (series_id) JOIN studies USING (study_id) WHERE session_id = ?`,
    )
    .get(sessionId);
  if (row === undefined)
    throw new IbisError('not-found', 'This session is not in the database any more.');
  return parseRow(sourceRow, row);
}
