import type { SeriesId } from './brand.js';
import type { RunState, SessionSummary, StopReason } from './session.js';

/** What a reviewer says of a session. 'withdrawn' takes back what was said last. */
export const verdicts = ['approved', 'rejected', 'flagged', 'withdrawn'] as const;
export type Verdict = (typeof verdicts)[number];
/** What can be in force; null: nobody has reviewed it, or what was said has lapsed. */
export type VerdictInForce = Exclude<Verdict, 'withdrawn'> | null;

/** One entry of the append-only history of a session's reviews. */
export interface Review {
  readonly verdict: Verdict;
  readonly reviewer: string;
  readonly comment: string; // '' where nothing was written
  /** The last step in force that was looked at; null: there was none. */
  readonly stepIndex: number | null;
  readonly reviewedAt: string; // ISO 8601, UTC
}

/**
 * Approval and rejection are about what the reviewer saw: they lapse with the next step. A flag asks for someone to look
 * at the session, and stays until a verdict follows it. `reviews` from the earliest to the latest.
 */
export function findVerdictInForce(
  reviews: readonly Review[],
  lastStepIndex: number | null,
): VerdictInForce {
  const latest = reviews.at(-1);
  if (latest === undefined || latest.verdict === 'withdrawn') return null;
  if (latest.verdict === 'flagged') return 'flagged';
  return latest.stepIndex === lastStepIndex ? latest.verdict : null;
}

/** Where the work on a case stands. */
export const caseStates = ['not-started', 'in-progress', 'completed', 'flagged'] as const;
export type CaseState = (typeof caseStates)[number];

/** After these the agent has said its last word; 'failed' and 'user-stop' leave work to be gone on with. */
export const completingStops = [
  'policy-stop',
  'target-absent',
  'repeated-action',
  'step-limit',
] as const satisfies readonly StopReason[];

export interface CaseFacts extends Pick<SessionSummary, 'stepCount' | 'stopReason' | 'decision'> {
  readonly runState: RunState;
  readonly verdict: VerdictInForce;
}

/** Follows from what is stored, so that nothing else can contradict it; only the flag is set by a person. */
export function deriveCaseState({
  stepCount,
  stopReason,
  decision,
  runState,
  verdict,
}: CaseFacts): CaseState {
  if (verdict === 'flagged') return 'flagged';
  if (decision !== null || completingStops.some((stop) => stop === stopReason)) return 'completed';
  return stepCount === 0 && runState === 'idle' ? 'not-started' : 'in-progress';
}

/** The state of a case, or the reviewer's word where it is about what stands there now. */
export const reviewedStates = [...caseStates, 'approved', 'rejected'] as const;
export type ReviewedState = (typeof reviewedStates)[number];

/** How many sessions of a series are in a state. */
export interface SeriesStateCount {
  readonly seriesId: SeriesId;
  readonly state: ReviewedState;
  readonly count: number;
}

/** What the worklist can be narrowed to. */
export const sessionFilters = [
  'all',
  'to-review', // completed, and no reviewer has spoken
  'not-started',
  'in-progress',
  'completed',
  'flagged',
  'approved',
  'rejected',
] as const;
export type SessionFilter = (typeof sessionFilters)[number];

/** 'changed': last changed first; 'created': oldest first; 'patient': by name. */
export const sessionSorts = ['changed', 'created', 'patient'] as const;
export type SessionSort = (typeof sessionSorts)[number];

/** What the worklist shows, and in which order. */
export interface SessionQuery {
  readonly search: string;
  readonly filter: SessionFilter;
  readonly sort: SessionSort;
}

/** The place of a session in a sorted list: what it is sorted by. */
export function sortKeyOf(
  { updatedAt, createdAt, patientName }: SessionSummary,
  sort: SessionSort,
): string {
  if (sort === 'changed') return updatedAt;
  return sort === 'created' ? createdAt : patientName;
}
