import { emptyMask, packMask, subtractMask, unpackMask } from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';
import type { PlacedPoint } from '../../domain/prompts.js';
import { assertNever } from '../../domain/result.js';
import type { EditTool, SegmentationSession, Step } from '../../domain/session.js';
import { changeSession } from './changeSession.js';
import { inTurn } from './inTurn.js';
import { findLatestPosition } from './replay.js';
import { useSessionStore } from './sessionStore.js';

/** Does again what was undone last. It is the user who does it, and the trace says so. */
export const redoStep = (): Promise<void> =>
  inTurn(async () => {
    const store = useSessionStore();
    const { session } = store;
    const step = store.redoable.at(-1);
    if (session === null || step === undefined) return;
    if (await repeat(session, step)) store.redoable = store.redoable.slice(0, -1);
  });

const normalisedOf = (points: readonly PlacedPoint[]) => points.map(({ normalised }) => normalised);

function repeat(session: SegmentationSession, { action, mask }: Step): Promise<boolean> {
  const { sessionId } = session;
  switch (action.kind) {
    case 'click': {
      const { label, normalised } = action.click;
      return changeSession('addClick', { sessionId, label, normalised });
    }
    case 'remove-click':
      return changeSession('removeClick', { sessionId, clickIndex: action.clickIndex });
    case 'box': {
      const { topLeft, bottomRight } = action.box;
      return changeSession('setBox', {
        sessionId,
        topLeft: topLeft.normalised,
        bottomRight: bottomRight.normalised,
      });
    }
    case 'remove-box':
      return changeSession('removeBox', { sessionId });
    case 'scribble': {
      const { label, points } = action.scribble;
      return changeSession('addScribble', { sessionId, label, points: normalisedOf(points) });
    }
    case 'remove-scribble':
      return changeSession('removeScribble', {
        sessionId,
        stepIndex: findScribbleAgain(session, action.scribbleStepIndex),
      });
    case 'edit':
      return changeSession('editMask', {
        sessionId,
        tool: action.tool,
        region: findStroke(session, action.tool, mask),
      });
    case 'terminate':
    case 'unparsed':
      return Promise.resolve(true); // the policy's own words cannot be spoken for it; they are skipped
    default:
      return assertNever(action);
  }
}

/** A scribble that was itself done again is another step's now: it is known by its line. */
function findScribbleAgain({ steps, scribbles }: SegmentationSession, stepIndex: number): number {
  const drawn = steps.find((step) => step.stepIndex === stepIndex)?.action;
  if (drawn?.kind !== 'scribble') return stepIndex;
  const line = JSON.stringify(normalisedOf(drawn.scribble.points));
  const again = scribbles.findLast(
    (scribble) => JSON.stringify(normalisedOf(scribble.points)) === line,
  );
  return again?.stepIndex ?? stepIndex;
}

/** What the stroke changed, from the mask that it left and the one that is in force now, which it was laid on. */
function findStroke(
  { steps }: SegmentationSession,
  tool: EditTool,
  after: PackedMask | null,
): PackedMask {
  const now = steps[findLatestPosition(steps)]?.mask ?? null;
  const { width, height } = after ?? { width: 1, height: 1 };
  const left = after === null ? emptyMask(width, height) : unpackMask(after);
  const before = now === null ? emptyMask(width, height) : unpackMask(now);
  return packMask(tool === 'brush' ? subtractMask(left, before) : subtractMask(before, left));
}
