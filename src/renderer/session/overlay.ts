import { noPrompts } from '../../domain/prompts.js';
import type { SegmentationSession } from '../../domain/session.js';
import type { SessionOverlay } from '../viewer/viewerApi.js';

/**
 * What the image shows of a session at `position` in its steps: that step's mask and the prompts then in force.
 * A step without a mask of its own (text that did not parse, a stop) shows the one before it.
 */
export function computeOverlay(session: SegmentationSession, position: number): SessionOverlay {
  const { phaseIndex, axis, sliceIndex } = session.settings;
  const shown = session.steps[position];
  return {
    sessionId: session.sessionId,
    phaseIndex,
    axis,
    sliceIndex,
    mask: shown?.mask ?? null,
    prompts: shown?.prompts ?? noPrompts,
  };
}
