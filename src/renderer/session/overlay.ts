import type { SegmentationSession } from '../../domain/session.js';
import type { SessionOverlay } from '../viewer/viewerApi.js';
import { computeClicksAtStep, findLatestPosition } from './replay.js';

/**
 * What the image shows of a session at `position` in its steps: that step's mask and the clicks then in force.
 * A step without a mask of its own (text that did not parse, a stop) shows the one before it.
 */
export function computeOverlay(session: SegmentationSession, position: number): SessionOverlay {
  const { phaseIndex, axis, sliceIndex } = session.settings;
  const steps = session.steps.slice(0, position + 1);
  const shown = steps.at(-1);
  const isLatest = position === findLatestPosition(session.steps);
  return {
    phaseIndex,
    axis,
    sliceIndex,
    mask: shown?.mask ?? null,
    clicks: isLatest ? session.clicks : computeClicksAtStep(session.steps, position),
  };
}
