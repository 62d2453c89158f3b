import Database from 'better-sqlite3';
import { constants, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import { inTransaction, toStoreError } from './failure.js';
import { getSchemaVersion } from './migrate.js';
import { databaseFile, databaseFolder, runsFolderOf } from './openStore.js';
import type { Store } from './openStore.js';
import { hasLivingOwner } from './runOwner.js';

/** Sessions of one source, by what became of them. */
export interface MergeCounts {
  readonly added: number;
  /** Were there with fewer steps: the source had gone on since the last merge. */
  readonly continued: number;
  /** Were there already; nothing was written. */
  readonly alreadyThere: number;
}

const SHARED_TABLES = ['studies', 'series']; // several sessions lie on one row of these

/** A table that holds nothing but rows of one session, which is told by its column `session_id`. */
interface SessionTable {
  readonly table: string;
  /** What is copied, and in which order, as lists for SQL. */
  readonly columns: string;
  readonly key: string;
}

const columnRow = z.object({ name: z.string(), type: z.string(), pk: z.number() });

function describeTable(database: Database.Database, table: string): SessionTable {
  const columns = z.array(columnRow).parse(database.pragma(`table_info(${table})`));
  if (!columns.some((column) => column.name === 'session_id'))
    throw new Error(`nobody has said how "${table}" is merged`);
  const key = columns.filter((column) => column.pk > 0).sort((a, b) => a.pk - b.pk);
  // A number that SQLite gave to a row is given anew in its new database.
  const isNumbered = key.length === 1 && key[0]?.type === 'INTEGER';
  const copied = isNumbered ? columns.filter((column) => column.pk === 0) : columns;
  const list = (chosen: typeof columns): string => chosen.map((column) => column.name).join(', ');
  return { table, columns: list(copied), key: list(key) };
}

function describeSessionTables(database: Database.Database): readonly SessionTable[] {
  const names = database
    .prepare(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
         AND name NOT LIKE 'sqlite_%'`,
    )
    .pluck()
    .all();
  return z
    .array(z.string())
    .parse(names)
    .filter((table) => !SHARED_TABLES.includes(table))
    .map((table) => describeTable(database, table));
}

/** Throws where another living process has the database of `dataDir` open. */
export function requireNotInUse(dataDir: string): void {
  if (hasLivingOwner(runsFolderOf(dataDir)))
    throw new IbisError(
      'session-state',
      `The database in ${dataDir} is in use by another Ibis (a window, or a shard that still runs). Wait for it or close it, then merge again.`,
    );
}

function requireSameSchema(store: Store, source: Database.Database, sourceDir: string): void {
  const [theirs, ours] = [getSchemaVersion(source), getSchemaVersion(store.database)];
  if (theirs === ours) return;
  const versions = `schema ${String(theirs)}, this one knows ${String(ours)}`;
  if (theirs > ours)
    throw new IbisError(
      'database-newer',
      `The database in ${sourceDir} was written by a newer Ibis (${versions}). Merge with the newer version.`,
    );
  throw new IbisError(
    'session-state',
    `The database in ${sourceDir} was written by an older Ibis (${versions}). Run "ibis batch" on it once more, or open it with this version's window, then merge again.`,
  );
}

/**
 * Copies the source's database beside the target's, with what a killed process left in its WAL. A collected shard
 * may lie on a network disk, where SQLite's locks do not hold, or on one that cannot be written.
 */
function copySource(store: Store, sourceDir: string): string {
  const file = databaseFile(sourceDir);
  if (!existsSync(file))
    throw new IbisError('not-found', `There is no database in ${sourceDir} (no database/ibis.db).`);
  requireNotInUse(sourceDir);
  const copy = path.join(path.dirname(store.runsFolder), 'merging');
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { mode: 0o700 });
  const target = path.join(copy, 'source.db');
  for (const suffix of ['', '-wal'])
    if (existsSync(file + suffix))
      copyFileSync(file + suffix, target + suffix, constants.COPYFILE_FICLONE);
  return target;
}

function checkSource(store: Store, file: string, sourceDir: string): void {
  const source = new Database(file);
  try {
    if (source.pragma('quick_check(1)', { simple: true }) !== 'ok')
      throw new IbisError(
        'database-damaged',
        `The database in ${sourceDir} is damaged and was left out. Nothing of it was merged.`,
      );
    requireSameSchema(store, source, sourceDir);
  } finally {
    source.close();
  }
}

const sourceSession = z.object({ session_id: z.string(), series_id: z.string() });

/** Puts the study and series of a session in place; a study remembers the places of both databases. */
function copyStudy(database: Database.Database, seriesId: string): void {
  const study = 'study_id = (SELECT study_id FROM source.series WHERE series_id = @seriesId)';
  for (const sql of [
    `INSERT OR IGNORE INTO main.studies SELECT * FROM source.studies WHERE ${study}`,
    `UPDATE main.studies SET source_paths = (
       SELECT json_group_array(DISTINCT places.value) FROM (
         SELECT value FROM json_each(main.studies.source_paths)
         UNION ALL
         SELECT value FROM source.studies AS theirs, json_each(theirs.source_paths) WHERE theirs.${study}
       ) AS places)
     WHERE ${study}`,
    'INSERT OR IGNORE INTO main.series SELECT * FROM source.series WHERE series_id = @seriesId',
  ])
    database.prepare(sql).run({ seriesId });
}

/**
 * Whether the copy that is here is an earlier state of the source's: unfinished, and all that belongs to it (steps,
 * masks, decisions, ...) is in the source too. Anything else may hold a person's work and is left as it is.
 */
function isEarlierState(
  database: Database.Database,
  tables: readonly SessionTable[],
  sessionId: string,
): boolean {
  const isOlder = database
    .prepare(
      `SELECT 1 FROM main.sessions AS here JOIN source.sessions AS there USING (session_id)
       WHERE session_id = ? AND here.stop_reason IS NULL AND here.updated_at < there.updated_at`,
    )
    .get(sessionId);
  if (isOlder === undefined) return false;
  return tables
    .filter(({ table }) => table !== 'sessions')
    .every(
      ({ table, columns }) =>
        database
          .prepare(
            `SELECT ${columns} FROM main.${table} WHERE session_id = @sessionId
             EXCEPT SELECT ${columns} FROM source.${table} WHERE session_id = @sessionId`,
          )
          .get({ sessionId }) === undefined,
    );
}

/**
 * Copies every session of the database in `sourceDir` that is not here yet, or went on since it was copied, one
 * transaction a session; the source is only read. Throws IbisError where the source is missing, damaged, of another
 * schema version or in use. Running it again changes nothing.
 */
export function mergeStore(
  store: Store,
  sourceDir: string,
  onProgress: (done: number, total: number) => void,
): MergeCounts {
  const { database } = store;
  const tables = describeSessionTables(database);
  const file = copySource(store, sourceDir);
  try {
    checkSource(store, file, sourceDir);
    database.prepare('ATTACH DATABASE ? AS source').run(file);
    try {
      return mergeAttached();
    } finally {
      database.exec('DETACH DATABASE source');
    }
  } catch (thrown) {
    throw toStoreError(thrown);
  } finally {
    rmSync(path.dirname(file), { recursive: true, force: true });
  }

  function mergeAttached(): MergeCounts {
    const sessions = z
      .array(sourceSession)
      .parse(
        database
          .prepare('SELECT session_id, series_id FROM source.sessions ORDER BY created_at')
          .all(),
      );
    const counts = { added: 0, continued: 0, alreadyThere: 0 };
    for (const [index, { session_id: sessionId, series_id: seriesId }] of sessions.entries()) {
      const fate = inTransaction(database, () => mergeSession(sessionId, seriesId));
      counts[fate]++;
      onProgress(index + 1, sessions.length);
    }
    return counts;
  }

  function mergeSession(sessionId: string, seriesId: string): keyof MergeCounts {
    const isHere =
      database.prepare('SELECT 1 FROM main.sessions WHERE session_id = ?').get(sessionId) !==
      undefined;
    if (isHere && !isEarlierState(database, tables, sessionId)) return 'alreadyThere';
    database.pragma('defer_foreign_keys = ON'); // until the commit: tables come in the order of their names
    database.prepare('DELETE FROM main.sessions WHERE session_id = ?').run(sessionId);
    copyStudy(database, seriesId);
    for (const { table, columns, key } of tables)
      database
        .prepare(
          `INSERT INTO main.${table} (${columns})
             SELECT ${columns} FROM source.${table} WHERE session_id = ? ORDER BY ${key}`,
        )
        .run(sessionId);
    // As at opening: the process that ran it is gone, so it waits.
    database
      .prepare(
        `UPDATE main.sessions SET owner_id = NULL,
           run_state = CASE run_state WHEN 'running' THEN 'paused' ELSE run_state END
         WHERE session_id = ?`,
      )
      .run(sessionId);
    return isHere ? 'continued' : 'added';
  }
}

/** Throws where `sourceDir` is the target itself. */
export function requireOtherFolder(targetDir: string, sourceDir: string): void {
  if (databaseFolder(targetDir) !== databaseFolder(sourceDir)) return;
  throw new IbisError('usage', `${sourceDir} is the folder to merge into. Name the others only.`);
}
