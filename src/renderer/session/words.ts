import { assertNever } from '../../domain/result.js';
import type { Decision, RunState, StopReason } from '../../domain/session.js';

/** The states of a session in words a reader uses. `tone` colours the mark beside them. */
export type Tone = 'busy' | 'good' | 'bad' | 'warn' | 'calm';

export interface StateWords {
  readonly label: string;
  readonly tone: Tone;
}

interface SessionFacts {
  readonly runState: RunState;
  readonly stopReason: StopReason | null;
  readonly decision: Decision | null;
  /** Why a run waits before its next turn; null or left out: it does not. */
  readonly held?: 'drawing' | 'acting' | 'going-on' | null;
}

export function describeDecision(decision: Decision): StateWords {
  switch (decision) {
    case 'accepted':
      return { label: 'Accepted', tone: 'good' };
    case 'rejected':
      return { label: 'Rejected', tone: 'bad' };
    case 'edited':
      return { label: 'Accepted after editing', tone: 'good' };
    default:
      return assertNever(decision);
  }
}

function describeStopShort(reason: StopReason): StateWords {
  switch (reason) {
    case 'policy-stop':
      return { label: 'Finished', tone: 'calm' };
    case 'target-absent':
      return { label: 'Target absent', tone: 'warn' };
    case 'repeated-action':
      return { label: 'Repeated itself', tone: 'warn' };
    case 'step-limit':
      return { label: 'Step limit', tone: 'warn' };
    case 'user-stop':
      return { label: 'Stopped', tone: 'calm' };
    case 'failed':
      return { label: 'Failed', tone: 'bad' };
    default:
      return assertNever(reason);
  }
}

/** One or two words: the mark in the panel's head and in the list of sessions. */
export function describeSessionState(facts: SessionFacts): StateWords {
  if (facts.runState === 'running')
    return (facts.held ?? null) === null
      ? { label: 'Running', tone: 'busy' }
      : { label: facts.held === 'going-on' ? 'Going on' : 'Waiting for you', tone: 'warn' };
  if (facts.decision !== null) return describeDecision(facts.decision);
  if (facts.runState === 'paused') return { label: 'Paused', tone: 'calm' };
  if (facts.stopReason !== null) return describeStopShort(facts.stopReason);
  return { label: 'Ready', tone: 'calm' };
}

/** Why the loop ended, and the next thing to do. */
export function describeStopReason(
  reason: StopReason,
  facts: { readonly maxSteps: number; readonly failure: string | null },
): string {
  switch (reason) {
    case 'policy-stop':
      return 'The policy is done. Check the mask, then accept it or correct it with a click.';
    case 'target-absent':
      return 'The policy does not see the target on this slice, so there is no mask. Accept that, try another slice, or place an include click yourself.';
    case 'repeated-action':
      return 'Stopped because the policy chose the same action three times. Correct the mask with a click, then run on.';
    case 'step-limit':
      return `Stopped at the limit of ${facts.maxSteps} steps. Check the mask, correct it with a click, or run on.`;
    case 'user-stop':
      return 'You stopped the run. It can be run on from here.';
    case 'failed':
      return facts.failure ?? 'The run failed. It can be run again from here.';
    default:
      return assertNever(reason);
  }
}
