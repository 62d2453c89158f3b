import { assertNever } from '../../domain/result.js';
import type { Verdict, VerdictInForce } from '../../domain/review.js';
import type { SessionSummary } from '../../domain/session.js';
import { describeSessionState } from '../session/words.js';
import type { StateWords } from '../session/words.js';

export function describeVerdict(verdict: Verdict): StateWords {
  switch (verdict) {
    case 'approved':
      return { label: 'Approved', tone: 'good' };
    case 'rejected':
      return { label: 'Rejected in review', tone: 'bad' };
    case 'flagged':
      return { label: 'Flagged', tone: 'warn' };
    case 'withdrawn':
      return { label: 'Withdrawn', tone: 'calm' };
    default:
      return assertNever(verdict);
  }
}

export const describeInForce = (verdict: VerdictInForce): StateWords =>
  verdict === null ? { label: 'Not reviewed', tone: 'calm' } : describeVerdict(verdict);

/** The mark of a row: what runs, then the reviewer's word, then how far the work has come. */
export const describeListed = (
  facts: Pick<SessionSummary, 'runState' | 'stopReason' | 'decision' | 'verdict'>,
): StateWords =>
  facts.verdict === null || facts.runState === 'running'
    ? describeSessionState(facts)
    : describeVerdict(facts.verdict);
