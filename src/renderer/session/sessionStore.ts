import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { ExportResult, RequestCheck } from '../../contract/channels.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { SegmentationSession, SessionSummary, Step } from '../../domain/session.js';
import { findLatestPosition } from './replay.js';

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
  return {
    session,
    chosenPosition,
    shownPosition,
    request: ref(''),
    check: shallowRef<RequestCheck | null>(null),
    streaming: shallowRef<StreamingText | null>(null),
    /** What went wrong with the last act in this panel, shown there. */
    problem: shallowRef<IbisErrorShape | null>(null),
    /** A call that changes the session is under way: its buttons wait. */
    busy: ref(false),
    /** Steps that were taken back and can be done again, newest last. */
    redoable: shallowRef<readonly Step[]>([]),
    interrupted: shallowRef<readonly SessionSummary[]>([]),
    exporting: ref(false),
    exportResult: shallowRef<ExportResult | null>(null),
    exportProblem: ref(''),
  };
});
