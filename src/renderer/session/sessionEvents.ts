import type { IbisEvent } from '../../contract/channels.js';
import type { SegmentationSession, Step } from '../../domain/session.js';

type StepSaved = Extract<IbisEvent, { kind: 'stepSaved' }>;
type SessionChanged = Extract<IbisEvent, { kind: 'sessionChanged' }>;

/** Adds a step, or replaces it where the engine says it again. */
function mergeStep(steps: readonly Step[], step: Step): readonly Step[] {
  const at = steps.findIndex((existing) => existing.stepIndex === step.stepIndex);
  return at < 0 ? [...steps, step] : steps.with(at, step);
}

/** The session after an event about it; the same object when the event is about another one. */
export function applySessionEvent(
  session: SegmentationSession,
  event: StepSaved | SessionChanged,
): SegmentationSession {
  if (event.sessionId !== session.sessionId) return session;
  if (event.kind === 'stepSaved') {
    const steps = mergeStep(session.steps, event.step);
    return { ...session, steps, ...event.step.prompts };
  }
  const { runState, stopReason, answer, failure, decision } = event;
  return { ...session, runState, stopReason, answer, failure, decision };
}
