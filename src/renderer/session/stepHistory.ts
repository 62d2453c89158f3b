import { computed } from 'vue';
import type { ComputedRef } from 'vue';

import type { Step } from '../../domain/session.js';
import { findHead, findRedo } from '../../domain/stepTree.js';
import { nameAct } from './actionWords.js';
import { useSessionStore } from './sessionStore.js';

/** What undo and redo would do, as 'exclude click 4'; null: nothing. Not of a decided session. */
export function useStepHistory(): {
  readonly undoLabel: ComputedRef<string | null>;
  readonly redoLabel: ComputedRef<string | null>;
} {
  const store = useSessionStore();
  const steps = computed(() => {
    const { session } = store;
    return session === null || session.decision !== null ? [] : session.steps;
  });
  const nameOf = (step: Step | null): string | null => (step === null ? null : nameAct(step));
  return {
    undoLabel: computed(() => nameOf(findHead(steps.value))),
    redoLabel: computed(() => nameOf(findRedo(steps.value, store.lastWay))),
  };
}
