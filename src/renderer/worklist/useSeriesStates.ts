import { watch } from 'vue';

import type { SeriesId } from '../../domain/brand.js';
import type { SeriesStateCount } from '../../domain/review.js';
import { useEngineStore } from '../ui/engineStore.js';
import { call } from '../ui/client.js';
import { useWorklistStore } from './worklistStore.js';

/** The marks of the listed series follow their sessions: each change of these has the list of sessions read again. */
export function useSeriesStates(): void {
  const worklist = useWorklistStore();
  const engine = useEngineStore();
  watch([() => worklist.studies, () => worklist.sessions], async () => {
    const { studies, sessions } = worklist;
    const seriesIds = studies.flatMap(({ series }) => series.map(({ seriesId }) => seriesId));
    if (engine.state.kind !== 'ready' || seriesIds.length === 0) return;
    const reply = await call('countSeriesStates', { seriesIds });
    // A newer list is under way; where it cannot be read, that of the sessions says why.
    if (!reply.ok || worklist.studies !== studies || worklist.sessions !== sessions) return;
    const states = new Map<SeriesId, SeriesStateCount[]>();
    for (const each of reply.value)
      states.set(each.seriesId, [...(states.get(each.seriesId) ?? []), each]);
    worklist.seriesStates = states;
  });
}
