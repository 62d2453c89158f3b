import Database from 'better-sqlite3';

import { IbisError } from '../../contract/errors.js';
import type { ErrorCode } from '../../contract/errors.js';

/** SQLite's result codes that a user can act on; matched by prefix, since extended codes append to them. */
const SENTENCES: readonly (readonly [prefix: string, code: ErrorCode, sentence: string])[] = [
  ['SQLITE_FULL', 'disk-full', 'The disk is full: nothing more can be stored. Free some space.'],
  [
    'SQLITE_READONLY',
    'permission',
    'The database cannot be written. Check who owns the data folder and its permissions.',
  ],
  [
    'SQLITE_CANTOPEN',
    'permission',
    'The database cannot be opened. Check that the data folder exists and belongs to you.',
  ],
  ['SQLITE_PERM', 'permission', 'The database may not be opened. Check the permissions.'],
  [
    'SQLITE_CORRUPT',
    'database-damaged',
    'The database is damaged. Close Ibis, move ibis.db out of the "database" folder of its data folder, and put a file from "backups" in its place (renamed to ibis.db) or start with a new one.',
  ],
  [
    'SQLITE_NOTADB',
    'database-damaged',
    'The file ibis.db is not a database. Move it out of the "database" folder of the data folder; Ibis then starts with a new one.',
  ],
  ['SQLITE_BUSY', 'failed', 'The database is in use by another program. Close it and try again.'],
];

/** Anything that better-sqlite3 threw -> a code and a sentence; other faults pass unchanged. */
export function toStoreError(thrown: unknown): unknown {
  if (!(thrown instanceof Database.SqliteError)) return thrown;
  const known = SENTENCES.find(([prefix]) => thrown.code.startsWith(prefix));
  if (known === undefined)
    return new IbisError('failed', `The database failed (${thrown.code}: ${thrown.message}).`, {
      cause: thrown,
    });
  return new IbisError(known[1], known[2], { cause: thrown });
}

/** Runs `work` in one transaction that is on the disk when this returns, or not at all when it throws. */
export function inTransaction<T>(database: Database.Database, work: () => T): T {
  try {
    return database.transaction(work).immediate();
  } catch (thrown) {
    throw toStoreError(thrown);
  }
}
