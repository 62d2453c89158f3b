import { watch } from 'vue';

import type { SeriesId } from '../../domain/brand.js';
import type { SeriesStateCount } from '../../domain/review.js';
import { useEngineStore } from '../ui/engineStore.js';
import { useSessionStore } from '../session/sessionStore.js';
import { call } from '../ui/client.js';
import { useWorklistStore } from './worklistStore.js';

/** The marks of the listed series follow their sessions: those of the list, which is read again at each change, and the open one. */
export function useSeriesStates(): void {
  const worklist = useWorklistStore();
  const engine = useEngineStore();
  const open = useSessionStore();
  const facts = [
    () => worklist.studies,
    () => worklist.sessions,
    () => open.session?.steps.length,
    () => open.session?.runState,
  ];
  let asked = 0;
  watch(facts, async () => {
    const { studies } = worklist;
    const seriesIds = studies.flatMap(({ series }) => series.map(({ seriesId }) => seriesId));
    if (engine.state.kind !== 'ready' || seriesIds.length === 0) return;
    const mine = ++asked;
    const reply = await call('countSeriesStates', { seriesIds });
    // Where it cannot be read, the list of sessions says why.
    if (!reply.ok || mine !== asked) return;
    const states = new Map<SeriesId, SeriesStateCount[]>();
    for (const each of reply.value)
      states.set(each.seriesId, [...(states.get(each.seriesId) ?? []), each]);
    worklist.seriesStates = states;
  });
}
