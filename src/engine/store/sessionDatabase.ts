import Database from 'better-sqlite3';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import type { SessionId } from '../../domain/brand.js';
import { findHead, findWay } from '../../domain/stepTree.js';
import { inTransaction } from './failure.js';
import { describeOwnedTables } from './mergeStore.js';
import { getSchemaVersion, migrate } from './migrate.js';
import { migrations } from './migrations/index.js';
import type { Store } from './openStore.js';
import { getSession, loadStepRecords } from './readSession.js';

/** A database with one session in it, as a file of a whole session carries it. */

const noBackup = (): void => undefined;

/**
 * Writes every row of a session, with its series and study, into a new database in `file`. Where the study was opened
 * from is left out: paths of this machine mean nothing on another, and may name the patient.
 */
export function writeSessionDatabase(store: Store, sessionId: SessionId, file: string): void {
  const { database } = store;
  const made = new Database(file);
  migrate(made, migrations, noBackup);
  made.close();
  database.prepare('ATTACH DATABASE ? AS target').run(file);
  try {
    inTransaction(database, () => {
      database.pragma('defer_foreign_keys = ON'); // until the commit: tables come in the order of their names
      const series = '(SELECT series_id FROM main.sessions WHERE session_id = @sessionId)';
      const study = `(SELECT study_id FROM main.series WHERE series_id = ${series})`;
      const run = (sql: string): Database.RunResult => database.prepare(sql).run({ sessionId });
      run(`INSERT INTO target.studies SELECT * FROM main.studies WHERE study_id = ${study}`);
      database.prepare(`UPDATE target.studies SET source_paths = '[]'`).run();
      run(`INSERT INTO target.series SELECT * FROM main.series WHERE series_id = ${series}`);
      for (const { table, owner, columns, key } of describeOwnedTables(database))
        if (owner === 'session_id')
          run(
            `INSERT INTO target.${table} (${columns})
               SELECT ${columns} FROM main.${table} WHERE session_id = @sessionId ORDER BY ${key}`,
          );
      run(
        `UPDATE target.sessions SET owner_id = NULL,
           run_state = CASE run_state WHEN 'running' THEN 'paused' ELSE run_state END
         WHERE session_id = @sessionId`,
      );
    });
  } finally {
    database.exec('DETACH DATABASE target');
  }
}

const damaged = (cause?: unknown): IbisError =>
  new IbisError(
    'broken-file',
    'The session in the file is damaged and was not taken in. Ask for the file to be exported again.',
    { cause },
  );

/** Tables, indexes and triggers, word for word: what a database of this version consists of. */
function describeSchema(database: Database.Database): string {
  return JSON.stringify(
    database
      .prepare(
        `SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name`,
      )
      .all(),
  );
}

function describeOwnSchema(): string {
  const own = new Database(':memory:');
  try {
    migrate(own, migrations, noBackup);
    return describeSchema(own);
  } finally {
    own.close();
  }
}

/**
 * Refuses what is not a database of this workstation, brought up to this version: SQLite files can carry views and
 * triggers that act when rows are read or written.
 */
function requireOwnDatabase(database: Database.Database): void {
  if (database.pragma('quick_check(1)', { simple: true }) !== 'ok') throw damaged();
  const version = getSchemaVersion(database);
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest)
    throw new IbisError(
      'database-newer',
      `The session was written by a newer Ibis (schema ${String(version)}, this one knows ${String(newest)}). Open it with the newer version.`,
    );
  if (version < 1) throw damaged();
  migrate(database, migrations, noBackup);
  if (describeSchema(database) !== describeOwnSchema()) throw damaged();
  const dangling = database.pragma('foreign_key_check');
  if (!Array.isArray(dangling) || dangling.length > 0) throw damaged();
}

/** Every row as the workstation would read it, and the steps as the tree that they must be. */
function requireReadableSession(store: Store, sessionId: SessionId): void {
  const { steps } = getSession(store, sessionId);
  loadStepRecords(store, sessionId);
  const way = findWay(steps, findHead(steps)?.stepIndex ?? null);
  for (const [at, step] of steps.entries()) {
    if (step.stepIndex !== at || step.undone === way.includes(step)) throw damaged();
    findWay(steps, at);
  }
}

/** The series that a session is to lie on here. */
export interface SessionPlace {
  readonly studyId: string;
  readonly seriesId: string;
  readonly seriesInstanceUID: string;
  readonly sourcePaths: readonly string[];
}

/** Opens a received database; nothing in it is trusted. Throws 'broken-file' or 'database-newer'. */
export function openSessionDatabase(file: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    database = new Database(file, { fileMustExist: true });
    database.pragma('trusted_schema = OFF');
    database.pragma('cell_size_check = ON');
    requireOwnDatabase(database);
    return database;
  } catch (thrown) {
    database?.close();
    throw thrown instanceof IbisError ? thrown : damaged(thrown);
  }
}

const countsRow = z.object({ sessions: z.literal(1), others: z.literal(0) });

/** Throws where the database holds anything but this session, or the session cannot be read. */
export function requireOnlySession(
  store: Store,
  database: Database.Database,
  sessionId: SessionId,
): void {
  try {
    const others = [
      `(SELECT count(*) FROM sessions WHERE session_id <> @sessionId)`,
      `(SELECT count(*) FROM series) - 1`,
      `(SELECT count(*) FROM studies) - 1`,
      ...['segmentations', 'measurements', 'batches'].map(
        (table) => `(SELECT count(*) FROM ${table})`,
      ),
    ];
    countsRow.parse(
      database
        .prepare(
          `SELECT (SELECT count(*) FROM sessions WHERE session_id = @sessionId) AS sessions,
             ${others.map((count) => `abs(${count})`).join(' + ')} AS others`,
        )
        .get({ sessionId }),
    );
    requireReadableSession({ ...store, database }, sessionId);
  } catch (thrown) {
    throw damaged(thrown);
  }
}

/** Lays the one session of a received database on a series of this workstation. */
export function placeSession(database: Database.Database, place: SessionPlace): void {
  database.pragma('foreign_keys = OFF');
  inTransaction(database, () => {
    const { studyId, seriesId, seriesInstanceUID, sourcePaths } = place;
    database
      .prepare('UPDATE studies SET study_id = ?, source_paths = ?')
      .run(studyId, JSON.stringify(sourcePaths));
    database
      .prepare('UPDATE series SET series_id = ?, study_id = ?, series_instance_uid = ?')
      .run(seriesId, studyId, seriesInstanceUID);
    database.prepare('UPDATE sessions SET series_id = ?').run(seriesId);
  });
}
