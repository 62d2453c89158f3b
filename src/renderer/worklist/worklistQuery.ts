import { sessionFilters, sessionSorts } from '../../domain/review.js';
import type { SessionFilter, SessionSort } from '../../domain/review.js';

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

/** What was remembered, or the standard. */
export const parseFilter = (stored: unknown): SessionFilter =>
  sessionFilters.find((filter) => filter === stored) ?? 'all';

export const parseSort = (stored: unknown): SessionSort =>
  sessionSorts.find((sort) => sort === stored) ?? 'changed';
