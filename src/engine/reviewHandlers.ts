import type { EngineHandlers } from './dispatch.js';
import {
  countSeriesStates,
  countSessions,
  findNeighbourSession,
  listReviews,
  listSessions,
  saveReview,
} from './store/index.js';
import type { Store } from './store/index.js';

export type ReviewHandlers = Pick<
  EngineHandlers,
  | 'reviewSession'
  | 'listReviews'
  | 'listSessions'
  | 'countSessions'
  | 'countSeriesStates'
  | 'findNeighbourSession'
>;

export const createReviewHandlers = (store: Store): ReviewHandlers => ({
  reviewSession: async ({ sessionId, ...review }) => {
    saveReview(store, sessionId, review);
    return listReviews(store, sessionId);
  },
  listReviews: async ({ sessionId }) => listReviews(store, sessionId),
  listSessions: async (query) => listSessions(store, query),
  countSessions: async (query) => countSessions(store, query),
  countSeriesStates: async ({ seriesIds }) => countSeriesStates(store, seriesIds),
  findNeighbourSession: async ({ place, direction, ...query }) =>
    findNeighbourSession(store, query, place, direction),
});
