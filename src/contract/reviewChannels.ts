import { z } from 'zod';

import type { BatchId, SeriesId, SessionId } from '../domain/brand.js';
import { sessionFilters, sessionSorts, verdicts } from '../domain/review.js';
import type { Review, SeriesStateCount } from '../domain/review.js';
import type { SessionSummary } from '../domain/session.js';

/** The part of the channel table that deals with reviewing, and with going from case to case. */
const sessionId = z.string().transform((id) => id as SessionId); // branding at the edge
const seriesId = z.string().transform((id) => id as SeriesId); // branding at the edge
const batchId = z.string().transform((id) => id as BatchId); // branding at the edge

const query = {
  search: z.string(),
  filter: z.enum(sessionFilters).default('all'),
  sort: z.enum(sessionSorts).default('changed'),
};

export const reviewMethods = {
  /** Appends to the history of the session, and answers with it. */
  reviewSession: z.object({
    sessionId,
    verdict: z.enum(verdicts),
    reviewer: z.string().trim().min(1).max(200),
    comment: z.string().trim().max(4000).default(''),
  }),
  /** The earliest first. */
  listReviews: z.object({ sessionId }),
  /** A page of the worklist. */
  listSessions: z.object({
    ...query,
    limit: z.number().int().min(1).max(10_000).default(200),
    offset: z.number().int().nonnegative().default(0),
  }),
  countSessions: z.object(query),
  /** Of series that are listed; those without sessions are left out. */
  countSeriesStates: z.object({ seriesIds: z.array(seriesId) }),
  /** The session after (1) or before (-1) a place of the worklist, whether what stood there still does or not. */
  findNeighbourSession: z.object({
    ...query,
    place: z.object({ sortKey: z.string(), sessionId: z.string() }),
    direction: z.union([z.literal(1), z.literal(-1)]),
  }),
  /**
   * What will be opened next: read, decoded and encoded while nothing else is to do, in place of what was named before.
   * Where it cannot be, opening it says why.
   */
  prefetchCase: z.object({
    target: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('session'), sessionId }),
      z.object({ kind: z.literal('series'), seriesId, segmenterId: z.string() }),
      z.object({
        kind: z.literal('batch-case'),
        batchId,
        position: z.number().int().nonnegative(),
      }),
    ]),
  }),
} as const;

export type PrefetchTarget = z.output<typeof reviewMethods.prefetchCase>['target'];

export interface ReviewMethodResults {
  reviewSession: readonly Review[];
  listReviews: readonly Review[];
  listSessions: readonly SessionSummary[];
  countSessions: number;
  countSeriesStates: readonly SeriesStateCount[];
  findNeighbourSession: SessionSummary | null;
  prefetchCase: null;
}
