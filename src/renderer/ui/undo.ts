import { computed } from 'vue';
import type { ComputedRef } from 'vue';

import { redoMeasurement, undoMeasurement } from '../measure/measureHistory.js';
import { useMeasureStore } from '../measure/measureStore.js';
import { isAllBefore, isNothingSince, readStanding } from '../measure/standing.js';
import type { WorkPanel } from '../measure/standing.js';
import { redoSegmentation, undoSegmentation } from '../segmentation/segmentActs.js';
import { useSegmentationStore } from '../segmentation/segmentationStore.js';
import { inTurn } from '../session/inTurn.js';
import { useReadiness } from '../session/readiness.js';
import { redoStep } from '../session/redoStep.js';
import { useStepHistory } from '../session/stepHistory.js';
import { undoStep } from '../session/userActs.js';
import { usePanelStore } from './panelStore.js';

/**
 * Undo and redo of the panel on top, together with the measurements, which are drawn whichever panel that is: the act
 * that came last is undone first, and redone last. On the Measure tab they reach the measurements alone.
 */

/** Whether the measurement that was changed last was so after all that stands in the panel. */
function isMeasurementLast(panel: WorkPanel): boolean {
  const act = useMeasureStore().history.done.at(-1);
  return act !== undefined && isNothingSince(act.standing[panel], readStanding(panel));
}

/** Whether the act on a measurement that was undone last came before what the panel would redo; null: nothing. */
function isMeasurementNext(panel: WorkPanel, panelLabel: string | null): boolean {
  const act = useMeasureStore().history.undone.at(-1);
  if (act === undefined) return false;
  return panelLabel === null || isAllBefore(act.standing[panel], readStanding(panel));
}

/** What undo and redo would do, as 'draw length 2'; null: nothing. */
export function useUndo(): {
  readonly undoLabel: ComputedRef<string | null>;
  readonly redoLabel: ComputedRef<string | null>;
} {
  const panels = usePanelStore();
  const measure = useMeasureStore();
  const segmentation = useSegmentationStore();
  const steps = useStepHistory();
  const { canMove } = useReadiness();
  const measured = computed(() => measure.history.done.at(-1)?.label ?? null);
  const unmeasured = computed(() => measure.history.undone.at(-1)?.label ?? null);
  const ofPanel = (panel: WorkPanel, way: 'undoLabel' | 'redoLabel'): string | null => {
    if (panel === 'segments') return segmentation.shown?.[way] ?? null;
    return canMove.value ? steps[way].value : null;
  };
  return {
    undoLabel: computed(() => {
      const { rightTab } = panels;
      if (rightTab === 'measure' || isMeasurementLast(rightTab)) return measured.value;
      return ofPanel(rightTab, 'undoLabel');
    }),
    redoLabel: computed(() => {
      const { rightTab } = panels;
      if (rightTab === 'measure') return unmeasured.value;
      const label = ofPanel(rightTab, 'redoLabel');
      return isMeasurementNext(rightTab, label) ? unmeasured.value : label;
    }),
  };
}

let latest: Promise<unknown> = Promise.resolve();

/** What is undone is known when all acts before are done: a key may be pressed faster than they are. */
function whenDone(step: () => Promise<void>): Promise<void> {
  const mine = latest.then(() => inTurn(async () => undefined)).then(step);
  latest = mine.catch(() => undefined); // its caller is told
  return mine;
}

export const undoLast = (): Promise<void> =>
  whenDone(() => {
    const { rightTab } = usePanelStore();
    if (rightTab === 'measure' || isMeasurementLast(rightTab)) return undoMeasurement();
    return rightTab === 'segments' ? undoSegmentation() : undoStep();
  });

export const redoNext = (): Promise<void> =>
  whenDone(() => {
    const { rightTab } = usePanelStore();
    if (rightTab === 'measure') return redoMeasurement();
    const label =
      rightTab === 'segments'
        ? (useSegmentationStore().shown?.redoLabel ?? null)
        : useStepHistory().redoLabel.value;
    if (isMeasurementNext(rightTab, label)) return redoMeasurement();
    return rightTab === 'segments' ? redoSegmentation() : redoStep();
  });
