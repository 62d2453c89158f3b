import { describe, expect, test } from 'vitest';

import type { SeriesId, StudyId } from '../../../src/domain/brand.js';
import {
  findNeighbourCase,
  findNeighbourSeries,
  flattenWorklist,
  type WorklistRow,
} from '../../../src/renderer/worklist/worklistRows.js';
import { describeSeriesStates } from '../../../src/renderer/worklist/worklistQuery.js';
import { madeUpStates, madeUpStudies, manySeries } from '../../renderer-harness/worklistData.js';

const none: ReadonlySet<StudyId> = new Set();
const name = (row: WorklistRow): string =>
  row.kind === 'study' ? row.study.studyId : row.series.seriesId;
const names = (search: string, folded = none): string[] =>
  flattenWorklist(madeUpStudies, search, folded).map(name);

describe('flattenWorklist', () => {
  test('lists each study with its series below it', () => {
    expect(names('')).toEqual([
      's1',
      's1-1',
      's1-2',
      's2',
      's2-4',
      's2-5',
      's2-6',
      's3',
      's3-2',
      's3-3',
    ]);
  });
  test('finds a patient by name as it is shown and by name as it is stored', () => {
    expect(names('sample, car')).toEqual(['s2', 's2-4', 's2-5', 's2-6']);
    expect(names('SAMPLE^CAR')).toEqual(['s2', 's2-4', 's2-5', 's2-6']);
  });
  test('finds a date with and without dashes', () => {
    expect(names('2011-02')).toEqual(['s3', 's3-2', 's3-3']);
    expect(names('201102')).toEqual(['s3', 's3-2', 's3-3']);
  });
  test('takes words from the study and the series together', () => {
    expect(names('cardiac sax')).toEqual(['s2', 's2-4']);
    expect(names('colin sax')).toEqual([]);
  });
  test('folds a study, and a search unfolds what it finds', () => {
    const folded: ReadonlySet<StudyId> = new Set(madeUpStudies.map((study) => study.studyId));
    expect(names('', folded)).toEqual(['s1', 's2', 's3']);
    expect(names('localiser', folded)).toEqual(['s2', 's2-6']);
  });
  test('keeps up with a keystroke over 5,000 series', () => {
    const started = performance.now();
    const rows = flattenWorklist(manySeries, 'follow-up series', none);
    expect(rows).toHaveLength(5500);
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe('moving through the worklist', () => {
  const rows = flattenWorklist(madeUpStudies, '', none);
  const ids = madeUpStudies.flatMap((study) => study.series.map((series) => series.seriesId));
  test('goes to the next and previous series across studies, and stops at the ends', () => {
    expect(findNeighbourSeries(rows, ids[1] ?? null, 1)).toBe('s2-4');
    expect(findNeighbourSeries(rows, ids[2] ?? null, -1)).toBe('s1-2');
    expect(findNeighbourSeries(rows, ids[0] ?? null, -1)).toBeNull();
    expect(findNeighbourSeries(rows, ids.at(-1) ?? null, 1)).toBeNull();
    expect(findNeighbourSeries(rows, null, 1)).toBe('s1-1');
  });
  test('goes to the first series of the next study, and nowhere from the last', () => {
    expect(findNeighbourCase(madeUpStudies, ids[0] ?? null, 1)).toBe('s2-4');
    expect(findNeighbourCase(madeUpStudies, 's2-4' as SeriesId, -1)).toBe(ids[0]);
    expect(findNeighbourCase(madeUpStudies, ids[0] ?? null, -1)).toBeNull();
    expect(findNeighbourCase(madeUpStudies, ids.at(-1) ?? null, 1)).toBeNull();
  });
});

test('a series is marked with the states of its sessions, what asks for work first', () => {
  const marks = (seriesId: string) =>
    describeSeriesStates(madeUpStates.filter((each) => each.seriesId === seriesId));
  expect(marks('s1-1')).toEqual([
    { label: 'Flagged', tone: 'warn' },
    { label: 'In progress 2', tone: 'busy' },
    { label: 'Completed', tone: 'calm' },
  ]);
  expect(marks('s2-5')).toEqual([{ label: 'Rejected in review', tone: 'bad' }]);
  expect(marks('s2-6')).toEqual([]);
});
