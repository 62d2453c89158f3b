import { findVerdictInForce } from '../../domain/review.js';
import type { Review } from '../../domain/review.js';
import { isUserAct } from '../../domain/session.js';
import type { Action, SegmentationSession, Step } from '../../domain/session.js';
import { findHead } from '../../domain/stepTree.js';

/** Which steps of a session are right, as training/ibis_training/traces.py tells them: the two are held to one fixture. */

/** The reviewer's word comes before the annotator's: what was approved teaches, what was rejected or flagged does not. */
export function teaches(session: SegmentationSession, reviews: readonly Review[]): boolean {
  const verdict = findVerdictInForce(reviews, findHead(session.steps)?.stepIndex ?? null);
  if (verdict !== null) return verdict === 'approved';
  return session.decision === 'accepted' || session.decision === 'edited';
}

const removesOwnClick = (action: Action, step: Step): boolean =>
  action.kind === 'remove-click' && action.clickIndex === step.prompts.clicks.length - 1;

/**
 * Whether the user left a step of the policy standing: it was not taken back or left on another branch, its stop was not
 * gone on from, its click was not removed.
 */
function stood(step: Step, steps: readonly Step[]): boolean {
  if (step.undone) return false;
  const next = steps.find(
    (other) =>
      !other.undone && other.followsStepIndex === step.stepIndex && isUserAct(other.action),
  );
  if (next === undefined) return true;
  return step.action.kind !== 'terminate' && !removesOwnClick(next.action, step);
}

/** The policy's steps to learn from, oldest first. */
export const findTaughtSteps = (steps: readonly Step[]): readonly Step[] =>
  steps.filter(
    (step) =>
      !isUserAct(step.action) &&
      (step.action.kind === 'click' || step.action.kind === 'terminate') &&
      stood(step, steps),
  );
