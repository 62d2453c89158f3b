import { describe, expect, it } from 'vitest';

import {
  addMeasurements,
  closeStore,
  listMeasurements,
  loadMeasurement,
  markMeasurementDeleted,
  mergeStore,
  saveMeasurement,
} from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { measurementOf, sampleMeasurement } from './sampleMeasurement.js';
import { mustOpen, newSession } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();
const merge = (store: Store, folder: string) =>
  mergeStore(store, folder, () => undefined).measurements;

/** A clock that goes on by a second with every look at it. */
function ticking(): { now: () => Date } {
  let seconds = 0;
  return { now: () => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds++)) };
}

describe('a stored measurement', () => {
  it('is after a restart what it was, with what was changed of it', () => {
    const folder = newFolder();
    const first = mustOpen(folder, ticking());
    const content = sampleMeasurement();
    const [added] = addMeasurements(first, newSession(), [content]);
    expect(added).toEqual({
      ...content,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    });
    const points = content.points.map(({ x, y, z }) => ({ x: x + 1, y, z }));
    const change = { label: 'renamed', visible: false, points, quantities: [] };
    saveMeasurement(first, { ...content, ...change });
    closeStore(first);

    const second = mustOpen(folder);
    expect(listMeasurements(second, content.seriesId)).toEqual([
      {
        ...content,
        ...change,
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: expect.stringMatching(/^2026-01-01T00:00:0[1-9]/) as string,
      },
    ]);
    closeStore(second);
  });

  it('is gone when deleted, cannot be changed then, and is back whole when that is undone', () => {
    const store = mustOpen(newFolder());
    const kept = measurementOf(store);
    const other = measurementOf(store);
    markMeasurementDeleted(store, kept.measurementId, true);
    expect(listMeasurements(store, kept.seriesId)).toEqual([other]);
    for (const act of [
      () => saveMeasurement(store, kept),
      () => loadMeasurement(store, kept.measurementId),
      () => {
        markMeasurementDeleted(store, kept.measurementId, true);
      },
    ])
      expect(act).toThrow('not in the database any more');
    markMeasurementDeleted(store, kept.measurementId, false);
    expect(
      listMeasurements(store, kept.seriesId).map(({ measurementId }) => measurementId),
    ).toEqual([kept.measurementId, other.measurementId]);
    expect(() => {
      markMeasurementDeleted(store, kept.measurementId, false);
    }).toThrow('not in the database any more');
    closeStore(store);
  });

  it('is not stored twice under one id, nor are those that came with it', () => {
    const store = mustOpen(newFolder());
    const { createdAt: _created, updatedAt: _updated, ...known } = measurementOf(store);
    expect(() => addMeasurements(store, newSession(), [sampleMeasurement(), known])).toThrow(
      'of this id already',
    );
    expect(listMeasurements(store, known.seriesId)).toHaveLength(1);
    closeStore(store);
  });
});

describe('merging measurements', () => {
  it('copies them with their series, once', () => {
    const folder = newFolder();
    const source = mustOpen(folder);
    const made = [measurementOf(source), measurementOf(source)];
    closeStore(source);
    const target = mustOpen(newFolder());
    expect(merge(target, folder)).toEqual({ added: 2, continued: 0, alreadyThere: 0 });
    expect(listMeasurements(target, made[0]?.seriesId ?? sampleMeasurement().seriesId)).toEqual(
      made,
    );
    expect(merge(target, folder)).toEqual({ added: 0, continued: 0, alreadyThere: 2 });
    expect(target.database.pragma('foreign_key_check')).toEqual([]);
    closeStore(target);
  });

  it('takes the later change of one that both hold, a delete among them', () => {
    const folder = newFolder();
    const clock = ticking();
    const source = mustOpen(folder, clock);
    const [a, b] = [measurementOf(source), measurementOf(source)];
    closeStore(source);
    const target = mustOpen(newFolder(), clock);
    merge(target, folder);
    saveMeasurement(target, { ...b, label: 'changed here, earlier than there' });
    const later = mustOpen(folder, clock);
    saveMeasurement(later, { ...b, label: 'changed there' });
    markMeasurementDeleted(later, a.measurementId, true);
    closeStore(later);
    saveMeasurement(target, { ...a, label: 'changed here, later than there' });
    expect(merge(target, folder)).toEqual({ added: 0, continued: 1, alreadyThere: 1 });
    expect(listMeasurements(target, a.seriesId).map(({ label }) => label)).toEqual([
      'changed here, later than there',
      'changed there',
    ]);
    closeStore(target);
  });
});
