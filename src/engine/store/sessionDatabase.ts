import Database from 'better-sqlite3';
import { z } from 'zod';

import type { SessionId } from '../../domain/brand.js';
import { inTransaction } from './failure.js';
import { describeOwnedTables } from './mergeStore.js';
import { migrate } from './migrate.js';
import { migrations } from './migrations/index.js';
import type { Store } from './openStore.js';

/** A database with one session in it and what lies on its series, as a file of a whole session carries it. */

interface SessionDatabaseCounts {
  readonly segmentations: number;
  readonly measurements: number;
}

const countsRow = z.object({ segmentations: z.number(), measurements: z.number() });

/** Whose rows go along, by the column that names the owner. What was deleted stays here. */
const WANTED = {
  session_id: '= @sessionId',
  segmentation_id: `IN (SELECT segmentation_id FROM main.segmentations JOIN main.sessions USING (series_id)
    WHERE session_id = @sessionId)`,
  measurement_id: `IN (SELECT measurement_id FROM main.measurements JOIN main.sessions USING (series_id)
    WHERE session_id = @sessionId AND deleted_at IS NULL)`,
} as const;

/**
 * Writes every row of a session, with its series and study and the segmentations and measurements of that series, into a
 * new database in `file`. Where the study was opened from is left out: paths of this machine mean nothing on another, and
 * may name the patient.
 */
export function writeSessionDatabase(
  store: Store,
  sessionId: SessionId,
  file: string,
): SessionDatabaseCounts {
  const { database } = store;
  const made = new Database(file);
  migrate(made, migrations, () => undefined);
  made.close();
  database.prepare('ATTACH DATABASE ? AS target').run(file);
  try {
    return inTransaction(database, () => {
      database.pragma('defer_foreign_keys = ON'); // until the commit: tables come in the order of their names
      const series = '(SELECT series_id FROM main.sessions WHERE session_id = @sessionId)';
      const study = `(SELECT study_id FROM main.series WHERE series_id = ${series})`;
      const run = (sql: string): Database.RunResult => database.prepare(sql).run({ sessionId });
      run(`INSERT INTO target.studies SELECT * FROM main.studies WHERE study_id = ${study}`);
      database.prepare(`UPDATE target.studies SET source_paths = '[]'`).run();
      run(`INSERT INTO target.series SELECT * FROM main.series WHERE series_id = ${series}`);
      for (const { table, owner, columns, key } of describeOwnedTables(database))
        run(
          `INSERT INTO target.${table} (${columns})
             SELECT ${columns} FROM main.${table} WHERE ${owner} ${WANTED[owner]} ORDER BY ${key}`,
        );
      run(
        `UPDATE target.sessions SET owner_id = NULL,
           run_state = CASE run_state WHEN 'running' THEN 'paused' ELSE run_state END
         WHERE session_id = @sessionId`,
      );
      return countsRow.parse(
        database
          .prepare(
            `SELECT (SELECT count(*) FROM target.segmentations) AS segmentations,
               (SELECT count(*) FROM target.measurements) AS measurements`,
          )
          .get(),
      );
    });
  } finally {
    database.exec('DETACH DATABASE target');
  }
}
