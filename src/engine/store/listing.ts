import type { SessionSummary } from '../../domain/session.js';
import type { Store } from './openStore.js';
import { parseRow, summaryRow } from './rows.js';
import { foldForSearch } from './searchText.js';

const SUMMARIES = `
  WITH summaries AS (
    SELECT session_id, series_id, prompt, patient_name, patient_id, study_date, modality,
      description, study_description, axis, slice_index, created_at, updated_at, stop_reason, run_state,
      (SELECT count(*) FROM steps WHERE steps.session_id = sessions.session_id AND undone = 0)
        AS step_count,
      (SELECT decision FROM decisions WHERE decisions.session_id = sessions.session_id
        ORDER BY decision_number DESC LIMIT 1) AS decision
    FROM sessions JOIN series USING (series_id) JOIN studies USING (study_id)
  )`;
// Dates are found as stored (20240131) and as shown (2024-01-31).
const HAYSTACK = `fold_for_search(concat_ws(char(10), prompt, patient_name, patient_id, description,
  study_description, modality, study_date,
  substr(study_date, 1, 4) || '-' || substr(study_date, 5, 2) || '-' || substr(study_date, 7, 2),
  created_at, axis, run_state, stop_reason, coalesce(decision, 'undecided')))`;

/** Newest first. Each word of `search` must occur in prompt, patient, series, study, date or state. */
export function listSessions(
  store: Store,
  query: { readonly search: string; readonly limit: number },
): SessionSummary[] {
  const words = foldForSearch(query.search)
    .split(/\s+/)
    .filter((word) => word !== '');
  const where = words.map(() => `instr(${HAYSTACK}, ?) > 0`).join(' AND ') || '1';
  return store.database
    .prepare(`${SUMMARIES} SELECT * FROM summaries WHERE ${where} ORDER BY updated_at DESC LIMIT ?`)
    .all(...words, query.limit)
    .map((row) => parseRow(summaryRow, row));
}

/** The sessions that were left behind when the app last ended; see `Store.interrupted`. */
export function listInterruptedSessions(store: Store): SessionSummary[] {
  const byId = store.database.prepare(`${SUMMARIES} SELECT * FROM summaries WHERE session_id = ?`);
  return store.interrupted.map((sessionId) => parseRow(summaryRow, byId.get(sessionId)));
}
