import { computed } from 'vue';
import type { ComputedRef } from 'vue';

import { useModelsStore } from '../models/modelsStore.js';
import { useEngineStore } from '../ui/engineStore.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { findLatestPosition, isAcceptable } from './replay.js';
import { useSessionStore } from './sessionStore.js';

/** What may be done now; buttons and keys ask the same questions. */
export function useReadiness(): {
  readonly isRunning: ComputedRef<boolean>;
  readonly canRun: ComputedRef<boolean>;
  /** Something stands there that can be taken back or rejected. */
  readonly canChange: ComputedRef<boolean>;
  /** Undo, redo and going on from another step. */
  readonly canMove: ComputedRef<boolean>;
  readonly canAccept: ComputedRef<boolean>;
  readonly canExport: ComputedRef<boolean>;
} {
  const store = useSessionStore();
  const models = useModelsStore();
  const engine = useEngineStore();
  const worklist = useWorklistStore();

  const isReady = computed(() => engine.state.kind === 'ready' && !store.busy);
  const isRunning = computed(() => store.session?.runState === 'running');
  const areModelsUsable = computed(
    () => models.policy?.problem === null && models.segmenter?.problem === null,
  );
  const hasSteps = computed(() => findLatestPosition(store.session?.steps ?? []) >= 0);
  const canRun = computed(
    () =>
      isReady.value &&
      !isRunning.value &&
      areModelsUsable.value &&
      worklist.series !== null &&
      store.request.trim() !== '',
  );
  const canChange = computed(
    () => isReady.value && !isRunning.value && hasSteps.value && store.session?.decision === null,
  );
  const canMove = computed(
    () => isReady.value && !isRunning.value && store.session?.decision === null,
  );
  const canAccept = computed(
    () => canChange.value && store.session !== null && isAcceptable(store.session),
  );
  const canExport = computed(() => isReady.value && !isRunning.value && hasSteps.value);
  return { isRunning, canRun, canChange, canMove, canAccept, canExport };
}
