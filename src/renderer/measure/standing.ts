import { useSegmentationStore } from '../segmentation/segmentationStore.js';
import { useSessionStore } from '../session/sessionStore.js';

/** The panels that have a history of their own beside that of the measurements. */
export type WorkPanel = 'agent' | 'segments';

/** How many acts stand in what a panel works on: whether an act there came before one on a measurement. */
export interface Standing {
  /** The session or segmentation; null: there is none. */
  readonly of: string | null;
  readonly count: number;
}

export function readStanding(panel: WorkPanel): Standing {
  if (panel === 'agent') {
    const { session } = useSessionStore();
    const inForce = session?.steps.filter(({ undone }) => !undone) ?? [];
    return { of: session?.sessionId ?? null, count: inForce.length };
  }
  const { shown } = useSegmentationStore();
  return { of: shown?.segmentationId ?? null, count: shown?.undoCount ?? 0 };
}

/** Whether nothing that stands there now was done after the act that was made at `then`. */
export const isNothingSince = (then: Standing, now: Standing): boolean =>
  now.count === 0 || (now.of === then.of && now.count <= then.count);

/** Whether all that stood there when the act was made at `then` stands there again. */
export const isAllBefore = (then: Standing, now: Standing): boolean =>
  then.count === 0 || (now.of === then.of && now.count >= then.count);
