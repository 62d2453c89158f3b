import { z } from 'zod';

import type { SeriesId } from '../../domain/brand.js';
import { caseStates, completingStops, reviewedStates, sortKeyOf } from '../../domain/review.js';
import type {
  CaseState,
  SeriesStateCount,
  SessionFilter,
  SessionQuery,
  SessionSort,
} from '../../domain/review.js';
import type { SessionSummary } from '../../domain/session.js';
import type { Store } from './openStore.js';
import { VERDICT_IN_FORCE } from './reviews.js';
import { parseRow, summaryRow } from './rows.js';
import { foldForSearch } from './searchText.js';

// Not materialised: the order of an index is kept through it, and a page reads the rows of a page.
const SUMMARIES = `
  WITH summaries AS NOT MATERIALIZED (
    SELECT session_id, series_id, prompt, patient_name, patient_id, study_date, modality,
      description, study_description, axis, slice_index, created_at, updated_at, stop_reason, run_state,
      (SELECT count(*) FROM steps WHERE steps.session_id = sessions.session_id AND undone = 0)
        AS step_count,
      (SELECT decision FROM decisions WHERE decisions.session_id = sessions.session_id
        ORDER BY decision_number DESC LIMIT 1) AS decision,
      ${VERDICT_IN_FORCE} AS verdict
    FROM sessions CROSS JOIN series USING (series_id) CROSS JOIN studies USING (study_id)
  )`;
// Dates are found as stored (20240131) and as shown (2024-01-31).
const HAYSTACK = `fold_for_search(concat_ws(char(10), prompt, patient_name, patient_id, description,
  study_description, modality, study_date,
  substr(study_date, 1, 4) || '-' || substr(study_date, 5, 2) || '-' || substr(study_date, 7, 2),
  created_at, axis, run_state, stop_reason, verdict, coalesce(decision, 'undecided')))`;

/** As `deriveCaseState` says it. */
const STATE = `CASE
  WHEN verdict = 'flagged' THEN 'flagged'
  WHEN decision IS NOT NULL OR stop_reason IN (${completingStops.map((stop) => `'${stop}'`).join(', ')})
    THEN 'completed'
  WHEN step_count = 0 AND run_state = 'idle' THEN 'not-started'
  ELSE 'in-progress' END`;

const CONDITIONS: Readonly<Record<SessionFilter, string>> = {
  all: '1',
  'to-review': `verdict IS NULL AND ${STATE} = 'completed'`,
  ...(Object.fromEntries(caseStates.map((state) => [state, `${STATE} = '${state}'`])) as Readonly<
    Record<CaseState, string>
  >), // every state is in caseStates
  approved: `verdict = 'approved'`,
  rejected: `verdict = 'rejected'`,
};

const ORDERS: Readonly<
  Record<SessionSort, { readonly column: string; readonly forward: 'ASC' | 'DESC' }>
> = {
  changed: { column: 'updated_at', forward: 'DESC' },
  created: { column: 'created_at', forward: 'ASC' },
  patient: { column: 'patient_name', forward: 'ASC' },
};

/** What the rows of a query must fulfil, and the values for it. */
function conditionOf({ search, filter }: Pick<SessionQuery, 'search' | 'filter'>): {
  readonly where: string;
  readonly words: readonly string[];
} {
  const words = foldForSearch(search)
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = words.map(() => `instr(${HAYSTACK}, ?) > 0`);
  return { where: [CONDITIONS[filter], ...found].join(' AND '), words };
}

/**
 * A page of the worklist. Each word of `search` must occur in prompt, patient, series, study, date or state. Without
 * `filter` and `sort`: all, last changed first.
 */
export function listSessions(
  store: Store,
  query: Pick<SessionQuery, 'search'> &
    Partial<SessionQuery> & { readonly limit: number; readonly offset?: number },
): SessionSummary[] {
  const { search, filter = 'all', sort = 'changed', limit, offset = 0 } = query;
  const { where, words } = conditionOf({ search, filter });
  const { column, forward } = ORDERS[sort];
  return store.database
    .prepare(
      `${SUMMARIES} SELECT * FROM summaries WHERE ${where}
       ORDER BY ${column} ${forward}, session_id ${forward} LIMIT ? OFFSET ?`,
    )
    .all(...words, limit, offset)
    .map((row) => parseRow(summaryRow, row));
}

const countRow = z.object({ count: z.number().int() });

export function countSessions(store: Store, query: SessionQuery): number {
  const { where, words } = conditionOf(query);
  const sql = `${SUMMARIES} SELECT count(*) AS count FROM summaries WHERE ${where}`;
  return parseRow(countRow, store.database.prepare(sql).get(...words)).count;
}

const seriesStateRow = z
  .object({
    series_id: z.string().transform((id) => id as SeriesId), // branding at the edge
    state: z.enum(reviewedStates),
    count: z.number().int(),
  })
  .transform(({ series_id: seriesId, ...rest }): SeriesStateCount => ({ seriesId, ...rest }));

/** How far the work on some series has come: their sessions by state; a series without any is left out. */
export const countSeriesStates = (
  store: Store,
  seriesIds: readonly SeriesId[],
): SeriesStateCount[] =>
  store.database
    .prepare(
      `${SUMMARIES} SELECT series_id, count(*) AS count,
         CASE WHEN verdict IN ('approved', 'rejected') THEN verdict ELSE ${STATE} END AS state
       FROM summaries WHERE series_id IN (SELECT value FROM json_each(?))
       GROUP BY series_id, state`,
    )
    .all(JSON.stringify(seriesIds))
    .map((row) => parseRow(seriesStateRow, row));

/** A place in a sorted list; the session that stood there may have left the list since. */
export interface ListPlace {
  readonly sortKey: string;
  readonly sessionId: string;
}

/** The session after (1) or before (-1) a place of the worklist; null at its end. Reads one row. */
export function findNeighbourSession(
  store: Store,
  query: SessionQuery,
  place: ListPlace,
  direction: 1 | -1,
): SessionSummary | null {
  const { where, words } = conditionOf(query);
  const { column, forward } = ORDERS[query.sort];
  const isAscending = (forward === 'ASC') === (direction === 1);
  const [beyond, order] = isAscending ? ['>', 'ASC'] : ['<', 'DESC'];
  const row = store.database
    .prepare(
      `${SUMMARIES} SELECT * FROM summaries
       WHERE (${column}, session_id) ${beyond} (?, ?) AND ${where}
       ORDER BY ${column} ${order}, session_id ${order} LIMIT 1`,
    )
    .get(place.sortKey, place.sessionId, ...words);
  return row === undefined ? null : parseRow(summaryRow, row);
}

export const placeOf = (summary: SessionSummary, sort: SessionSort): ListPlace => ({
  sortKey: sortKeyOf(summary, sort),
  sessionId: summary.sessionId,
});

/**
 * The sessions that were left behind when the app last ended; see `Store.interrupted`. Those of a batch are not: the
 * batch goes on with them, and waits itself to be resumed.
 */
export function listInterruptedSessions(store: Store): SessionSummary[] {
  const byId = store.database.prepare(
    `${SUMMARIES} SELECT * FROM summaries WHERE session_id = ?
       AND NOT EXISTS (SELECT 1 FROM batch_cases WHERE case_session_id = session_id)`,
  );
  return store.interrupted.flatMap((sessionId) => {
    const row = byId.get(sessionId);
    return row === undefined ? [] : [parseRow(summaryRow, row)];
  });
}
