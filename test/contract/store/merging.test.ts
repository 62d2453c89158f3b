import Database from 'better-sqlite3';
import { cpSync, existsSync, readFileSync, readdirSync, truncateSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import {
  closeStore,
  createSession,
  databaseFile,
  databaseFolder,
  decideSession,
  getSession,
  getSessionModels,
  getSessionSource,
  listSessions,
  loadStepRecords,
  moveToStep,
  mergeStore,
  requireNotInUse,
  saveStep,
  updateSession,
} from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { mustOpen, newSession, sampleStep, sessionWithSteps } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();
/** What became of the sessions. */
const merge = (store: Store, folder: string) => {
  const {
    segmentations: _segmentations,
    measurements: _measurements,
    ...sessions
  } = mergeStore(store, folder, () => undefined);
  return sessions;
};

/** What a folder holds after `fill`, closed in order. */
function makeSource<T>(fill: (store: Store) => T, folder = newFolder()): { folder: string; it: T } {
  const store = mustOpen(folder);
  const it = fill(store);
  closeStore(store);
  return { folder, it };
}

describe('merging databases', () => {
  it('copies sessions whole, numbers the decisions anew, and leaves the source as it was', () => {
    const { folder, it: session } = makeSource((store) => {
      const made = sessionWithSteps(store, 3, 'a');
      moveToStep(store, made.sessionId, 1);
      updateSession(store, made.sessionId, { runState: 'stopped', stopReason: 'policy-stop' });
      decideSession(store, made.sessionId, 'rejected');
      decideSession(store, made.sessionId, 'accepted');
      return {
        ...getSession(store, made.sessionId),
        models: getSessionModels(store, made.sessionId),
        records: loadStepRecords(store, made.sessionId),
      };
    });
    const bytes = readFileSync(databaseFile(folder));
    const target = mustOpen(newFolder());
    decideSession(target, sessionWithSteps(target, 1, 'b').sessionId, 'edited'); // takes number 1
    expect(merge(target, folder)).toEqual({ added: 1, continued: 0, alreadyThere: 0 });
    const { models, records, ...whole } = session;
    expect(getSession(target, session.sessionId)).toEqual(whole);
    expect(getSessionModels(target, session.sessionId)).toEqual(models);
    expect(loadStepRecords(target, session.sessionId)).toEqual(records);
    expect(getSession(target, session.sessionId).decision).toBe('accepted');
    expect(listSessions(target, { search: '', limit: 9 })).toHaveLength(2);
    expect(readFileSync(databaseFile(folder)).equals(bytes)).toBe(true);
    expect(merge(target, folder)).toEqual({ added: 0, continued: 0, alreadyThere: 1 });
    expect(
      readdirSync(databaseFolder(path.dirname(path.dirname(target.runsFolder)))),
    ).not.toContain('merging');
    expect(target.database.pragma('foreign_key_check')).toEqual([]);
    closeStore(target);
  });

  it('remembers the places of one study in both databases', () => {
    const { folder } = makeSource((store) =>
      createSession(store, { ...newSession(), sourcePaths: ['/node two', '/data/study one'] }),
    );
    const target = mustOpen(newFolder());
    const { sessionId } = createSession(target, newSession());
    merge(target, folder);
    expect(getSessionSource(target, sessionId).sourcePaths).toEqual([
      '/data/study one',
      '/data/study two',
      '/node two',
    ]);
    closeStore(target);
  });

  it('brings a session up to date that its shard went on with, once', () => {
    const { folder, it: session } = makeSource((store) => {
      const made = sessionWithSteps(store, 2);
      updateSession(store, made.sessionId, { runState: 'paused' });
      return made;
    });
    const target = mustOpen(newFolder());
    merge(target, folder);
    makeSource((store) => {
      const change = { runState: 'stopped', stopReason: 'policy-stop', answer: 'Done.' } as const;
      saveStep(store, { ...sampleStep(session.sessionId, 2), change });
    }, folder);
    expect(merge(target, folder)).toEqual({ added: 0, continued: 1, alreadyThere: 0 });
    expect(getSession(target, session.sessionId)).toMatchObject({
      stopReason: 'policy-stop',
      answer: 'Done.',
    });
    expect(getSession(target, session.sessionId).steps).toHaveLength(3);
    expect(merge(target, folder)).toEqual({ added: 0, continued: 0, alreadyThere: 1 });
    closeStore(target);
  });

  it.each([
    ['took a step back in', (store: Store, id: never) => moveToStep(store, id, 0)],
    ['drew in', (store: Store, id: never) => saveStep(store, sampleStep(id, 2))],
    ['decided', (store: Store, id: never) => decideSession(store, id, 'rejected')],
  ])('never overwrites a session that a person %s since', (_title, actOn) => {
    const { folder, it: session } = makeSource((store) => sessionWithSteps(store, 2));
    const target = mustOpen(newFolder());
    merge(target, folder);
    actOn(target, session.sessionId as never);
    const worked = getSession(target, session.sessionId);
    makeSource((store) => {
      const step = sampleStep(session.sessionId, 2);
      saveStep(store, { ...step, step: { ...step.step, policyText: 'of the shard' } });
      updateSession(store, session.sessionId, { runState: 'stopped', stopReason: 'policy-stop' });
    }, folder);
    expect(merge(target, folder)).toEqual({ added: 0, continued: 0, alreadyThere: 1 });
    expect(getSession(target, session.sessionId)).toEqual(worked);
    closeStore(target);
  });

  it('takes what a killed shard left in its write-ahead log, and pauses what it ran', () => {
    const folder = newFolder();
    const running = mustOpen(folder);
    const session = sessionWithSteps(running, 3);
    updateSession(running, session.sessionId, { runState: 'running' });
    const killed = newFolder(); // the files as a kill leaves them: no checkpoint, no lock
    cpSync(databaseFile(folder), databaseFile(killed));
    cpSync(`${databaseFile(folder)}-wal`, `${databaseFile(killed)}-wal`);
    closeStore(running);

    const target = mustOpen(newFolder());
    expect(merge(target, killed).added).toBe(1);
    expect(getSession(target, session.sessionId)).toMatchObject({ runState: 'paused' });
    expect(getSession(target, session.sessionId).steps).toHaveLength(3);
    expect(existsSync(`${databaseFile(killed)}-wal`)).toBe(true);
    closeStore(target);
  });

  it('refuses a database that is in use, damaged, or of another schema version, and merges nothing of it', () => {
    const target = mustOpen(newFolder());
    const open = newFolder();
    const inUse = mustOpen(open);
    sessionWithSteps(inUse, 1);
    expect(() => merge(target, open)).toThrow(/in use by another Ibis/);
    closeStore(inUse);
    expect(() => requireNotInUse(open)).not.toThrow();

    const withVersion = (by: number): string => {
      const { folder } = makeSource((store) => sessionWithSteps(store, 1));
      const database = new Database(databaseFile(folder));
      const version = Number(database.pragma('user_version', { simple: true }));
      database.pragma(`user_version = ${String(version + by)}`);
      database.close();
      return folder;
    };
    expect(() => merge(target, withVersion(1))).toThrow(
      expect.objectContaining({ code: 'database-newer' }),
    );
    expect(() => merge(target, withVersion(-1))).toThrow(/written by an older Ibis/);

    const { folder: damaged } = makeSource((store) => sessionWithSteps(store, 5));
    truncateSync(databaseFile(damaged), 30 * 4096);
    expect(() => merge(target, damaged)).toThrow(
      expect.objectContaining({ code: 'database-damaged' }),
    );
    expect(() => merge(target, newFolder())).toThrow(/no database in/);
    expect(listSessions(target, { search: '', limit: 9 })).toEqual([]);
    closeStore(target);
  });

  it('stores nothing of a session that cannot be copied whole', () => {
    const { folder } = makeSource((store) => [
      sessionWithSteps(store, 1, 'a'),
      sessionWithSteps(store, 1, 'b'),
    ]);
    const target = mustOpen(newFolder());
    // The last thing that is written of a session is its owner.
    target.database.exec(`CREATE TRIGGER full BEFORE UPDATE ON sessions
      WHEN (SELECT count(*) FROM sessions) > 1 BEGIN SELECT RAISE(ABORT, 'no more'); END`);
    expect(() => merge(target, folder)).toThrow(/no more/);
    expect(listSessions(target, { search: '', limit: 9 })).toHaveLength(1);
    expect(target.database.prepare('SELECT count(*) FROM steps').pluck().get()).toBe(1);
    target.database.exec('DROP TRIGGER full');
    expect(merge(target, folder)).toEqual({ added: 1, continued: 0, alreadyThere: 1 });
    closeStore(target);
  });

  it('says so when a table is added that nobody has said how to merge', () => {
    const { folder } = makeSource((store) => sessionWithSteps(store, 1));
    const target = mustOpen(newFolder());
    target.database.exec('CREATE TABLE notes (note_id TEXT PRIMARY KEY, text TEXT) STRICT');
    expect(() => merge(target, folder)).toThrow(/how "notes" is merged/);
    closeStore(target);
  });
});
