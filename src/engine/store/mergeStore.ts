import Database from 'better-sqlite3';
import { constants, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { IbisError, toErrorShape } from '../../contract/errors.js';
import { inTransaction, toStoreError } from './failure.js';
import { getSchemaVersion } from './migrate.js';
import { databaseFile, databaseFolder, requireDatabase, runsFolderOf } from './openStore.js';
import type { Store } from './openStore.js';
import { hasLivingOwner } from './runOwner.js';

/** Sessions (or segmentations, or measurements) of one source, by what became of them. */
export interface FateCounts {
  readonly added: number;
  /** Were there with fewer steps or acts: the source had gone on since the last merge. */
  readonly continued: number;
  /** Were there already; nothing was written. */
  readonly alreadyThere: number;
}

/** Of the sessions, and of what lies beside them. */
export interface MergeCounts extends FateCounts {
  readonly segmentations: FateCounts;
  readonly measurements: FateCounts;
}

const SHARED_TABLES = ['studies', 'series']; // several sessions lie on one row of these
const LOCAL_TABLES = ['batches', 'batch_cases']; // lists of work of one workstation; what came of it are sessions

/** What a row can belong to, told by the column of that name. */
const owners = ['session_id', 'segmentation_id', 'measurement_id'] as const;

/** A table that holds nothing but rows of one session each, of one segmentation or of one measurement. */
interface OwnedTable {
  readonly table: string;
  readonly owner: (typeof owners)[number];
  /** What is copied, and in which order, as lists for SQL. */
  readonly columns: string;
  readonly key: string;
}

const columnRow = z.object({ name: z.string(), type: z.string(), pk: z.number() });

function describeTable(database: Database.Database, table: string): OwnedTable {
  const columns = z.array(columnRow).parse(database.pragma(`table_info(${table})`));
  const owner = owners.find((name) => columns.some((column) => column.name === name));
  if (owner === undefined) throw new Error(`nobody has said how "${table}" is merged`);
  const key = columns.filter((column) => column.pk > 0).sort((a, b) => a.pk - b.pk);
  // A number that SQLite gave to a row is given anew in its new database.
  const isNumbered = key.length === 1 && key[0]?.type === 'INTEGER';
  const copied = isNumbered ? columns.filter((column) => column.pk === 0) : columns;
  const list = (chosen: typeof columns): string => chosen.map((column) => column.name).join(', ');
  return { table, owner, columns: list(copied), key: list(key) };
}

export function describeOwnedTables(database: Database.Database): readonly OwnedTable[] {
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
    .filter((table) => ![...SHARED_TABLES, ...LOCAL_TABLES].includes(table))
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
  requireDatabase(sourceDir);
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

/** A damaged database fails its check or, where even the check cannot read it, throws. */
function isSound(database: Database.Database): boolean {
  try {
    return database.pragma('quick_check(1)', { simple: true }) === 'ok';
  } catch (thrown) {
    if (toErrorShape(toStoreError(thrown)).code === 'database-damaged') return false;
    throw thrown;
  }
}

function checkSource(store: Store, file: string, sourceDir: string): void {
  const source = new Database(file);
  try {
    if (!isSound(source))
      throw new IbisError(
        'database-damaged',
        `The database in ${sourceDir} is damaged and was left out. Nothing of it was merged.`,
      );
    requireSameSchema(store, source, sourceDir);
  } finally {
    source.close();
  }
}

const sourceRow = z.object({ id: z.string(), series_id: z.string() });
type SourceRow = z.infer<typeof sourceRow>;

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

/** Whether every row of the tables that is here is in the source too. */
const isContained = (
  database: Database.Database,
  tables: readonly OwnedTable[],
  id: string,
): boolean =>
  tables.every(
    ({ table, owner, columns }) =>
      database
        .prepare(
          `SELECT ${columns} FROM main.${table} WHERE ${owner} = @id
           EXCEPT SELECT ${columns} FROM source.${table} WHERE ${owner} = @id`,
        )
        .get({ id }) === undefined,
  );

/**
 * Whether the copy that is here is an earlier state of the source's: unfinished, and all that belongs to it (steps,
 * masks, decisions, ...) is in the source too. Anything else may hold a person's work and is left as it is.
 */
function isEarlierSession(
  database: Database.Database,
  tables: readonly OwnedTable[],
  sessionId: string,
): boolean {
  const isOlder = database
    .prepare(
      `SELECT 1 FROM main.sessions AS here JOIN source.sessions AS there USING (session_id)
       WHERE session_id = ? AND here.stop_reason IS NULL AND here.updated_at < there.updated_at`,
    )
    .get(sessionId);
  const parts = tables.filter(({ table }) => table !== 'sessions');
  return isOlder !== undefined && isContained(database, parts, sessionId);
}

/** The same of a segmentation: the source has all of its acts and more. What is in force follows from the acts. */
function isEarlierSegmentation(
  database: Database.Database,
  tables: readonly OwnedTable[],
  segmentationId: string,
): boolean {
  const isShorter = database
    .prepare(
      `SELECT 1 WHERE (SELECT count(*) FROM main.segmentation_acts WHERE segmentation_id = @id)
         < (SELECT count(*) FROM source.segmentation_acts WHERE segmentation_id = @id)`,
    )
    .get({ id: segmentationId });
  const history = tables.filter(({ table }) =>
    ['segmentation_acts', 'segment_flips'].includes(table),
  );
  return isShorter !== undefined && isContained(database, history, segmentationId);
}

/** A measurement is one row without a history: the later change of it holds. */
const isEarlierMeasurement = (database: Database.Database, measurementId: string): boolean =>
  database
    .prepare(
      `SELECT 1 FROM main.measurements AS here JOIN source.measurements AS there USING (measurement_id)
       WHERE measurement_id = ? AND here.updated_at < there.updated_at`,
    )
    .get(measurementId) !== undefined;

/**
 * Copies every session, segmentation and measurement of the database in `sourceDir` that is not here yet, or went on
 * since it was copied, one transaction each; the source is only read. Throws IbisError where the source is missing,
 * damaged, of another schema version or in use. Running it again changes nothing.
 */
export function mergeStore(
  store: Store,
  sourceDir: string,
  onProgress: (done: number, total: number) => void,
): MergeCounts {
  const { database } = store;
  const tables = describeOwnedTables(database);
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
    const rowsOf = (table: string, owner: string): SourceRow[] =>
      z
        .array(sourceRow)
        .parse(
          database
            .prepare(`SELECT ${owner} AS id, series_id FROM source.${table} ORDER BY created_at`)
            .all(),
        );
    const sessions = rowsOf('sessions', 'session_id');
    const segmentations = rowsOf('segmentations', 'segmentation_id');
    const measurements = rowsOf('measurements', 'measurement_id');
    const total = sessions.length + segmentations.length + measurements.length;
    let done = 0;
    const count = (rows: readonly SourceRow[], mergeOne: (row: SourceRow) => keyof FateCounts) => {
      const counts = { added: 0, continued: 0, alreadyThere: 0 };
      for (const row of rows) {
        counts[inTransaction(database, () => mergeOne(row))]++;
        onProgress(++done, total);
      }
      return counts;
    };
    return {
      ...count(sessions, mergeSession),
      segmentations: count(segmentations, mergeSegmentation),
      measurements: count(measurements, mergeMeasurement),
    };
  }

  function isHere(table: string, owner: OwnedTable['owner'], id: string): boolean {
    const sql = `SELECT 1 FROM main.${table} WHERE ${owner} = ?`;
    return database.prepare(sql).get(id) !== undefined;
  }

  /** In place of what is here, which goes first. */
  function copyRows(owned: readonly OwnedTable[], { id, series_id: seriesId }: SourceRow): void {
    database.pragma('defer_foreign_keys = ON'); // until the commit: tables come in the order of their names
    for (const { table, owner } of owned)
      database.prepare(`DELETE FROM main.${table} WHERE ${owner} = ?`).run(id);
    copyStudy(database, seriesId);
    for (const { table, owner, columns, key } of owned)
      database
        .prepare(
          `INSERT INTO main.${table} (${columns})
             SELECT ${columns} FROM source.${table} WHERE ${owner} = ? ORDER BY ${key}`,
        )
        .run(id);
  }

  function mergeSession(row: SourceRow): keyof FateCounts {
    const owned = tables.filter(({ owner }) => owner === 'session_id');
    const wasHere = isHere('sessions', 'session_id', row.id);
    if (wasHere && !isEarlierSession(database, owned, row.id))
      return addReviews(row.id) ? 'continued' : 'alreadyThere';
    copyRows(owned, row);
    // As at opening: the process that ran it is gone, so it waits.
    database
      .prepare(
        `UPDATE main.sessions SET owner_id = NULL,
           run_state = CASE run_state WHEN 'running' THEN 'paused' ELSE run_state END
         WHERE session_id = ?`,
      )
      .run(row.id);
    return wasHere ? 'continued' : 'added';
  }

  /** Reviewers may have worked on both copies of a session: both histories are kept, told apart by their times. */
  function addReviews(sessionId: string): boolean {
    const columns = 'session_id, verdict, reviewer, comment, step_index, reviewed_at';
    const { changes } = database
      .prepare(
        `INSERT INTO main.reviews (${columns})
           SELECT ${columns} FROM (
             SELECT ${columns} FROM source.reviews WHERE session_id = @sessionId
             EXCEPT SELECT ${columns} FROM main.reviews WHERE session_id = @sessionId)
           ORDER BY reviewed_at`,
      )
      .run({ sessionId });
    return changes > 0;
  }

  function mergeSegmentation(row: SourceRow): keyof FateCounts {
    const owned = tables.filter(({ owner }) => owner === 'segmentation_id');
    const wasHere = isHere('segmentations', 'segmentation_id', row.id);
    if (wasHere && !isEarlierSegmentation(database, owned, row.id)) return 'alreadyThere';
    copyRows(owned, row);
    return wasHere ? 'continued' : 'added';
  }

  function mergeMeasurement(row: SourceRow): keyof FateCounts {
    const owned = tables.filter(({ owner }) => owner === 'measurement_id');
    const wasHere = isHere('measurements', 'measurement_id', row.id);
    if (wasHere && !isEarlierMeasurement(database, row.id)) return 'alreadyThere';
    copyRows(owned, row);
    return wasHere ? 'continued' : 'added';
  }
}

/** Throws where `sourceDir` is the target itself. */
export function requireOtherFolder(targetDir: string, sourceDir: string): void {
  if (databaseFolder(targetDir) !== databaseFolder(sourceDir)) return;
  throw new IbisError('usage', `${sourceDir} is the folder to merge into. Name the others only.`);
}
