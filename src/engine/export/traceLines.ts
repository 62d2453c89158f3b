import type { TraceLine, TraceStep } from '../../contract/trace.js';
import { unpackMask, countMaskPixels } from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';
import type { PlacedPoint } from '../../domain/prompts.js';
import { findVerdictInForce } from '../../domain/review.js';
import type { Review } from '../../domain/review.js';
import type { Action, SegmentationSession, Step } from '../../domain/session.js';
import { TRACE_IMAGES } from './exportFolder.js';
import { RESEARCH_NOTICE } from './types.js';
import type { Software } from './types.js';

/** A step as the trace tells it. */
export interface TracedStep {
  readonly step: Step;
}

/** A model and the SHA-256 of each of its files. */
export interface TracedModel {
  readonly role: 'policy' | 'segmenter';
  readonly modelId: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Path of a step's observation, relative to the trace. */
export const observationPath = (stepIndex: number): string =>
  `${TRACE_IMAGES}/step-${String(stepIndex).padStart(3, '0')}.png`;

/** The mask that was on the image when this step was made. */
export function getMaskSeen(steps: readonly TracedStep[], { step }: TracedStep): PackedMask | null {
  const followed = steps.find((other) => other.step.stepIndex === step.followsStepIndex);
  return followed?.step.mask ?? null;
}

const describePoint = ({ normalised, voxel, world }: PlacedPoint): PlacedPoint => ({
  normalised,
  voxel,
  world,
});

/** What each kind of action has to say; null where it is of another kind. */
function describeAction(
  action: Action,
): Pick<
  TraceStep,
  | 'click'
  | 'removedClickIndex'
  | 'box'
  | 'scribble'
  | 'removedScribbleStepIndex'
  | 'editTool'
  | 'answer'
  | 'problem'
> {
  const click = action.kind === 'click' ? action.click : null;
  const box = action.kind === 'box' ? action.box : null;
  const scribble = action.kind === 'scribble' ? action.scribble : null;
  return {
    click: click && { label: click.label, placedBy: click.placedBy, ...describePoint(click) },
    removedClickIndex: action.kind === 'remove-click' ? action.clickIndex : null,
    box: box && {
      placedBy: box.placedBy,
      topLeft: describePoint(box.topLeft),
      bottomRight: describePoint(box.bottomRight),
    },
    scribble: scribble && {
      label: scribble.label,
      placedBy: scribble.placedBy,
      points: scribble.points.map(describePoint),
    },
    removedScribbleStepIndex: action.kind === 'remove-scribble' ? action.scribbleStepIndex : null,
    editTool: action.kind === 'edit' ? action.tool : null,
    answer: action.kind === 'terminate' ? action.answer : null,
    problem: action.kind === 'unparsed' ? action.problem : null,
  };
}

function describeStep({ step }: TracedStep): TraceLine {
  const { action, mask } = step;
  return {
    kind: 'step',
    stepIndex: step.stepIndex,
    followsStepIndex: step.followsStepIndex,
    image: observationPath(step.stepIndex),
    policyText: step.policyText,
    reasoning: step.reasoning,
    action: action.kind,
    ...describeAction(action),
    score: step.score,
    maskVoxels: mask === null ? 0 : countMaskPixels(unpackMask(mask)),
    mask: mask && { ...mask, bits: Buffer.from(mask.bits).toString('base64') },
    elapsedMs: step.elapsedMs,
    undone: step.undone,
  };
}

/** Who said what of the session, and what of it holds of its last step in force. */
function describeReviews(
  steps: readonly TracedStep[],
  reviews: readonly Review[],
): Pick<Extract<TraceLine, { kind: 'end' }>, 'verdict' | 'reviews'> {
  const last = steps.findLast(({ step }) => !step.undone)?.step.stepIndex ?? null;
  return {
    verdict: findVerdictInForce(reviews, last),
    reviews: reviews.map((review) => ({ ...review })),
  };
}

/** The whole trace: header, one line a step (undone ones too), end. No patient data but the series' UID. */
export function describeTrace(
  session: SegmentationSession,
  steps: readonly TracedStep[],
  models: readonly TracedModel[],
  reviews: readonly Review[],
  software: Software,
  orientation: string,
): TraceLine[] {
  const { settings } = session;
  return [
    {
      kind: 'header',
      schemaVersion: 2,
      tool: `${software.name} ${software.version}`,
      notice: RESEARCH_NOTICE,
      sessionId: session.sessionId,
      seriesInstanceUID: settings.seriesInstanceUID,
      axis: settings.axis,
      orientation,
      sliceIndex: settings.sliceIndex,
      phaseIndex: settings.phaseIndex,
      window: settings.window,
      prompt: settings.target.text,
      models: models.map(({ modelId, role, files }) => ({
        id: modelId,
        role,
        files: { ...files },
      })),
      seed: settings.seed,
      settings: {
        policyId: settings.policyId,
        segmenterId: settings.segmenterId,
        maxSteps: settings.maxSteps,
        parseRetries: settings.parseRetries,
      },
    },
    ...steps.map(describeStep),
    {
      kind: 'end',
      stopReason: session.stopReason,
      answer: session.answer,
      decision: session.decision,
      ...describeReviews(steps, reviews),
      steps: steps.length,
    },
  ];
}
