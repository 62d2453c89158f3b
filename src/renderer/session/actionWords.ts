import { assertNever } from '../../domain/result.js';
import { isUserAct } from '../../domain/session.js';
import type { Action, EditTool, Step } from '../../domain/session.js';

export const EDIT_TOOL_WORDS: Readonly<Record<EditTool, string>> = {
  brush: 'Brush',
  eraser: 'Eraser',
  lasso: 'Lasso',
  'cut-lasso': 'Cutting lasso',
};

/** A step's action as its card says it. */
export function describeAction(action: Action): {
  readonly label: string;
  readonly detail: string;
} {
  switch (action.kind) {
    case 'click': {
      const { x, y } = action.click.normalised;
      return {
        label: action.click.label === 'include' ? 'Include' : 'Exclude',
        detail: `${x.toFixed(3)}, ${y.toFixed(3)}`,
      };
    }
    case 'remove-click':
      return { label: 'Removed click', detail: String(action.clickIndex + 1) };
    case 'box': {
      const { topLeft, bottomRight } = action.box;
      const width = bottomRight.normalised.x - topLeft.normalised.x;
      const height = bottomRight.normalised.y - topLeft.normalised.y;
      return { label: 'Box', detail: `${width.toFixed(2)} × ${height.toFixed(2)}` };
    }
    case 'remove-box':
      return { label: 'Removed the box', detail: '' };
    case 'scribble':
      return {
        label: action.scribble.label === 'include' ? 'Include scribble' : 'Exclude scribble',
        detail: '',
      };
    case 'remove-scribble':
      return { label: 'Removed scribble', detail: `of step ${action.scribbleStepIndex + 1}` };
    case 'edit':
      return { label: EDIT_TOOL_WORDS[action.tool], detail: '' };
    case 'terminate':
      return { label: 'Stop', detail: '' };
    case 'unparsed':
      return { label: 'Not understood', detail: '' };
    default:
      return assertNever(action);
  }
}

/** A step as undo and redo name it: 'exclude click 4', 'the agent’s include click 1'. Clicks are numbered as on the image. */
export const nameAct = ({ action }: Pick<Step, 'action'>): string =>
  isUserAct(action) ? wordsOf(action) : `the agent’s ${wordsOf(action)}`;

function wordsOf(action: Action): string {
  switch (action.kind) {
    case 'click':
      return `${action.click.label} click ${action.click.index + 1}`;
    case 'remove-click':
      return `removal of click ${action.clickIndex + 1}`;
    case 'box':
      return 'box';
    case 'remove-box':
      return 'removal of the box';
    case 'scribble':
      return `${action.scribble.label} scribble`;
    case 'remove-scribble':
      return 'removal of a scribble';
    case 'edit':
      return EDIT_TOOL_WORDS[action.tool].toLowerCase();
    case 'terminate':
      return 'stop';
    case 'unparsed':
      return 'unreadable reply';
    default:
      return assertNever(action);
  }
}
