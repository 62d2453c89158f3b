import { copyFileSync } from 'node:fs';
import path from 'node:path';

import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { checkpointWhenIdle } from '../../../src/engine/store/checkpointWhenIdle.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();
const LOOKS_MS = 4000; // two looks: one that sees the change, one that sees no other

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('moves what was written into the database file once nothing is written any more, and not before', () => {
  const folder = newFolder();
  const file = path.join(folder, 'a.db');
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.exec('CREATE TABLE notes (text TEXT) STRICT');
  database.pragma('wal_checkpoint(TRUNCATE)');
  checkpointWhenIdle(database);
  const write = database.prepare('INSERT INTO notes VALUES (?)');
  /** Rows of the file without its log. */
  const countMoved = (): unknown => {
    const copy = path.join(folder, 'copy.db');
    copyFileSync(file, copy);
    const alone = new Database(copy);
    const count = alone.prepare('SELECT count(*) FROM notes').pluck().get();
    alone.close();
    return count;
  };

  for (let n = 0; n < 5; n++) {
    write.run('busy');
    vi.advanceTimersByTime(LOOKS_MS / 2);
  }
  expect(countMoved()).toBe(0);
  vi.advanceTimersByTime(LOOKS_MS);
  expect(countMoved()).toBe(5);
  database.close();
  expect(() => vi.advanceTimersByTime(LOOKS_MS)).not.toThrow();
});
