import { defineStore } from 'pinia';
import { computed, shallowRef, watch } from 'vue';
import type { ComputedRef } from 'vue';

import { useMeasureStore } from '../measure/measureStore.js';
import { useSegmentationStore } from '../segmentation/segmentationStore.js';
import { useStepHistory } from '../session/stepHistory.js';
import { useSessionStore } from '../session/sessionStore.js';
import { chooseTab, followActs } from './actTimes.js';
import type { ActTimes, NextActs } from './actTimes.js';
import { usePanelStore } from './panelStore.js';
import type { RightTab } from './panelStore.js';

/** The acts of one tab, as they stand now. */
interface History {
  /** The session, segmentation or series that they were done to; null: there is none. */
  readonly of: string | null;
  readonly count: number;
  readonly undoLabel: string | null; // 'draw length 2'
  readonly redoLabel: string | null;
}

export interface NextAct {
  readonly tab: RightTab;
  readonly label: string;
}

const noTimes: ActTimes = { stood: [], undone: [] };

function useHistories(): Readonly<Record<RightTab, ComputedRef<History>>> {
  const session = useSessionStore();
  const segmentation = useSegmentationStore();
  const measure = useMeasureStore();
  const steps = useStepHistory();
  return {
    agent: computed(() => ({
      of: session.session?.sessionId ?? null,
      count: session.session?.steps.filter(({ undone }) => !undone).length ?? 0,
      undoLabel: steps.undoLabel.value,
      redoLabel: steps.redoLabel.value,
    })),
    segments: computed(() => ({
      of: segmentation.shown?.segmentationId ?? null,
      count: segmentation.shown?.undoCount ?? 0,
      undoLabel: segmentation.shown?.undoLabel ?? null,
      redoLabel: segmentation.shown?.redoLabel ?? null,
    })),
    measure: computed(() => ({
      of: measure.seriesId,
      count: measure.history.done.length,
      undoLabel: measure.history.done.at(-1)?.label ?? null,
      redoLabel: measure.history.undone.at(-1)?.label ?? null,
    })),
  };
}

/** What undo and redo reach: the histories of all tabs, in the order in which the window saw their acts. */
export const useUndoStore = defineStore('undo', () => {
  const panels = usePanelStore();
  const session = useSessionStore();
  const histories = useHistories();
  const times = shallowRef<ReadonlyMap<string, ActTimes>>(new Map());
  let now = 0;

  // At once: two acts of one moment are two.
  for (const history of Object.values(histories))
    watch(
      history,
      ({ of, count, redoLabel }) => {
        if (of === null) return;
        const known = times.value.get(of);
        const standing = { count, canRedo: redoLabel !== null };
        // Seen for the first time: all of it was done before.
        const next = followActs(known ?? noTimes, standing, known === undefined ? 0 : ++now);
        times.value = new Map(times.value).set(of, next);
      },
      { flush: 'sync', immediate: true },
    );

  const nextOf = (tab: RightTab, way: 'undo' | 'redo'): NextActs[RightTab] => {
    const { of, undoLabel, redoLabel } = histories[tab].value;
    const label = way === 'undo' ? undoLabel : redoLabel;
    if (of === null || label === null) return null;
    // A run goes on while other work is done: its steps are taken back from its own tab.
    if (tab === 'agent' && panels.rightTab !== tab && session.session?.runState === 'running')
      return null;
    const { stood, undone } = times.value.get(of) ?? noTimes;
    return { label, time: (way === 'undo' ? stood : undone).at(-1) ?? 0 };
  };
  const findNext = (way: 'undo' | 'redo'): NextAct | null => {
    const next: NextActs = {
      agent: nextOf('agent', way),
      segments: nextOf('segments', way),
      measure: nextOf('measure', way),
    };
    const tab = chooseTab(next, panels.rightTab);
    const label = tab === null ? undefined : next[tab]?.label;
    return tab === null || label === undefined ? null : { tab, label };
  };
  return { undo: computed(() => findNext('undo')), redo: computed(() => findNext('redo')) };
});
