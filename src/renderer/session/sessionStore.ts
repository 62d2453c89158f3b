import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';

import type { ExportResult, IbisEvent, RequestCheck } from '../../contract/channels.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { SegmentationSession, SessionSummary } from '../../domain/session.js';
import { findLatestPosition, followWay } from './replay.js';

/** Policy text that is being written now. */
export interface StreamingText {
  readonly stepIndex: number;
  readonly text: string;
}

/** The session in the right panel and what the user is about to ask. */
export const useSessionStore = defineStore('session', () => {
  const session = shallowRef<SegmentationSession | null>(null);
  /** Position of the step looked at; null follows the latest one. */
  const chosenPosition = ref<number | null>(null);
  const shownPosition = computed(() => {
    const steps = session.value?.steps ?? [];
    return chosenPosition.value ?? findLatestPosition(steps);
  });
  /** Steps of the way that the session was on lately, as far as it went: where redo leads. */
  const lastWay = shallowRef<readonly number[]>([]);
  watch(
    session,
    (now, before) => {
      const known = now?.sessionId === before?.sessionId ? lastWay.value : [];
      lastWay.value = now === null ? [] : followWay(now.steps, known);
    },
    { flush: 'sync' },
  );
  return {
    session,
    lastWay,
    chosenPosition,
    shownPosition,
    request: ref(''),
    check: shallowRef<RequestCheck | null>(null),
    streaming: shallowRef<StreamingText | null>(null),
    /** What went wrong with the last act in this panel, shown there. */
    problem: shallowRef<IbisErrorShape | null>(null),
    /** A call that changes the session is under way: its buttons wait. */
    busy: ref(false),
    /** Why the run waits before its next turn; null: it does not. */
    held: ref<Extract<IbisEvent, { kind: 'runHeld' }>['reason']>(null),
    /** First steps of the branches that the reader has opened, or closed where they lay open. */
    toggledBranches: shallowRef<ReadonlySet<number>>(new Set()),
    interrupted: shallowRef<readonly SessionSummary[]>([]),
    exporting: ref(false),
    exportResult: shallowRef<ExportResult | null>(null),
    exportProblem: ref(''),
  };
});
