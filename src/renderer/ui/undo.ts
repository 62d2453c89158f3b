import { computed } from 'vue';
import type { ComputedRef } from 'vue';

import { redoMeasurement, undoMeasurement } from '../measure/measureHistory.js';
import { redoSegmentation, undoSegmentation } from '../segmentation/segmentActs.js';
import { inTurn } from '../session/inTurn.js';
import { useReadiness } from '../session/readiness.js';
import { redoStep } from '../session/redoStep.js';
import { undoStep } from '../session/userActs.js';
import { usePanelStore } from './panelStore.js';
import type { RightTab } from './panelStore.js';
import { useUndoStore } from './undoStore.js';
import type { NextAct } from './undoStore.js';

/** What undo or redo would do now. */
export interface UndoWay {
  readonly word: 'Undo' | 'Redo';
  /** 'draw length 2'; null: nothing, or not now. */
  readonly label: string | null;
  /** As its button says it: 'Undo', 'Undo: draw length 2', 'Undo in Segments: Brush on Liver, slice 12'. */
  readonly words: string;
}

/** The tab is named where the act is not seen on the tab on top. A measurement is seen on the image, whichever that is. */
function describeWay(word: 'Undo' | 'Redo', next: NextAct | null, onTop: RightTab): UndoWay {
  if (next === null) return { word, label: null, words: word };
  const { tab, label } = next;
  const names = { agent: ' in Agent', segments: ' in Segments', measure: '' } as const;
  return { word, label, words: `${word}${tab === onTop ? '' : names[tab]}: ${label}` };
}

export function useUndo(): {
  readonly undo: ComputedRef<UndoWay>;
  readonly redo: ComputedRef<UndoWay>;
} {
  const store = useUndoStore();
  const panels = usePanelStore();
  const { canMove } = useReadiness();
  const ready = (next: NextAct | null): NextAct | null =>
    next?.tab === 'agent' && !canMove.value ? null : next;
  return {
    undo: computed(() => describeWay('Undo', ready(store.undo), panels.rightTab)),
    redo: computed(() => describeWay('Redo', ready(store.redo), panels.rightTab)),
  };
}

let latest: Promise<unknown> = Promise.resolve();

/** What is undone is known when all acts before are done: a key may be pressed faster than they are. */
function whenDone(step: () => Promise<void>): Promise<void> {
  const mine = latest.then(() => inTurn(async () => undefined)).then(step);
  latest = mine.catch(() => undefined); // its caller is told
  return mine;
}

const undoIn = { agent: undoStep, segments: undoSegmentation, measure: undoMeasurement } as const;
const redoIn = { agent: redoStep, segments: redoSegmentation, measure: redoMeasurement } as const;

/** The tab of the act comes on top, so that what happens is seen. Where there is nothing to do, the one on top says so. */
function goTo(next: NextAct | null): RightTab {
  const panels = usePanelStore();
  if (next !== null && next.tab !== 'measure') panels.rightTab = next.tab;
  return next?.tab ?? panels.rightTab;
}

export const undoLast = (): Promise<void> => whenDone(() => undoIn[goTo(useUndoStore().undo)]());

export const redoNext = (): Promise<void> => whenDone(() => redoIn[goTo(useUndoStore().redo)]());
