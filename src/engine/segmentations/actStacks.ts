/**
 * Kinds of acts in the history of a segmentation. 'setting': how it is looked at (visible, opacity), which undo passes
 * over; 'undo' and 'redo' name the edit that they took back or did again.
 */
export const actKinds = ['create', 'edit', 'setting', 'undo', 'redo'] as const;
export type ActKind = (typeof actKinds)[number];

export interface ActSummary {
  readonly actNumber: number; // from 0, without gaps
  readonly kind: ActKind;
  /** Of an undo or redo: the edit. */
  readonly ofAct: number | null;
  readonly label: string;
}

/** Edits, the next one to be taken back (or done again) on top; a list, since a session may have thousands. */
export interface StackedEdit extends Pick<ActSummary, 'actNumber' | 'label'> {
  readonly below: StackedEdit | null;
}

/** They follow from the history, and are not stored. */
export interface ActStacks {
  readonly undo: StackedEdit | null;
  readonly redo: StackedEdit | null;
}

export function countEdits(stack: StackedEdit | null): number {
  let count = 0;
  for (let edit = stack; edit !== null; edit = edit.below) count++;
  return count;
}

export const noActs: ActStacks = { undo: null, redo: null };

function pop(stack: StackedEdit | null, { ofAct }: ActSummary): StackedEdit {
  if (stack === null || stack.actNumber !== ofAct)
    throw new Error('the history of a segmentation is out of order');
  return stack;
}

/** The stacks after one more act. */
export function pushAct({ undo, redo }: ActStacks, act: ActSummary): ActStacks {
  switch (act.kind) {
    case 'create':
    case 'setting':
      return { undo, redo };
    case 'edit':
      return { undo: { actNumber: act.actNumber, label: act.label, below: undo }, redo: null };
    case 'undo': {
      const edit = pop(undo, act);
      return { undo: edit.below, redo: { ...edit, below: redo } };
    }
    case 'redo': {
      const edit = pop(redo, act);
      return { undo: { ...edit, below: undo }, redo: edit.below };
    }
  }
}
