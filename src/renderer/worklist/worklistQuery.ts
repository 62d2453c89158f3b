import { sessionFilters, sessionSorts } from '../../domain/review.js';
import type {
  ReviewedState,
  SeriesStateCount,
  SessionFilter,
  SessionSort,
} from '../../domain/review.js';
import type { StateWords, Tone } from '../session/words.js';

export const filterLabels: Readonly<Record<SessionFilter, string>> = {
  all: 'All sessions',
  'to-review': 'To review',
  'not-started': 'Not started',
  'in-progress': 'In progress',
  completed: 'Completed',
  flagged: 'Flagged',
  approved: 'Approved',
  rejected: 'Rejected in review',
};

export const sortLabels: Readonly<Record<SessionSort, string>> = {
  changed: 'Last changed',
  created: 'Oldest first',
  patient: 'By patient',
};

const tones: Readonly<Record<ReviewedState, Tone>> = {
  'not-started': 'calm',
  'in-progress': 'busy',
  completed: 'calm',
  flagged: 'warn',
  approved: 'good',
  rejected: 'bad',
};

/** The states of a series' sessions in the words of the filter, what asks for work first; with a number from two on. */
export function describeSeriesStates(counts: readonly SeriesStateCount[]): readonly StateWords[] {
  const order: readonly ReviewedState[] = [
    'flagged',
    'in-progress',
    'rejected',
    'completed',
    'not-started',
    'approved',
  ];
  return order.flatMap((state) =>
    counts
      .filter((each) => each.state === state)
      .map(({ count }) => ({
        label:
          count === 1
            ? filterLabels[state]
            : `${filterLabels[state]} ${count.toLocaleString('en')}`,
        tone: tones[state],
      })),
  );
}

/** What was remembered, or the standard. */
export const parseFilter = (stored: unknown): SessionFilter =>
  sessionFilters.find((filter) => filter === stored) ?? 'all';

export const parseSort = (stored: unknown): SessionSort =>
  sessionSorts.find((sort) => sort === stored) ?? 'changed';
