import Database from 'better-sqlite3';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * One running process that works on sessions. Its file is locked as long as the process lives: the system
 * drops the lock however the process ends, so a session whose owner's file can be locked was left behind.
 * (A process number would not do: it may be given to another process after a restart.)
 */
export interface RunOwner {
  readonly ownerId: string;
  release(): void;
}

const LOCK_SUFFIX = '.lock';
const lockFile = (folder: string, ownerId: string): string =>
  path.join(folder, `${ownerId}${LOCK_SUFFIX}`);

function lock(file: string): Database.Database {
  const database = new Database(file, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

export function takeOwnership(folder: string): RunOwner {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ownerId = randomUUID();
  const file = lockFile(folder, ownerId);
  const database = lock(file);
  if (process.platform !== 'win32') chmodSync(file, 0o600);
  return {
    ownerId,
    release: () => {
      database.close();
      rmSync(file, { force: true });
    },
  };
}

/** True while the process behind `ownerId` lives; clears the file of a dead one away. */
export function isOwnerAlive(folder: string, ownerId: string): boolean {
  const file = lockFile(folder, ownerId);
  if (!existsSync(file)) return false;
  try {
    lock(file).close();
  } catch (thrown) {
    if (thrown instanceof Database.SqliteError && thrown.code.startsWith('SQLITE_BUSY'))
      return true;
    throw thrown;
  }
  rmSync(file, { force: true });
  return false;
}

/** True while any process has the database beside `folder` open. */
export function hasLivingOwner(folder: string): boolean {
  if (!existsSync(folder)) return false;
  return readdirSync(folder)
    .filter((file) => file.endsWith(LOCK_SUFFIX))
    .some((file) => isOwnerAlive(folder, path.basename(file, LOCK_SUFFIX)));
}
