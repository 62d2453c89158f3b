import type { Step } from '../../domain/session.js';
import { findBranches, findHead, findWay } from '../../domain/stepTree.js';
import type { Branch } from '../../domain/stepTree.js';

/** What the list of steps shows, from top to bottom. */
export type StepRow =
  | { readonly kind: 'step'; readonly step: Step; readonly isBeside: boolean }
  | {
      readonly kind: 'branch';
      readonly branch: Branch<Step>;
      /** It stands on the latest step: it is what redo brings back. */
      readonly isTakenBack: boolean;
      readonly isOpen: boolean;
    };

/**
 * The steps in force one after the other; where a branch left them, a row for it, and its own steps while it is open.
 * What was just taken back is open until it is closed, the others are closed until they are opened: `toggled` holds the
 * first steps of those that the reader has changed. The step on the image is always to be seen.
 */
export function listStepRows(
  steps: readonly Step[],
  toggled: ReadonlySet<number>,
  shownStepIndex: number,
): readonly StepRow[] {
  const head = findHead(steps)?.stepIndex ?? null;
  const branchesAt = (stepIndex: number | null): readonly StepRow[] =>
    findBranches(steps, stepIndex).flatMap((branch): readonly StepRow[] => {
      const isTakenBack = stepIndex === head;
      const isOpen =
        toggled.has(branch.from.stepIndex) !== isTakenBack ||
        branch.steps.some((step) => step.stepIndex === shownStepIndex);
      const inside = isOpen ? branch.steps : [];
      return [
        { kind: 'branch', branch, isTakenBack, isOpen },
        ...inside.map((step): StepRow => ({ kind: 'step', step, isBeside: true })),
      ];
    });
  return [
    ...branchesAt(null),
    ...findWay(steps, head).flatMap((step): readonly StepRow[] => [
      { kind: 'step', step, isBeside: false },
      ...branchesAt(step.stepIndex),
    ]),
  ];
}

/** '5', '5 to 7', or '5, 7 and 8': numbers as the list shows them, from 1. */
export function describeNumbers(steps: readonly Pick<Step, 'stepIndex'>[]): string {
  const numbers = steps.map(({ stepIndex }) => stepIndex + 1);
  const [first = 0, last = first] = [numbers[0], numbers.at(-1)];
  if (numbers.length === 1) return String(first);
  if (last - first === numbers.length - 1) return `${first} to ${last}`;
  return `${numbers.slice(0, -1).join(', ')} and ${last}`;
}
