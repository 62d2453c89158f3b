import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sortKeyOf } from '../../../src/domain/review.js';
import type { SessionQuery, SessionSort } from '../../../src/domain/review.js';
import type { SessionSummary } from '../../../src/domain/session.js';
import {
  closeStore,
  countSessions,
  findNeighbourSession,
  listSessions,
  saveReview,
} from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { mustOpen, sessionWithSteps } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();
const COUNT = 5000;

/** Copies of one session, as many as a list of a study group holds. */
function fill(store: Store): void {
  const { sessionId } = sessionWithSteps(store, 2);
  const numbers = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${String(COUNT - 1)})`;
  const copy = (table: string, changed: Readonly<Record<string, string>>): void => {
    const columns = store.database
      .prepare(`SELECT name FROM pragma_table_info('${table}')`)
      .pluck();
    const names = columns.all().map(String);
    const values = names.map((name) => changed[name] ?? `${table}.${name}`);
    store.database.exec(
      `${numbers} INSERT INTO ${table} (${names.join(', ')})
         SELECT ${values.join(', ')} FROM numbers, ${table} WHERE ${table}.session_id = '${sessionId}'`,
    );
  };
  const session_id = `printf('copy-%05d', n)`;
  // Ten of a kind: an order must be total where the keys are not.
  const at = `printf('2026-01-%02dT%02d:00:00.000Z', 1 + n / 240, (n / 10) % 24)`;
  copy('sessions', { session_id, created_at: at, updated_at: at });
  copy('steps', { session_id });
}

/** How many rows were looked into for a search: SQLite asks the function once of each. */
function countSearched(store: Store, work: () => void): number {
  let count = 0;
  store.database.function('fold_for_search', (text: unknown) => {
    count++;
    return String(text).toLowerCase();
  });
  work();
  return count;
}

describe('a worklist of thousands', () => {
  let store: Store;
  beforeAll(() => {
    store = mustOpen(newFolder());
    fill(store);
  });
  afterAll(() => {
    closeStore(store);
  });

  it('is counted, and given page by page', () => {
    expect(countSessions(store, { search: '', filter: 'all', sort: 'changed' })).toBe(COUNT);
    const pages = [0, 200, 400].map((offset) =>
      listSessions(store, { search: '', limit: 200, offset }).map(({ sessionId }) => sessionId),
    );
    expect(new Set(pages.flat()).size).toBe(600);
  });

  it.each(['changed', 'created'] as const)(
    'reads the rows of a page only, sorted by when they were %s',
    (sort) => {
      const searched = countSearched(store, () => {
        const page = listSessions(store, { search: 'ventricle', limit: 50, sort });
        expect(page).toHaveLength(50);
      });
      expect(searched).toBeLessThanOrEqual(51);
    },
  );

  it.each(['changed', 'created'] as const)(
    'reads one row to find the next case, sorted by when they were %s',
    (sort) => {
      const query: SessionQuery = { search: 'ventricle', filter: 'all', sort };
      const [middle] = listSessions(store, { ...query, limit: 1, offset: 2500 });
      if (middle === undefined) throw new Error('the list is too short');
      const place = { sortKey: sortKeyOf(middle, sort), sessionId: middle.sessionId };
      const searched = countSearched(store, () => {
        expect(findNeighbourSession(store, query, place, 1)).not.toBeNull();
      });
      expect(searched).toBeLessThanOrEqual(2);
    },
  );

  it.each(['changed', 'created', 'patient'] as const)(
    'is gone through to and fro without a gap, sorted by %s',
    (sort: SessionSort) => {
      const query: SessionQuery = { search: '', filter: 'all', sort };
      const listed = listSessions(store, { ...query, limit: 40, offset: 1000 });
      const walk = (from: SessionSummary, direction: 1 | -1): readonly string[] => {
        const seen: string[] = [];
        for (let at: SessionSummary | null = from; at !== null && seen.length < listed.length;) {
          seen.push(at.sessionId);
          const place = { sortKey: sortKeyOf(at, sort), sessionId: at.sessionId };
          at = findNeighbourSession(store, query, place, direction);
        }
        return seen;
      };
      const ids = listed.map(({ sessionId }) => sessionId);
      const [first, last] = [listed[0], listed.at(-1)];
      if (first === undefined || last === undefined) throw new Error('the list is too short');
      expect(walk(first, 1)).toEqual(ids);
      expect(walk(last, -1)).toEqual(ids.toReversed());
    },
  );

  it('goes on from where a reviewed session stood, though the verdict took it off the list', () => {
    const query: SessionQuery = { search: '', filter: 'in-progress', sort: 'created' };
    const [at, next] = listSessions(store, { ...query, limit: 2, offset: 10 });
    if (at === undefined || next === undefined) throw new Error('the list is too short');
    saveReview(store, at.sessionId, { verdict: 'flagged', reviewer: 'Rita', comment: '' });
    expect(listSessions(store, { ...query, limit: 1, offset: 10 })).toEqual([next]);
    const place = { sortKey: at.createdAt, sessionId: at.sessionId };
    expect(findNeighbourSession(store, query, place, 1)?.sessionId).toBe(next.sessionId);
  });

  it('ends at its ends', () => {
    const query: SessionQuery = { search: '', filter: 'all', sort: 'created' };
    const [last] = listSessions(store, { ...query, limit: 1, offset: COUNT - 1 });
    if (last === undefined) throw new Error('the list is too short');
    const place = { sortKey: last.createdAt, sessionId: last.sessionId };
    expect(findNeighbourSession(store, query, place, 1)).toBeNull();
  });
});
