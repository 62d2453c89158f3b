import { describe, expect, it } from 'vitest';

import { removeFromList } from '../../../src/engine/segmentations/segmentList.js';
import type { SegmentationState } from '../../../src/engine/segmentations/state.js';
import {
  closeStore,
  deleteStoredSegmentation,
  listStoredSegmentations,
  loadStoredSegmentation,
  mergeStore,
} from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { openLive, paint, sampleState, segmentationOf } from './sampleSegmentation.js';
import { mustOpen, newSession } from './sampleSession.js';
import { useTemporaryFolders } from './temporaryFolder.js';

const newFolder = useTemporaryFolders();

const withoutEmpty = ({ header, voxels }: SegmentationState) => ({
  header,
  voxels: [...voxels].filter(([, slices]) => slices.size > 0).sort(([a], [b]) => a - b),
});
const voxelRows = (store: Store): unknown =>
  store.database.prepare('SELECT count(*) AS n FROM segment_slices').get();

describe('a stored segmentation', () => {
  it('is loaded as it was stored, with the name of the act that made it', () => {
    const store = mustOpen(newFolder());
    const segmentationId = segmentationOf(store);
    const stored = loadStoredSegmentation(store, segmentationId);
    expect(stored.state).toEqual(sampleState());
    expect(stored.identity).toMatchObject({
      segmentationId,
      seriesInstanceUID: '1.2.3.a',
      phaseIndex: 1,
      geometry: { dimensions: [40, 30, 12], origin: [1 / 3, -2, 1e-9] },
    });
    expect(stored.nextSegmentNumber).toBe(4);
    expect(stored.acts).toEqual([
      { actNumber: 0, kind: 'create', ofAct: null, label: 'Import of kidney.dcm' },
    ]);
    const { seriesId } = stored.identity;
    expect(listStoredSegmentations(store, seriesId)).toEqual([segmentationId]);
    closeStore(store);
  });

  it('has after a restart what was in force, and undoes from there to the beginning and back', () => {
    const dataDir = newFolder();
    const first = mustOpen(dataDir);
    const segmentationId = segmentationOf(first);
    const live = openLive(first);
    const states = [live.get(segmentationId).state];
    for (let n = 0; n < 40; n++) states.push(paint(live, segmentationId, n).state);
    states.push(
      live.act(segmentationId, { kind: 'edit', label: 'Remove Liver' }, ({ state }) => ({
        state: removeFromList(state, 3),
        flips: new Map([[3, state.voxels.get(3) ?? new Map()]]),
      })).state,
    );
    closeStore(first);

    const second = mustOpen(dataDir);
    const after = openLive(second);
    expect(withoutEmpty(after.get(segmentationId).state)).toEqual(
      withoutEmpty(states.at(-1) ?? sampleState()),
    );
    expect(after.get(segmentationId).stacks.undo?.label).toBe('Remove Liver');
    for (const state of states.slice(0, -1).reverse()) {
      const undone = after.step(segmentationId, 'undo');
      expect(undone === null ? null : withoutEmpty(undone.state)).toEqual(withoutEmpty(state));
      // What is stored is what is in force.
      expect(withoutEmpty(loadStoredSegmentation(second, segmentationId).state)).toEqual(
        withoutEmpty(state),
      );
    }
    expect(after.step(segmentationId, 'undo')).toBeNull();
    for (const state of states.slice(1))
      expect(withoutEmpty(after.step(segmentationId, 'redo')?.state ?? sampleState())).toEqual(
        withoutEmpty(state),
      );
    expect(after.step(segmentationId, 'redo')).toBeNull();
    expect(after.get(segmentationId).revision).toBe(3 * 41);
    closeStore(second);
  });

  it('is not changed upon an act that this process does not know, and is then read again', () => {
    const dataDir = newFolder();
    const [window, commandLine] = [mustOpen(dataDir), mustOpen(dataDir)];
    const segmentationId = segmentationOf(window);
    const [mine, theirs] = [openLive(window), openLive(commandLine)];
    theirs.get(segmentationId);
    paint(mine, segmentationId, 1);
    expect(() => paint(theirs, segmentationId, 2)).toThrow(/Another Ibis .* repeat what you did/);
    expect(theirs.get(segmentationId).revision).toBe(1);
    expect(paint(theirs, segmentationId, 2).revision).toBe(2);
    expect(loadStoredSegmentation(window, segmentationId).acts).toHaveLength(3);
    closeStore(commandLine);
    closeStore(window);
  });

  it('leaves nothing behind when it is deleted, and cannot be changed any more', () => {
    const store = mustOpen(newFolder());
    const segmentationId = segmentationOf(store);
    const live = openLive(store);
    paint(live, segmentationId, 0);
    deleteStoredSegmentation(store, segmentationId);
    expect(voxelRows(store)).toEqual({ n: 0 });
    expect(store.database.prepare('SELECT count(*) AS n FROM segment_flips').get()).toEqual({
      n: 0,
    });
    expect(() => paint(live, segmentationId, 2)).toThrow(
      expect.objectContaining({ code: 'not-found' }),
    );
    expect(() => deleteStoredSegmentation(store, segmentationId)).toThrow(
      expect.objectContaining({ code: 'not-found' }),
    );
    closeStore(store);
  });

  it('keeps its history as it was written', () => {
    const store = mustOpen(newFolder());
    const segmentationId = segmentationOf(store);
    paint(openLive(store), segmentationId, 0);
    for (const sql of [
      "UPDATE segmentation_acts SET label = 'other'",
      'UPDATE segment_flips SET k = k + 1',
    ])
      expect(() => store.database.exec(sql)).toThrow('does not change');
    closeStore(store);
  });

  it.each([
    ['bits that are too few', "UPDATE segment_slices SET bits = x'01'"],
    ['bounds outside the volume', 'UPDATE segment_slices SET bounds_right = 40'],
    ['a segment that is none', "UPDATE segments SET colour = 'red'"],
    ['a grid that is none', "UPDATE segmentations SET geometry = '{}'"],
  ])('is refused with a sentence where it has %s', (_title, sql) => {
    const store = mustOpen(newFolder());
    const segmentationId = segmentationOf(store);
    store.database.exec(sql);
    expect(() => loadStoredSegmentation(store, segmentationId)).toThrow(
      expect.objectContaining({ code: 'database-damaged' }),
    );
    closeStore(store);
  });
});

describe('merging segmentations', () => {
  const merge = (store: Store, folder: string) =>
    mergeStore(store, folder, () => undefined).segmentations;
  const none = { added: 0, continued: 0, alreadyThere: 0 };

  it('copies one whole with its history, brings it up to date, and leaves a divergent one alone', () => {
    const folder = newFolder();
    const fill = <T>(work: (store: Store) => T): T => {
      const store = mustOpen(folder);
      const made = work(store);
      closeStore(store);
      return made;
    };
    const segmentationId = fill((store) => {
      const id = segmentationOf(store);
      paint(openLive(store), id, 0);
      return id;
    });
    const target = mustOpen(newFolder());
    expect(merge(target, folder)).toEqual({ ...none, added: 1 });
    expect(merge(target, folder)).toEqual({ ...none, alreadyThere: 1 });
    fill((store) => {
      const live = openLive(store);
      paint(live, segmentationId, 1);
      live.step(segmentationId, 'undo');
      live.step(segmentationId, 'undo');
    });
    expect(merge(target, folder)).toEqual({ ...none, continued: 1 });
    expect(target.database.pragma('foreign_key_check')).toEqual([]);
    const merged = openLive(target);
    expect(withoutEmpty(merged.get(segmentationId).state)).toEqual(withoutEmpty(sampleState()));
    const redone = merged.step(segmentationId, 'redo');
    expect(redone?.stacks.undo?.label).toBe('Brush 0');

    fill((store) => paint(openLive(store), segmentationId, 7));
    expect(merge(target, folder)).toEqual({ ...none, alreadyThere: 1 });
    expect(loadStoredSegmentation(target, segmentationId).acts.at(-1)?.kind).toBe('redo');
    expect(newSession().series.seriesId).toBe(merged.get(segmentationId).identity.seriesId);
    closeStore(target);
  });
});
