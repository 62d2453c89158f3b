import { assertNever } from '../../domain/result.js';
import type { Action } from '../../domain/session.js';

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
      return { label: action.tool === 'brush' ? 'Brush' : 'Eraser', detail: '' };
    case 'terminate':
      return { label: 'Stop', detail: '' };
    case 'unparsed':
      return { label: 'Not understood', detail: '' };
    default:
      return assertNever(action);
  }
}
