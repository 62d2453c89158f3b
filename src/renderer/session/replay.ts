import { isUserAct, makesMask } from '../../domain/session.js';
import type { SegmentationSession, Step } from '../../domain/session.js';
import { findHead, findWay } from '../../domain/stepTree.js';

/** Score of the mask that the step stood on, or of the nearest one before it that has one; null before the first mask. */
export function findScoreBefore(steps: readonly Step[], position: number): number | null {
  const way = findWay(steps, steps[position]?.followsStepIndex ?? null);
  return way.findLast(({ score }) => score !== null)?.score ?? null;
}

export interface QualityPoint {
  /** Position in the list of steps. */
  readonly position: number;
  readonly stepIndex: number;
  readonly score: number;
  readonly undone: boolean;
}

/** The segmenter's own score by step, for the strip; steps that made no mask have no point. */
export const computeQualityPoints = (steps: readonly Step[]): readonly QualityPoint[] =>
  steps.flatMap((step, position) =>
    step.score === null || !makesMask(step.action)
      ? []
      : [{ position, stepIndex: step.stepIndex, score: step.score, undone: step.undone }],
  );

/** Last step that counts: not taken back. -1 when there is none. */
export const findLatestPosition = (steps: readonly Step[]): number =>
  steps.findLastIndex((step) => !step.undone);

/** The way that redo follows: `known` as long as the session stands on it, else the way that it stands on now. */
export function followWay(steps: readonly Step[], known: readonly number[]): readonly number[] {
  const head = findHead(steps);
  if (head === null || known.includes(head.stepIndex)) return known;
  return findWay(steps, head.stepIndex).map(({ stepIndex }) => stepIndex);
}

/** Whether there is something to accept: a mask, or the policy's word that the target is absent. */
export function isAcceptable({ steps, stopReason }: SegmentationSession): boolean {
  const latest = steps[findLatestPosition(steps)];
  return latest !== undefined && (latest.mask !== null || stopReason === 'target-absent');
}

/** Whether the user had a hand in what counts now. */
export const hasUserActs = (steps: readonly Step[]): boolean =>
  steps.some(({ action, undone }) => !undone && isUserAct(action));

/** A prompt in force that can be taken away, as the engine is told which. */
export type Removable =
  | { readonly kind: 'click'; readonly clickIndex: number }
  | { readonly kind: 'box' }
  | { readonly kind: 'scribble'; readonly stepIndex: number };

/** The prompt that `steps[position]` placed; null when there is none, or it is not in force any more. */
export function findRemovable(steps: readonly Step[], position: number): Removable | null {
  const step = steps[position];
  if (step === undefined || step.undone) return null;
  const { stepIndex, action } = step;
  const prompts = steps[findLatestPosition(steps)]?.prompts;
  if (action.kind === 'click') {
    const clickIndex = findClickInForce(steps, position);
    return clickIndex === null ? null : { kind: 'click', clickIndex };
  }
  if (action.kind === 'box') return prompts?.box?.stepIndex === stepIndex ? { kind: 'box' } : null;
  if (action.kind === 'scribble')
    return prompts?.scribbles.some((scribble) => scribble.stepIndex === stepIndex) === true
      ? { kind: 'scribble', stepIndex }
      : null;
  return null;
}

/** Number, among the clicks now in force, of the click that `steps[position]` placed; null when it is gone. */
function findClickInForce(steps: readonly Step[], position: number): number | null {
  let placedAt: readonly number[] = []; // positions of the steps whose clicks are in force
  for (const [at, { action, undone }] of steps.entries()) {
    if (undone) continue;
    if (action.kind === 'click') placedAt = [...placedAt.slice(0, action.click.index), at];
    if (action.kind === 'remove-click')
      placedAt = placedAt.filter((_, index) => index !== action.clickIndex);
  }
  const index = placedAt.indexOf(position);
  return index < 0 ? null : index;
}
