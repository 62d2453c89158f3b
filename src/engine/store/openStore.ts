import Database from 'better-sqlite3';
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { IbisError, toErrorShape } from '../../contract/errors.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { SessionId } from '../../domain/brand.js';
import { err, ok } from '../../domain/result.js';
import type { Result } from '../../domain/result.js';
import { checkpointWhenIdle } from './checkpointWhenIdle.js';
import { inTransaction, toStoreError } from './failure.js';
import { migrate } from './migrate.js';
import type { Migration } from './migrate.js';
import { migrations as allMigrations } from './migrations/index.js';
import { findNetworkFileSystem, systemMountProbe } from './networkFileSystem.js';
import type { MountProbe } from './networkFileSystem.js';
import { isOwnerAlive, takeOwnership } from './runOwner.js';
import type { RunOwner } from './runOwner.js';
import { foldForSearch } from './searchText.js';

/** An open database; hand it to the functions of this folder. */
export interface Store {
  readonly database: Database.Database;
  readonly runsFolder: string;
  readonly owner: RunOwner;
  /** Sessions that a process left behind: running, or undecided when it was killed. Newest first. */
  readonly interrupted: readonly SessionId[];
  readonly now: () => Date;
}

export interface StoreOptions {
  readonly mountProbe?: MountProbe;
  readonly migrations?: readonly Migration[];
  readonly now?: () => Date;
}

/** Where the database lies below the data folder. */
export const databaseFolder = (dataDir: string): string => path.join(dataDir, 'database');
export const databaseFile = (dataDir: string): string =>
  path.join(databaseFolder(dataDir), 'ibis.db');
/** Throws where nothing was ever stored in `dataDir`: its path may be mistyped. Makes nothing. */
export function requireDatabase(dataDir: string): void {
  if (existsSync(databaseFile(dataDir))) return;
  throw new IbisError(
    'not-found',
    `There is no database in ${dataDir} (no database/ibis.db). Check the path of the data folder.`,
  );
}
export const runsFolderOf = (dataDir: string): string => path.join(databaseFolder(dataDir), 'runs');

/** Folder for this user only; on Windows the profile's own permissions do that. */
function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (process.platform !== 'win32') chmodSync(folder, 0o700);
}

/** SQLite gives its -wal and -shm files the mode of the database file, so that comes first. */
function makePrivateFile(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
  if (process.platform !== 'win32') chmodSync(file, 0o600);
}

function checkIntegrity(database: Database.Database, thorough: boolean): void {
  const answer: unknown = database.pragma(thorough ? 'integrity_check(1)' : 'quick_check(1)', {
    simple: true,
  });
  if (answer !== 'ok')
    throw new IbisError(
      'database-damaged',
      'The database did not pass its integrity check and was not changed. Close Ibis, move ibis.db out of the "database" folder of its data folder, and put a file from "backups" in its place (renamed to ibis.db) or start with a new one.',
    );
}

/** Copies the database as it is before a migration; the file is on the disk when this returns. */
function backUp(database: Database.Database, folder: string, version: number, now: Date): void {
  const backups = path.join(folder, 'backups');
  makePrivateFolder(backups);
  const stamp = now.toISOString().replaceAll(/[:.]/g, '-');
  const file = path.join(backups, `ibis-schema${String(version)}-${stamp}.db`);
  makePrivateFile(file); // VACUUM INTO accepts an existing file that is empty
  database.prepare('VACUUM INTO ?').run(file);
  const handle = openSync(file, 'r+');
  fsyncSync(handle);
  closeSync(handle);
}

const leftBehindRow = z.object({
  session_id: z.string().transform((id) => id as SessionId), // branding at the edge
  owner_id: z.string().nullable(),
  wants_attention: z.number(),
});

/** Pauses what a dead process left running, and names it and its undecided sessions. */
function takeUpLeftBehind(database: Database.Database, runsFolder: string): SessionId[] {
  return inTransaction(database, () => {
    const rows = z.array(leftBehindRow).parse(
      database
        .prepare(
          `SELECT session_id, owner_id,
             run_state = 'running'
             OR (EXISTS (SELECT 1 FROM steps WHERE steps.session_id = sessions.session_id)
               AND NOT EXISTS (SELECT 1 FROM decisions WHERE decisions.session_id = sessions.session_id))
             AS wants_attention
           FROM sessions WHERE owner_id IS NOT NULL OR run_state = 'running'
           ORDER BY updated_at DESC`,
        )
        .all(),
    );
    const alive = new Map<string, boolean>();
    const isAlive = (ownerId: string): boolean => {
      const known = alive.get(ownerId) ?? isOwnerAlive(runsFolder, ownerId);
      alive.set(ownerId, known);
      return known;
    };
    const left = rows.filter((row) => row.owner_id === null || !isAlive(row.owner_id));
    const pause = database.prepare(
      `UPDATE sessions SET owner_id = NULL,
         run_state = CASE run_state WHEN 'running' THEN 'paused' ELSE run_state END
       WHERE session_id = ?`,
    );
    for (const row of left) pause.run(row.session_id);
    return left.filter((row) => row.wants_attention === 1).map((row) => row.session_id);
  });
}

function openDatabase(dataDir: string, options: StoreOptions): Store {
  const folder = databaseFolder(dataDir);
  const file = databaseFile(dataDir);
  const now = options.now ?? (() => new Date());
  makePrivateFolder(folder);
  const network = findNetworkFileSystem(folder, options.mountProbe ?? systemMountProbe);
  if (network !== null)
    throw new IbisError(
      'database-on-network',
      `The data folder lies on a network disk (${network}), where a crash or a second computer can destroy the database. Choose a data folder on a disk of this computer.`,
    );
  makePrivateFile(file);
  const lastEndedBadly = existsSync(`${file}-wal`);
  const database = new Database(file, { timeout: 5000 });
  try {
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('trusted_schema = OFF');
    database.function('fold_for_search', { deterministic: true }, (text: unknown) =>
      foldForSearch(String(text)),
    );
    checkIntegrity(database, lastEndedBadly);
    migrate(database, options.migrations ?? allMigrations, (version) => {
      backUp(database, folder, version, now());
    });
    const runsFolder = runsFolderOf(dataDir);
    makePrivateFolder(runsFolder);
    const interrupted = takeUpLeftBehind(database, runsFolder);
    checkpointWhenIdle(database);
    return { database, runsFolder, owner: takeOwnership(runsFolder), interrupted, now };
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

const isSystemError = (thrown: unknown): thrown is NodeJS.ErrnoException =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string';

/** Opens or creates the database below `dataDir`; refuses damaged, newer and networked ones with a sentence. */
export function openStore(
  dataDir: string,
  options: StoreOptions = {},
): Result<Store, IbisErrorShape> {
  try {
    return ok(openDatabase(dataDir, options));
  } catch (thrown) {
    if (isSystemError(thrown) && ['EACCES', 'EPERM', 'EROFS'].includes(thrown.code ?? ''))
      return err({
        code: 'permission',
        message:
          'The data folder cannot be written. Check who owns it and its permissions, or choose another.',
      });
    if (isSystemError(thrown) && ['ENOENT', 'ENOTDIR', 'EEXIST'].includes(thrown.code ?? ''))
      return err({
        code: 'permission',
        message:
          'The data folder cannot be made: the place may not be written, or a file has its name. Choose another.',
      });
    if (isSystemError(thrown) && thrown.code === 'ENOSPC')
      return err({ code: 'disk-full', message: 'The disk is full. Free some space.' });
    return err(toErrorShape(toStoreError(thrown)));
  }
}

/** Ends the work of this process on its sessions. One that still runs is offered at the next start. */
export function closeStore(store: Store): void {
  store.database
    .prepare(`UPDATE sessions SET owner_id = NULL WHERE owner_id = ? AND run_state <> 'running'`)
    .run(store.owner.ownerId);
  store.database.close();
  store.owner.release();
}
