import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SeriesId, SessionId, StudyId } from '../../domain/brand.js';
import type { Click, SegmentationSession, Step } from '../../domain/session.js';
import type { Store } from './openStore.js';
import { clickRow, maskRow, parseRow, sessionRow, stepRow, toStep } from './rows.js';
import type { SessionModel } from './sessions.js';

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
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
  const clicks = groupBy(
    database
      .prepare('SELECT * FROM clicks WHERE session_id = ? ORDER BY step_index, click_index')
      .all(sessionId)
      .map((click) => parseRow(clickRow, click)),
    (entry) => entry.stepIndex,
  );
  const clicksOf = (stepIndex: number): Click[] =>
    (clicks.get(stepIndex) ?? []).map((entry) => entry.click);
  const masks = new Map(
    database
      .prepare('SELECT * FROM masks WHERE session_id = ?')
      .all(sessionId)
      .map((mask) => parseRow(maskRow, mask))
      .map((entry) => [entry.stepIndex, entry.mask]),
  );
  const steps: Step[] = database
    .prepare('SELECT * FROM steps WHERE session_id = ? ORDER BY step_index')
    .all(sessionId)
    .map((step) => parseRow(stepRow, step))
    .map((step) => toStep(step, clicksOf(step.step_index), masks.get(step.step_index) ?? null));
  const last = steps.findLast((step) => !step.undone);
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
    clicks: last === undefined ? [] : clicksOf(last.stepIndex),
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
    sourcePaths: z.array(z.string()).parse(JSON.parse(row.source_paths)),
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
