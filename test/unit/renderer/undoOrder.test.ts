import { beforeEach, describe, expect, test } from 'vitest';

import type { SegmentationId, SeriesId } from '../../../src/domain/brand.js';
import type { Segmentation } from '../../../src/domain/segmentation.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import { useSegmentationStore } from '../../../src/renderer/segmentation/segmentationStore.js';
import { receiveSegmentation } from '../../../src/renderer/segmentation/takeSegmentation.js';
import { showSession } from '../../../src/renderer/session/showSession.js';
import { chooseTab, followActs } from '../../../src/renderer/ui/actTimes.js';
import type { ActTimes } from '../../../src/renderer/ui/actTimes.js';
import { useEngineStore } from '../../../src/renderer/ui/engineStore.js';
import { usePanelStore } from '../../../src/renderer/ui/panelStore.js';
import { redoNext, undoLast, useUndo } from '../../../src/renderer/ui/undo.js';
import { madeUpSession } from '../../renderer-harness/sessionData.js';
import { methodsOf, standInEngine } from './standInEngine.js';

describe('times of acts', () => {
  const times = (stood: readonly number[], undone: readonly number[] = []): ActTimes => ({
    stood,
    undone,
  });

  test('follow acts, undo, redo and acts upon what was undone', () => {
    expect(followActs(times([]), { count: 2, canRedo: false }, 3)).toEqual(times([3, 3]));
    expect(followActs(times([3, 3]), { count: 1, canRedo: true }, 4)).toEqual(times([3], [4]));
    expect(followActs(times([3], [4]), { count: 0, canRedo: true }, 5)).toEqual(times([], [4, 5]));
    expect(followActs(times([], [4, 5]), { count: 1, canRedo: true }, 6)).toEqual(times([6], [4]));
    expect(followActs(times([6], [4]), { count: 2, canRedo: false }, 7)).toEqual(times([6, 7]));
    expect(followActs(times([6], [4]), { count: 1, canRedo: false }, 8)).toEqual(times([6]));
  });

  test('choose the latest act of any tab, and what was stored before from its own alone', () => {
    const act = (time: number) => ({ label: 'act', time });
    const none = { agent: null, segments: null, measure: null };
    expect(chooseTab(none, 'agent')).toBeNull();
    expect(chooseTab({ ...none, segments: act(2), measure: act(3) }, 'segments')).toBe('measure');
    expect(chooseTab({ ...none, segments: act(0), measure: act(0) }, 'measure')).toBe('measure');
    expect(chooseTab({ ...none, segments: act(0) }, 'agent')).toBeNull();
    expect(chooseTab({ ...none, segments: act(1) }, 'agent')).toBe('segments');
  });
});

describe('undo over all tabs', () => {
  const seriesId = 's1' as SeriesId;
  /** Clicks that were placed, and how many of them stand. */
  let clicks = { placed: 0, standing: 0 };
  let strokes = { drawn: 0, standing: 0, revision: 0 };
  let runState: SegmentationSession['runState'] = 'paused';
  let engine: ReturnType<typeof standInEngine>;

  const makeSession = (): SegmentationSession => {
    const session = madeUpSession(runState);
    const steps = session.steps
      .slice(0, clicks.placed)
      .map((step, n) => ({ ...step, undone: n >= clicks.standing }));
    return { ...session, steps };
  };
  const tellSegmentation = (standing: number, drawn: number): Segmentation => {
    strokes = { standing, drawn, revision: strokes.revision + 1 };
    const segmentation: Segmentation = {
      segmentationId: 'g1' as SegmentationId,
      ...{ seriesId, phaseIndex: 0, seriesInstanceUID: '1.2.3', segmentationLabel: 'Segmentation' },
      ...{ dimensions: [8, 8, 8], overlap: 'allow', segments: [], revision: strokes.revision },
      undoLabel: standing === 0 ? null : `Brush ${String(standing)}`,
      redoLabel: standing === drawn ? null : `Brush ${String(standing + 1)}`,
      undoCount: standing,
      ...{ createdAt: '', updatedAt: '' },
    };
    receiveSegmentation({ kind: 'segmentationChanged', segmentation, changes: [] });
    return segmentation;
  };
  const stroke = () => tellSegmentation(strokes.standing + 1, strokes.standing + 1);
  const click = () => {
    clicks = { placed: clicks.standing + 1, standing: clicks.standing + 1 };
    showSession(makeSession());
  };
  const bring = (standing: number): SegmentationSession => {
    clicks = { ...clicks, standing };
    return makeSession();
  };
  const onTop = (tab: 'agent' | 'segments' | 'measure') => {
    usePanelStore().rightTab = tab;
  };
  const words = () => [useUndo().undo.value.words, useUndo().redo.value.words];

  beforeEach(() => {
    clicks = { placed: 0, standing: 0 };
    strokes = { drawn: 0, standing: 0, revision: 0 };
    runState = 'paused';
    engine = standInEngine({
      undoStep: () => bring(clicks.standing - 1),
      goToStep: ({ stepIndex }: { stepIndex: number }) => bring(stepIndex + 1),
      undoSegmentation: () => tellSegmentation(strokes.standing - 1, strokes.drawn),
      redoSegmentation: () => tellSegmentation(strokes.standing + 1, strokes.drawn),
    });
    useUndo(); // it stands in the window from its opening on
    useEngineStore().state = { kind: 'ready' };
    useSegmentationStore().volume = { seriesId, phaseIndex: 0 };
  });

  test('takes back the latest act, names its tab where that is not on top, brings that there, and does all again in turn', async () => {
    showSession(makeSession());
    tellSegmentation(0, 0);
    click();
    stroke();
    click();
    onTop('segments');
    expect(words()).toEqual(['Undo in Agent: the agent’s include click 2', 'Redo']);
    onTop('agent');
    expect(words()).toEqual(['Undo: the agent’s include click 2', 'Redo']);
    await undoLast();
    expect(words()).toEqual(['Undo in Segments: Brush 1', 'Redo: the agent’s include click 2']);
    await undoLast();
    expect(usePanelStore().rightTab).toBe('segments');
    expect(words()).toEqual(['Undo in Agent: the agent’s include click 1', 'Redo: Brush 1']);
    await undoLast();
    expect(words()).toEqual(['Undo', 'Redo: the agent’s include click 1']);
    onTop('measure');
    const before = engine.calls.length;
    for (let n = 0; n < 3; n++) await redoNext();
    expect(methodsOf(engine).slice(before)).toEqual(['goToStep', 'redoSegmentation', 'goToStep']);
    expect(words()).toEqual(['Undo: the agent’s include click 2', 'Redo']);
  });

  test('takes back first what was done again last', async () => {
    showSession(makeSession());
    tellSegmentation(0, 0);
    click();
    await undoLast();
    stroke();
    expect(words()).toEqual(['Undo in Segments: Brush 1', 'Redo: the agent’s include click 1']);
    await redoNext();
    expect(words()).toEqual(['Undo: the agent’s include click 1', 'Redo']);
  });

  test('reaches what was stored before from its own tab alone', () => {
    clicks = { placed: 1, standing: 1 };
    showSession(makeSession());
    tellSegmentation(3, 4);
    onTop('measure');
    expect(words()).toEqual(['Undo', 'Redo']);
    onTop('segments');
    expect(words()).toEqual(['Undo: Brush 3', 'Redo: Brush 4']);
    onTop('agent');
    expect(words()).toEqual(['Undo: the agent’s include click 1', 'Redo']);
  });

  test('leaves a run that goes on beside other work alone', async () => {
    showSession(makeSession());
    tellSegmentation(0, 0);
    onTop('segments');
    stroke();
    runState = 'running';
    click();
    expect(words()).toEqual(['Undo: Brush 1', 'Redo']);
    onTop('agent');
    expect(words()).toEqual(['Undo', 'Redo']);
    await undoLast(); // the engine pauses the run
    expect(methodsOf(engine).at(-1)).toBe('undoStep');
  });
});
