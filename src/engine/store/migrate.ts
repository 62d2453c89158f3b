import type Database from 'better-sqlite3';

import { IbisError } from '../../contract/errors.js';

/** One step of the schema; `up` runs in a transaction of its own and must not begin another. */
export interface Migration {
  readonly version: number; // 1, 2, 3, ...; SQLite's user_version after it
  up(database: Database.Database): void;
}

export const getSchemaVersion = (database: Database.Database): number =>
  Number(database.pragma('user_version', { simple: true }));

/**
 * Brings the schema up to the newest version, or throws 'database-newer' without touching it.
 * `backUp(version)` is called once before the first step, unless the database is new.
 */
export function migrate(
  database: Database.Database,
  migrations: readonly Migration[],
  backUp: (version: number) => void,
): void {
  const from = getSchemaVersion(database);
  const newest = migrations.at(-1)?.version ?? 0;
  if (from > newest)
    throw new IbisError(
      'database-newer',
      `The database was written by a newer Ibis (schema ${String(from)}, this one knows ${String(newest)}). It was not opened. Install the newer version, or put back a file from the "backups" folder.`,
    );
  const pending = migrations.filter((migration) => migration.version > from);
  if (pending.length === 0) return;
  if (from > 0) backUp(from);
  // A table that is dropped for its successor must not take the rows that refer to it along; what refers to nothing
  // is looked for instead. SQLite lets this be switched outside transactions only.
  database.pragma('foreign_keys = OFF');
  try {
    for (const migration of pending)
      database
        .transaction(() => {
          // Another process may have been first: user_version is read again under the write lock.
          if (getSchemaVersion(database) >= migration.version) return;
          migration.up(database);
          const dangling = database.pragma('foreign_key_check');
          if (!Array.isArray(dangling) || dangling.length > 0)
            throw new Error(
              `migration ${String(migration.version)} left rows that refer to nothing`,
            );
          database.pragma(`user_version = ${String(migration.version)}`);
        })
        .immediate();
  } finally {
    database.pragma('foreign_keys = ON');
  }
}
