import { formatClick } from '../../domain/grammar.js';
import { samplePolyline } from '../../domain/polyline.js';
import { assertNever } from '../../domain/result.js';
import type { Action } from '../../domain/session.js';
import type { StepRecord } from './agentState.js';
import type { SliceImage } from './types.js';

interface Entry {
  readonly text: string;
  /** Of the step that drew the scribble; null: a click. */
  readonly scribbleStepIndex: number | null;
}

/**
 * What is in force, oldest first, in the policy's own grammar, which knows points: a click is one, and a scribble
 * stands as the point in its middle. A box and an edit by hand have no word there: the policy sees what came of
 * them in the picture. `records`: those in force, each of which stands on the one before.
 */
export function describeHistory(
  records: readonly StepRecord[],
  slice: Pick<SliceImage, 'width' | 'height'>,
): readonly string[] {
  const after = (entries: readonly Entry[], action: Action): readonly Entry[] => {
    switch (action.kind) {
      case 'click':
        return [...entries, { text: formatClick(action.click), scribbleStepIndex: null }];
      case 'remove-click': {
        const removed = entries.filter(({ scribbleStepIndex }) => scribbleStepIndex === null)[
          action.clickIndex
        ];
        return entries.filter((entry) => entry !== removed);
      }
      case 'scribble': {
        const { stepIndex, label, points } = action.scribble;
        const line = points.map(({ normalised }) => normalised);
        const middle = samplePolyline(line, 1, slice).map((normalised) => ({
          text: formatClick({ label, normalised }),
          scribbleStepIndex: stepIndex,
        }));
        return [...entries, ...middle];
      }
      case 'remove-scribble':
        return entries.filter(
          ({ scribbleStepIndex }) => scribbleStepIndex !== action.scribbleStepIndex,
        );
      case 'box':
      case 'remove-box':
      case 'edit':
      case 'terminate':
      case 'unparsed':
        return entries;
      default:
        return assertNever(action);
    }
  };
  let entries: readonly Entry[] = [];
  for (const { step } of records) entries = after(entries, step.action);
  return entries.map(({ text }) => text);
}
