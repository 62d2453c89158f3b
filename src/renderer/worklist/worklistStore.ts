import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { SeriesId, StudyId } from '../../domain/brand.js';
import type { SeriesStateCount } from '../../domain/review.js';
import type { SessionSummary } from '../../domain/session.js';
import type { IntensityWindow, Refusal, Series, StudySummary } from '../../domain/study.js';
import { usePersisted } from '../ui/persisted.js';
import { parseFilter, parseSort } from './worklistQuery.js';
import { flattenWorklist } from './worklistRows.js';

export interface OpeningJob {
  readonly jobId: string;
  /** File that was read last; '' at first. */
  readonly label: string;
  readonly done: number;
  readonly total: number | null;
  readonly cancelling: boolean;
}

/** Opened studies, the series on screen, stored sessions, and the opening under way. */
export const useWorklistStore = defineStore('worklist', () => {
  const studies = shallowRef<readonly StudySummary[]>([]);
  const search = ref('');
  const foldedStudies = shallowRef<ReadonlySet<StudyId>>(new Set());
  const rows = computed(() => flattenWorklist(studies.value, search.value, foldedStudies.value));
  return {
    studies,
    search,
    foldedStudies,
    rows,
    tab: ref<'studies' | 'sessions' | 'batches'>('studies'),
    /** Chosen for a batch. */
    chosenSeries: shallowRef<ReadonlySet<SeriesId>>(new Set()),
    refused: shallowRef<readonly Refusal[]>([]),
    job: shallowRef<OpeningJob | null>(null),
    /** Why the last opening failed as a whole, or that it was cancelled; '' otherwise. */
    openProblem: ref(''),
    /** How far the work on each listed series has come; those without sessions are left out. */
    seriesStates: shallowRef<ReadonlyMap<SeriesId, readonly SeriesStateCount[]>>(new Map()),
    /** The series on screen. */
    series: shallowRef<Series | null>(null),
    /** Its window where its images name none; null before it is known. */
    seriesWindow: shallowRef<IntensityWindow | null>(null),
    /** The series being fetched, before it is on screen. */
    loadingSeriesId: ref<SeriesId | null>(null),
    seriesProblem: shallowRef<{ readonly seriesId: SeriesId; readonly message: string } | null>(
      null,
    ),
    /** As far as the list was scrolled; `sessionCount` is all that there are. */
    sessions: shallowRef<readonly SessionSummary[]>([]),
    sessionCount: ref(0),
    sessionSearch: ref(''),
    sessionFilter: usePersisted('sessionFilter', parseFilter),
    sessionSort: usePersisted('sessionSort', parseSort),
    /** The session of the queue that was opened last, as it stood in the list then. */
    queuePlace: shallowRef<SessionSummary | null>(null),
    /** That the queue is at its end; '' otherwise. */
    queueNote: ref(''),
    sessionsProblem: ref(''),
  };
});
