import type { Step } from './session.js';

/**
 * The steps of a session form a tree: each stands on an earlier one, or on the beginning. Those in force are the way
 * from the beginning to one step, the head; undo, redo and going on from an earlier step move the head, and what is
 * not on its way stays as a branch.
 */
export type StepNode = Pick<Step, 'stepIndex' | 'followsStepIndex' | 'undone'>;

/** The step in force that nothing in force stands on; null: the session stands at its beginning. */
export const findHead = <Node extends StepNode>(steps: readonly Node[]): Node | null =>
  steps.findLast((step) => !step.undone) ?? null;

/** From the beginning to a step, both ends included; [] for null. Steps are numbered by their place in the list. */
export function findWay<Node extends StepNode>(
  steps: readonly Node[],
  stepIndex: number | null,
): readonly Node[] {
  const way: Node[] = [];
  let at = stepIndex;
  while (at !== null) {
    const step: Node | undefined = steps[at];
    // A step stands on an earlier one: anything else is no tree, and would go round for ever.
    if (step?.stepIndex !== at || (step.followsStepIndex ?? -1) >= at)
      throw new Error(`step ${String(at)} has no way to the beginning`);
    way.push(step);
    at = step.followsStepIndex;
  }
  return way.reverse();
}

/** What was done upon a step (null: upon the beginning), oldest first. */
const findChildren = <Node extends StepNode>(
  steps: readonly Node[],
  stepIndex: number | null,
): readonly Node[] => steps.filter((step) => step.followsStepIndex === stepIndex);

/**
 * The step that redo goes to: the next one on `lastWay` (step indexes, the way that the head was on before it went
 * back), where that still leads on from the head; else what was done last upon the head. Null: nothing was.
 */
export function findRedo<Node extends StepNode>(
  steps: readonly Node[],
  lastWay: readonly number[] = [],
): Node | null {
  const children = findChildren(steps, findHead(steps)?.stepIndex ?? null);
  return children.find(({ stepIndex }) => lastWay.includes(stepIndex)) ?? children.at(-1) ?? null;
}

/** The end of the branch that a step lies on: from it, what was done last, again and again. */
export function findTip<Node extends StepNode>(steps: readonly Node[], step: Node): Node {
  const next = findChildren(steps, step.stepIndex).at(-1);
  return next === undefined ? step : findTip(steps, next);
}

/** A stretch of steps beside the way in force: it left the way at `from`, and may have branches of its own. */
export interface Branch<Node extends StepNode> {
  /** First step of the branch. */
  readonly from: Node;
  /** All of its steps, in the order in which they were made. */
  readonly steps: readonly Node[];
  /** Where the branch's own newest way ends: what going on with the branch brings back. */
  readonly tip: Node;
}

/** Branches that left the way in force at a step (null: at the beginning), oldest first. */
export function findBranches<Node extends StepNode>(
  steps: readonly Node[],
  stepIndex: number | null,
): readonly Branch<Node>[] {
  return findChildren(steps, stepIndex)
    .filter((child) => child.undone)
    .map((from) => {
      const below = new Set([from.stepIndex]);
      for (const { stepIndex: index, followsStepIndex } of steps)
        if (followsStepIndex !== null && below.has(followsStepIndex)) below.add(index);
      return {
        from,
        steps: steps.filter((step) => below.has(step.stepIndex)),
        tip: findTip(steps, from),
      };
    });
}
