import type { EngineState } from '../../contract/channels.js';
import type { SegmentationSession } from '../../domain/session.js';
import type { StreamingText } from '../session/sessionStore.js';
import { splitPolicyText } from '../session/policyText.js';
import type { LoadProgress } from '../viewer/viewerApi.js';
import type { OpeningJob } from '../worklist/worklistStore.js';

export interface Activity {
  readonly words: string;
  /** 0 to 100, or null where it cannot be said. */
  readonly percentage: number | null;
  readonly cancels: 'opening' | 'run' | null;
}

/** The one thing to say in the status bar, most pressing first. */
export function describeActivity(facts: {
  readonly engine: EngineState;
  readonly job: OpeningJob | null;
  readonly session: SegmentationSession | null;
  readonly streaming: StreamingText | null;
  /** A hand is on the image, or the moment after: the run waits. */
  readonly isHeld: boolean;
  readonly exporting: boolean;
  readonly loadProgress: LoadProgress | null;
}): Activity {
  const { engine, job, session, streaming, isHeld, exporting, loadProgress } = facts;
  const still = { percentage: null, cancels: null };
  if (engine.kind === 'starting') return { ...still, words: 'The engine is starting' };
  if (engine.kind === 'stopped') return { ...still, words: 'The engine has stopped' };
  if (job !== null) {
    const percentage = job.total === null || job.total === 0 ? null : (100 * job.done) / job.total;
    return { words: `Opening ${job.label}`.trimEnd(), percentage, cancels: 'opening' };
  }
  if (session?.runState === 'running') {
    const step = (streaming?.stepIndex ?? session.steps.length) + 1;
    const isClicked = streaming !== null && splitPolicyText(streaming.text).action !== '';
    const atWork = isClicked ? 'segmenting' : 'the policy is thinking';
    const what = isHeld ? 'the policy waits for you' : atWork;
    const percentage =
      (100 * Math.min(step, session.settings.maxSteps)) / session.settings.maxSteps;
    return {
      words: `Step ${step} of at most ${session.settings.maxSteps}: ${what}`,
      percentage,
      cancels: 'run',
    };
  }
  if (exporting) return { ...still, words: 'Exporting' };
  if (loadProgress !== null && loadProgress.loaded < loadProgress.total)
    return {
      words: `Loading images: ${loadProgress.loaded} of ${loadProgress.total}`,
      percentage: (100 * loadProgress.loaded) / loadProgress.total,
      cancels: null,
    };
  return { ...still, words: 'Ready' };
}
