import { beforeEach, describe, expect, test } from 'vitest';

import type { MeasurementId, SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import type { WorldPoint } from '../../../src/domain/geometry.js';
import type { Measurement, MeasurementKind } from '../../../src/domain/measurement.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import type { Segmentation } from '../../../src/domain/segmentation.js';
import {
  deleteMeasurements,
  loadMeasurements,
  renameMeasurement,
  showMeasurement,
  storeDrawn,
} from '../../../src/renderer/measure/measureActs.js';
import { importMeasurements } from '../../../src/renderer/measure/measureFiles.js';
import { useMeasureStore } from '../../../src/renderer/measure/measureStore.js';
import { nameMeasurement, numberMeasurements } from '../../../src/renderer/measure/measureWords.js';
import { undoSegmentation } from '../../../src/renderer/segmentation/segmentActs.js';
import {
  loadSegmentations,
  receiveSegmentation,
} from '../../../src/renderer/segmentation/takeSegmentation.js';
import { showSession } from '../../../src/renderer/session/showSession.js';
import { connectEngine } from '../../../src/renderer/ui/connectEngine.js';
import { useEngineStore } from '../../../src/renderer/ui/engineStore.js';
import { usePanelStore } from '../../../src/renderer/ui/panelStore.js';
import { redoNext, undoLast, useUndo } from '../../../src/renderer/ui/undo.js';
import { madeUpSession } from '../../renderer-harness/sessionData.js';
import { standInEngine } from './standInEngine.js';

const seriesId = 's1' as SeriesId;
const id = (text: string) => text as MeasurementId;
const at = (x: number): readonly WorldPoint[] => [
  { x, y: 0, z: 0 },
  { x: x + 10, y: 0, z: 0 },
];
const made = (name: string, kind: MeasurementKind = 'length'): Measurement => ({
  measurementId: id(name),
  seriesId,
  phaseIndex: 0,
  kind,
  label: '',
  axis: 'acquired',
  sliceIndex: 3,
  points: at(0),
  image: null,
  visible: true,
  quantities: [],
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
});
const draw = (name: string, kind: MeasurementKind = 'length', x = 0): Promise<void> =>
  storeDrawn({
    measurementId: id(name),
    kind,
    position: { phaseIndex: 0, axis: 'acquired', sliceIndex: 3 },
    points: at(x),
  });

/** A session of so many clicks, of which the last ones were taken back. */
const withClicks = (count: number, undone = 0): SegmentationSession => {
  const session = madeUpSession('paused');
  const steps = session.steps.slice(0, count);
  return {
    ...session,
    steps: steps.map((step, n) => ({ ...step, undone: n >= count - undone })),
  };
};

/** Measurements as an engine keeps them: a delete is a mark. */
function keepMeasurements() {
  const all = new Map<string, { measurement: Measurement; deleted: boolean }>();
  const put = (measurement: Measurement): Measurement => {
    all.set(measurement.measurementId, { measurement, deleted: false });
    engine.say({ kind: 'measurementChanged', measurement });
    return measurement;
  };
  const find = (wanted: string): Measurement => {
    const found = all.get(wanted)?.measurement;
    if (found === undefined) throw new Error('there is no such measurement');
    return found;
  };
  const segments = { count: 0, revision: 0 };
  const tellSegments = (change: 0 | 1 | -1): Segmentation => {
    segments.count += change;
    segments.revision++;
    const segmentation: Segmentation = {
      segmentationId: 'g1' as SegmentationId,
      ...{ seriesId, phaseIndex: 0, seriesInstanceUID: '1.2.3', segmentationLabel: 'Segmentation' },
      ...{ dimensions: [8, 8, 8], overlap: 'allow', segments: [], revision: segments.revision },
      undoLabel: segments.count === 0 ? null : `Brush ${String(segments.count)}`,
      redoLabel: change >= 0 ? null : `Brush ${String(segments.count + 1)}`,
      undoCount: segments.count,
      ...{ createdAt: '', updatedAt: '' },
    };
    receiveSegmentation({ kind: 'segmentationChanged', segmentation, changes: [] });
    return segmentation;
  };
  const engine = standInEngine({
    getEngineState: () => ({ kind: 'starting' }),
    listMeasurements: () =>
      [...all.values()].flatMap(({ measurement, deleted }) => (deleted ? [] : [measurement])),
    addMeasurement: (given: Measurement) => put({ ...made(given.measurementId), ...given }),
    changeMeasurement: (given: { measurementId: string; change: Partial<Measurement> }) =>
      put({ ...find(given.measurementId), ...given.change }),
    deleteMeasurement: ({ measurementId }: { measurementId: MeasurementId }) => {
      all.set(measurementId, { measurement: find(measurementId), deleted: true });
      engine.say({ kind: 'measurementDeleted', measurementId, seriesId });
      return null;
    },
    restoreMeasurement: ({ measurementId }: { measurementId: string }) => put(find(measurementId)),
    pickFiles: () => ['/report.dcm'],
    importMeasurements: () => ({
      measurements: [put(made('i1')), put(made('i2', 'angle'))],
      notes: [],
    }),
    listSegmentations: () => [],
    undoStep: () => withClicks(2, 1),
    undoSegmentation: () => tellSegments(-1),
    redoSegmentation: () => tellSegments(1),
  });
  connectEngine(new URL('app://ibis/'));
  return { begin: () => tellSegments(0), brush: () => tellSegments(1) };
}

const shown = () =>
  useMeasureStore().list.map(({ measurementId, label, visible, points }) => ({
    measurementId,
    label,
    visible,
    x: points[0]?.x,
  }));

describe('acts on measurements', () => {
  let segments: ReturnType<typeof keepMeasurements>;
  beforeEach(async () => {
    segments = keepMeasurements();
    useUndo(); // it stands in the window from its opening on
    usePanelStore().rightTab = 'measure';
    await loadMeasurements(seriesId);
    await loadSegmentations({ seriesId, phaseIndex: 0 });
    segments.begin();
  });

  test('are each undone and redone by name, back to what was there and forth again', async () => {
    const { undo, redo } = useUndo();
    const acts: readonly (readonly [string, () => Promise<void>])[] = [
      ['draw length 1', () => draw('a')],
      ['draw angle 1', () => draw('b', 'angle')],
      ['draw length 2', () => draw('c')],
      ['move length 2', () => draw('c', 'length', 5)],
      ['rename length 2', () => renameMeasurement(id('c'), 'Femur')],
      ['hide Femur', () => showMeasurement(id('c'), false)],
      ['show Femur', () => showMeasurement(id('c'), true)],
      ['delete length 1', () => deleteMeasurements([id('a')])],
      ['delete 2 measurements', () => deleteMeasurements([id('b'), id('c')])],
      ['import 2 measurements', () => importMeasurements()],
    ];
    const states = [shown()];
    for (const [label, act] of acts) {
      await act();
      expect(undo.value.label).toBe(label);
      expect(redo.value.label).toBeNull();
      states.push(shown());
    }
    for (const [n, [label]] of [...acts.entries()].reverse()) {
      await undoLast();
      expect(redo.value.label).toBe(label);
      expect(shown()).toEqual(expect.arrayContaining(states[n] ?? []));
      expect(shown()).toHaveLength(states[n]?.length ?? NaN);
    }
    expect(undo.value.label).toBeNull();
    for (const [n] of acts.entries()) {
      await redoNext();
      expect(shown()).toEqual(expect.arrayContaining(states[n + 1] ?? []));
    }
    expect(redo.value.label).toBeNull();
  });

  test('leave nothing to redo behind a new act', async () => {
    await draw('a');
    await draw('b');
    await undoLast();
    await draw('c');
    expect(useUndo().redo.value.label).toBeNull();
    expect(shown().map(({ measurementId }) => measurementId)).toEqual(['a', 'c']);
  });

  test('are undone in turn with the acts on segments, the latest first', async () => {
    const { undo, redo } = useUndo();
    usePanelStore().rightTab = 'segments';
    await draw('a');
    segments.brush();
    await draw('b');
    segments.brush();
    segments.brush();
    const back: (string | null)[] = [];
    for (let n = 0; n < 5; n++) {
      back.push(undo.value.label);
      await undoLast();
    }
    expect(back).toEqual(['Brush 3', 'Brush 2', 'draw length 2', 'Brush 1', 'draw length 1']);
    const forth: (string | null)[] = [];
    for (let n = 0; n < 2; n++) {
      forth.push(redo.value.label);
      await redoNext();
    }
    expect(forth).toEqual(['draw length 1', 'Brush 1']);
  });

  test('are undone in turn with the clicks of a session', async () => {
    const { undo, redo } = useUndo();
    usePanelStore().rightTab = 'agent';
    useEngineStore().state = { kind: 'ready' };
    showSession(withClicks(1));
    await draw('a');
    showSession(withClicks(2));
    expect(undo.value.label).toBe('the agent’s include click 2');
    await undoLast();
    expect(undo.value.label).toBe('draw length 1');
    await undoLast();
    expect(undo.value.label).toBe('the agent’s include click 1');
    expect(redo.value.label).toBe('draw length 1');
    await redoNext();
    expect(redo.value.label).toBe('the agent’s include click 2');
  });

  test('are found by keys that are pressed faster than the engine answers', async () => {
    usePanelStore().rightTab = 'segments';
    segments.brush();
    void draw('a');
    void undoLast();
    await undoLast();
    expect(shown()).toEqual([]);
    expect(useUndo().redo.value.label).toBe('Brush 1');
  });

  test('leave it to the tab of a later act to be undone first, and say so where they are listed', async () => {
    await draw('a');
    segments.brush();
    expect(useUndo().undo.value.words).toBe('Undo in Segments: Brush 1');
    usePanelStore().rightTab = 'segments';
    expect(useUndo().undo.value.words).toBe('Undo: Brush 1');
    await undoSegmentation();
    expect(useUndo().undo.value.words).toBe('Undo: draw length 1');
  });

  test('are still to be undone after another series was looked at', async () => {
    await draw('a');
    await loadMeasurements('s2' as SeriesId);
    expect(useUndo().undo.value.label).toBeNull();
    await loadMeasurements(seriesId);
    expect(useUndo().undo.value.label).toBe('draw length 1');
    await undoLast();
    expect(shown()).toEqual([]);
  });
});

test('a measurement keeps its number while others of its kind come and go', () => {
  const [a, b, c] = [made('a'), made('b'), made('c')];
  const first = numberMeasurements([a, made('x', 'angle'), b], new Map());
  expect(nameMeasurement(b, first)).toBe('length 2');
  const second = numberMeasurements([b, c], first);
  expect([b, c].map((each) => nameMeasurement(each, second))).toEqual(['length 2', 'length 3']);
  expect(nameMeasurement({ ...b, label: 'Femur' }, second)).toBe('Femur');
});
