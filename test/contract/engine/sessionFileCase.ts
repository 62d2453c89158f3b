import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import Database from 'better-sqlite3';

import type { SeriesId, SessionId } from '../../../src/domain/brand.js';
import { databaseFile } from '../../../src/engine/store/index.js';
import { makeDataDir, openTestEngine } from './helpers.js';
import type { TestEngine } from './helpers.js';

export type Rows = Readonly<Record<string, readonly Record<string, unknown>[]>>;

/** By the column that says whose a row is. */
const OWNED = {
  session_id: 'session_id = @sessionId',
  segmentation_id: `segmentation_id IN (SELECT segmentation_id FROM segmentations JOIN sessions USING (series_id)
    WHERE session_id = @sessionId)`,
  measurement_id: `deleted_at IS NULL AND measurement_id IN (SELECT measurement_id FROM measurements
    JOIN sessions USING (series_id) WHERE session_id = @sessionId)`,
} as const;

/**
 * Rows of every table that belongs to the session, or to a segmentation or measurement of its series, and those of series
 * and study; what differs by machine is left out.
 */
export function readRows(dataDir: string, sessionId: SessionId): Rows {
  const database = new Database(databaseFile(dataDir), { readonly: true });
  const all = (sql: string) =>
    database.prepare(sql).all({ sessionId }) as Record<string, unknown>[];
  const rows: Record<string, Record<string, unknown>[]> = {};
  for (const [owner, condition] of Object.entries(OWNED)) {
    const tables = database
      .prepare(
        `SELECT DISTINCT m.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
         WHERE m.type = 'table' AND c.name = ? ORDER BY m.name`,
      )
      .pluck()
      .all(owner) as string[];
    for (const table of tables)
      rows[table] = all(`SELECT * FROM ${table} WHERE ${condition}`).map((row) => ({
        ...row,
        ...{ owner_id: null, decision_number: null, review_number: null },
      }));
  }
  const series = '(SELECT series_id FROM sessions WHERE session_id = @sessionId)';
  rows.series = all(`SELECT * FROM series WHERE series_id = ${series}`);
  rows.studies = all(
    `SELECT * FROM studies WHERE study_id = (SELECT study_id FROM series WHERE series_id = ${series})`,
  ).map((row) => ({ ...row, source_paths: null }));
  database.close();
  return rows;
}

export async function openSeries(test: TestEngine, file: string): Promise<SeriesId> {
  const opened = await test.engine.invoke('openPaths', { paths: [file], jobId: 'open' });
  const seriesId = opened.studies[0]?.series[0]?.seriesId;
  if (seriesId === undefined) throw new Error('nothing was opened');
  return seriesId;
}

export const opening = (test: TestEngine, file: string) =>
  test.engine.invoke('openSessionFile', { file, jobId: 'session-file' });

/** Images that were kept, and folders of work: a refused file must leave none behind. */
export const listLeft = (dataDir: string): string[] => {
  const imported = path.join(dataDir, 'imported');
  const cached = readdirSync(path.join(dataDir, 'cache'), { recursive: true, encoding: 'utf8' });
  return [
    ...(existsSync(imported) ? readdirSync(imported) : []),
    ...cached.filter((entry) => path.basename(entry).startsWith('session-file-')),
  ];
};

/** A workstation that has nothing yet. */
export async function withReceiver(work: (receiver: TestEngine) => Promise<void>): Promise<void> {
  const dataDir = makeDataDir();
  const receiver = await openTestEngine({ dataDir });
  try {
    await work(receiver);
  } finally {
    await receiver.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
