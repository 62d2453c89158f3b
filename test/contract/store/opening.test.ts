import Database from 'better-sqlite3';
import {
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

import type { SessionId } from '../../../src/domain/brand.js';
import {
  closeStore,
  databaseFile,
  databaseFolder,
  getSession,
  listInterruptedSessions,
  listSessions,
  loadStepRecords,
  loadStoredSegmentation,
  moveToStep,
  openStore,
  saveStep,
  updateSession,
} from '../../../src/engine/store/index.js';
import { migrations } from '../../../src/engine/store/migrations/index.js';
import { sampleState, segmentationOf } from './sampleSegmentation.js';
import { measurementOf } from './sampleMeasurement.js';
import { mustOpen, sampleStep, sessionWithSteps } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();
const posix = process.platform !== 'win32';

describe('opening the database', () => {
  it('uses WAL, full synchronisation and foreign keys, and STRICT tables only', () => {
    const store = mustOpen(newFolder());
    const pragma = (name: string): unknown => store.database.pragma(name, { simple: true });
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2); // FULL
    expect(pragma('foreign_keys')).toBe(1);
    expect(
      store.database
        .prepare(
          `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
             AND name NOT LIKE 'sqlite_%'`,
        )
        .all(),
    ).toEqual([]);
    closeStore(store);
  });

  it.runIf(posix)(
    'keeps folder and files to this user, also where the folder was open before',
    () => {
      const dataDir = newFolder();
      mkdirSync(databaseFolder(dataDir), { mode: 0o777 });
      const store = mustOpen(dataDir);
      sessionWithSteps(store, 1);
      const modeOf = (file: string): number => statSync(file).mode & 0o777;
      expect(modeOf(databaseFolder(dataDir))).toBe(0o700);
      for (const suffix of ['', '-wal', '-shm'])
        expect(modeOf(databaseFile(dataDir) + suffix)).toBe(0o600);
      closeStore(store);
    },
  );

  it('refuses a database on a network disk, names the kind of disk and leaves no database there', () => {
    const dataDir = newFolder();
    const opened = openStore(dataDir, {
      mountProbe: {
        platform: 'linux',
        resolvePath: (folder) => folder,
        fileSystemMagic: () => 0x6969,
        mountTable: () => '',
      },
    });
    expect(opened).toMatchObject({ ok: false, error: { code: 'database-on-network' } });
    expect(opened.ok ? '' : opened.error.message).toContain('NFS');
    expect(existsSync(databaseFile(dataDir))).toBe(false);
  });

  it('refuses a database from the future and does not touch it', () => {
    const dataDir = newFolder();
    closeStore(mustOpen(dataDir));
    const file = databaseFile(dataDir);
    const future = new Database(file);
    future.pragma(`user_version = ${String(migrations.length + 1)}`);
    future.pragma('journal_mode = DELETE');
    future.close();
    const opened = openStore(dataDir);
    expect(opened).toMatchObject({ ok: false, error: { code: 'database-newer' } });
    const after = new Database(file, { readonly: true });
    expect(after.pragma('user_version', { simple: true })).toBe(migrations.length + 1);
    after.close();
    expect(existsSync(path.join(databaseFolder(dataDir), 'backups'))).toBe(false);
  });

  it('says that the file is no database, or a damaged one, and keeps it as it was', () => {
    const noDatabase = newFolder();
    mkdirSync(databaseFolder(noDatabase));
    writeFileSync(databaseFile(noDatabase), 'not a database, just some text'.repeat(200));
    expect(openStore(noDatabase)).toMatchObject({
      ok: false,
      error: { code: 'database-damaged' },
    });

    const damaged = newFolder();
    const store = mustOpen(damaged);
    sessionWithSteps(store, 3);
    closeStore(store);
    const file = databaseFile(damaged);
    const handle = openSync(file, 'r+');
    const pages = statSync(file).size / 4096;
    for (let page = 2; page < pages; page += 3)
      writeSync(handle, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
    const before = readFileSync(file);
    expect(openStore(damaged)).toMatchObject({ ok: false, error: { code: 'database-damaged' } });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it.runIf(posix && process.getuid?.() !== 0)('says that the folder may not be written', () => {
    const parent = newFolder();
    const dataDir = path.join(parent, 'locked');
    mkdirSync(dataDir, { mode: 0o500 });
    expect(openStore(dataDir)).toMatchObject({ ok: false, error: { code: 'permission' } });
  });
});

/** Schema of a version and rows of the newest cut back to it: the inverse of each migration, newest first. */
const cutBack: Readonly<Record<number, string>> = {
  6: `DROP TABLE batch_cases; DROP TABLE batches; DROP TABLE reviews;
    DROP INDEX sessions_by_change; DROP INDEX sessions_by_creation;
    CREATE INDEX sessions_by_update ON sessions (updated_at)`,
  5: 'DROP TABLE measurements',
  4: `DROP TABLE segment_flips; DROP TABLE segmentation_acts; DROP TABLE segment_slices; DROP TABLE segments;
    DROP TABLE segmentations`,
  3: `DROP TABLE drawn_in_force; DROP TABLE drawn_points; DROP TABLE drawn_prompts;
    CREATE TABLE old_steps (
      session_id TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE,
      step_index INTEGER NOT NULL,
      policy_text TEXT NOT NULL,
      reasoning TEXT NOT NULL,
      action_kind TEXT NOT NULL CHECK (action_kind IN ('click', 'remove-click', 'terminate', 'unparsed')),
      action_click_index INTEGER,
      action_text TEXT,
      score REAL,
      elapsed_ms REAL NOT NULL,
      policy_ms REAL NOT NULL,
      segmenter_ms REAL NOT NULL,
      saved_at TEXT NOT NULL,
      undone INTEGER NOT NULL CHECK (undone IN (0, 1)),
      follows_step_index INTEGER,
      PRIMARY KEY (session_id, step_index),
      CHECK ((action_click_index IS NOT NULL) = (action_kind IN ('click', 'remove-click'))),
      CHECK ((action_text IS NOT NULL) = (action_kind IN ('terminate', 'unparsed')))
    ) STRICT, WITHOUT ROWID;
    INSERT INTO old_steps SELECT session_id, step_index, policy_text, reasoning, action_kind, action_click_index,
      action_text, score, elapsed_ms, policy_ms, segmenter_ms, saved_at, undone, follows_step_index FROM steps;
    DROP TABLE steps; ALTER TABLE old_steps RENAME TO steps;
    CREATE TRIGGER steps_stay BEFORE UPDATE OF session_id, step_index, policy_text, reasoning, action_kind,
        action_click_index, action_text, score, elapsed_ms, policy_ms, segmenter_ms, saved_at,
        follows_step_index ON steps
        BEGIN SELECT RAISE(ABORT, 'a stored step does not change'); END`,
  2: `DROP TRIGGER steps_stay; ALTER TABLE steps DROP COLUMN follows_step_index;
    CREATE TRIGGER steps_stay BEFORE UPDATE OF session_id, step_index, policy_text, reasoning, action_kind,
        action_click_index, action_text, score, elapsed_ms, policy_ms, segmenter_ms, saved_at ON steps
        BEGIN SELECT RAISE(ABORT, 'a stored step does not change'); END`,
  1: 'DROP INDEX sessions_by_owner; ALTER TABLE sessions DROP COLUMN owner_id',
};

/** A database of schema `version` with a running session: two steps, the second undone, then a third. */
function makeOldDatabase(dataDir: string, version: number): SessionId {
  const made = mustOpen(dataDir);
  const { sessionId } = sessionWithSteps(made, 2);
  moveToStep(made, sessionId, 0);
  const third = sampleStep(sessionId, 2);
  saveStep(made, third);
  updateSession(made, sessionId, { runState: 'running' });
  made.database.pragma('foreign_keys = OFF');
  for (let target = migrations.length - 1; target >= version; target--)
    made.database.exec(cutBack[target] ?? 'no way back is written for this version');
  made.database.pragma(`user_version = ${String(version)}`);
  made.database.close();
  made.owner.release();
  return sessionId;
}

describe('migrations', () => {
  const oldVersions = migrations.slice(0, -1).map((migration) => migration.version);

  it.each(oldVersions)(
    'brings real rows of version %i to the newest, after a backup that still opens',
    (version) => {
      const dataDir = newFolder();
      const sessionId = makeOldDatabase(dataDir, version);
      const migrated = mustOpen(dataDir);
      expect(migrated.database.pragma('user_version', { simple: true })).toBe(migrations.length);
      const session = getSession(migrated, sessionId);
      expect(session.steps).toEqual(
        [0, 1, 2].map((s) => ({
          ...sampleStep(sessionId, s).step,
          followsStepIndex: s === 0 ? null : 0,
          undone: s === 1,
        })),
      );
      expect(session.runState).toBe('paused');
      expect(listInterruptedSessions(migrated).map((s) => s.sessionId)).toEqual([sessionId]);
      expect(loadStepRecords(migrated, sessionId).map(({ step }) => step.followsStepIndex)).toEqual(
        [null, 0, 0],
      );
      saveStep(migrated, sampleStep(sessionId, 3));
      // The tables that have come since take rows beside the old ones.
      expect(loadStoredSegmentation(migrated, segmentationOf(migrated)).state).toEqual(
        sampleState(),
      );
      expect(measurementOf(migrated).kind).toBe('ellipse');
      closeStore(migrated);

      const backups = path.join(databaseFolder(dataDir), 'backups');
      const [backup, ...others] = readdirSync(backups);
      expect(others).toEqual([]);
      const old = new Database(path.join(backups, backup ?? ''), { readonly: true });
      expect(old.pragma('user_version', { simple: true })).toBe(version);
      expect(old.pragma('integrity_check', { simple: true })).toBe('ok');
      expect(old.prepare('SELECT count(*) AS n FROM steps').get()).toEqual({ n: 3 });
      old.close();
    },
  );

  it.each(oldVersions)('builds from version %i the very tables of a new database', (version) => {
    const fresh = newFolder();
    closeStore(mustOpen(fresh)); // newest at once
    const stepwise = newFolder();
    mkdirSync(databaseFolder(stepwise));
    const old = new Database(databaseFile(stepwise));
    for (const migration of migrations.slice(0, version)) migration.up(old);
    old.pragma(`user_version = ${String(version)}`);
    old.close();
    closeStore(mustOpen(stepwise));
    const schemaOf = (folder: string): unknown[] => {
      const database = new Database(databaseFile(folder), { readonly: true });
      const schema = database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
      database.close();
      return schema;
    };
    expect(schemaOf(stepwise)).toEqual(schemaOf(fresh));
  });

  it('leaves the database at the version before when a migration fails', () => {
    const dataDir = newFolder();
    const store = mustOpen(dataDir);
    const { sessionId } = sessionWithSteps(store, 2);
    closeStore(store);
    const failing = {
      version: migrations.length + 1,
      up: (database: Database.Database) => {
        database.exec('DELETE FROM steps; CREATE TABLE half (a TEXT) STRICT; SELECT no_such()');
      },
    };
    const opened = openStore(dataDir, { migrations: [...migrations, failing] });
    expect(opened.ok).toBe(false);
    const again = mustOpen(dataDir);
    expect(again.database.pragma('user_version', { simple: true })).toBe(migrations.length);
    expect(getSession(again, sessionId).steps).toHaveLength(2);
    closeStore(again);
  });
});

describe('two processes on one database', () => {
  it('does not take a session that another living process runs for interrupted, nor write into it', () => {
    const dataDir = newFolder();
    const window = mustOpen(dataDir);
    const { sessionId } = sessionWithSteps(window, 1);
    updateSession(window, sessionId, { runState: 'running' });

    const commandLine = mustOpen(dataDir);
    expect(commandLine.interrupted).toEqual([]);
    expect(getSession(commandLine, sessionId).runState).toBe('running');
    expect(() => {
      saveStep(commandLine, sampleStep(sessionId, 1));
    }).toThrow(expect.objectContaining({ code: 'session-state' }));
    closeStore(commandLine);

    saveStep(window, sampleStep(sessionId, 1));
    closeStore(window);
    const next = mustOpen(dataDir);
    expect(next.interrupted).toEqual([sessionId]);
    expect(getSession(next, sessionId).steps).toHaveLength(2);
    closeStore(next);
  });

  it('offers nothing after an end in order, and leaves no lock behind', () => {
    const dataDir = newFolder();
    const store = mustOpen(dataDir);
    const { sessionId } = sessionWithSteps(store, 2);
    updateSession(store, sessionId, { runState: 'paused' });
    closeStore(store);
    expect(readdirSync(path.join(databaseFolder(dataDir), 'runs'))).toEqual([]);
    const next = mustOpen(dataDir);
    expect(next.interrupted).toEqual([]);
    expect(listSessions(next, { search: '', limit: 5 })).toHaveLength(1);
    closeStore(next);
  });
});
