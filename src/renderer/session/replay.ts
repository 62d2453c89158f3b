import type { Click, Step } from '../../domain/session.js';

/**
 * Clicks in force just after `steps[upTo]`. A click step says its own place among the clicks then in force, so
 * steps taken back before it fall away; a removal that was taken back counts only while it is the step shown.
 */
export function computeClicksAtStep(steps: readonly Step[], upTo: number): readonly Click[] {
  let clicks: readonly Click[] = [];
  for (const [position, step] of steps.slice(0, upTo + 1).entries()) {
    const { action } = step;
    if (action.kind === 'click') clicks = [...clicks.slice(0, action.click.index), action.click];
    if (action.kind === 'remove-click' && (!step.undone || position === upTo))
      clicks = clicks
        .filter((click) => click.index !== action.clickIndex)
        .map((click, index) => ({ ...click, index }));
  }
  return clicks;
}

/** Score in force before `steps[position]`, or null before the first mask. */
export function findScoreBefore(steps: readonly Step[], position: number): number | null {
  for (let p = position - 1; p >= 0; p--) {
    const step = steps[p];
    if (step !== undefined && !step.undone && step.score !== null) return step.score;
  }
  return null;
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
    step.score === null || step.action.kind === 'terminate' || step.action.kind === 'unparsed'
      ? []
      : [{ position, stepIndex: step.stepIndex, score: step.score, undone: step.undone }],
  );

/** Last step that counts: not taken back. -1 when there is none. */
export const findLatestPosition = (steps: readonly Step[]): number =>
  steps.findLastIndex((step) => !step.undone);

/** Whether the user placed or removed a click that still counts. */
export const hasUserActs = (steps: readonly Step[]): boolean =>
  steps.some(
    ({ action, undone }) =>
      !undone &&
      (action.kind === 'remove-click' ||
        (action.kind === 'click' && action.click.placedBy === 'user')),
  );

/** Number, among the clicks now in force, of the click that `steps[position]` placed; null when it is not in force. */
export function findClickInForce(steps: readonly Step[], position: number): number | null {
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
