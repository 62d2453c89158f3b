import type { ModelId, SeriesId, SessionId } from './brand.js';
import type { PackedMask } from './mask.js';
import type { SliceAxis } from './plane.js';
import type { Box, Click, Prompts, Scribble } from './prompts.js';
import { assertNever } from './result.js';
import type { VerdictInForce } from './review.js';
import type { IntensityWindow } from './study.js';

/** What the user asks for, in words. */
export interface TargetPrompt {
  readonly text: string;
}

/** What a mask is edited by hand with; a lasso takes in, or cuts out, what its line goes around. */
export const editTools = ['brush', 'eraser', 'lasso', 'cut-lasso'] as const;
export type EditTool = (typeof editTools)[number];

/** Whether the tool adds pixels to a mask; the others take them away. */
export const addsPixels = (tool: EditTool): boolean => tool === 'brush' || tool === 'lasso';

/** The kinds of `Action`, as the store and the trace name them. */
export const actionKinds = [
  'click',
  'remove-click',
  'box',
  'remove-box',
  'scribble',
  'remove-scribble',
  'edit',
  'terminate',
  'unparsed',
] as const satisfies readonly Action['kind'][];

/** What a step did. */
export type Action =
  | { readonly kind: 'click'; readonly click: Click }
  | { readonly kind: 'remove-click'; readonly clickIndex: number; readonly placedBy: 'user' }
  | { readonly kind: 'box'; readonly box: Box }
  | { readonly kind: 'remove-box'; readonly placedBy: 'user' }
  | { readonly kind: 'scribble'; readonly scribble: Scribble }
  | {
      readonly kind: 'remove-scribble';
      readonly scribbleStepIndex: number;
      readonly placedBy: 'user';
    }
  /** One stroke by hand; the step's mask is what came of it. */
  | { readonly kind: 'edit'; readonly tool: EditTool; readonly placedBy: 'user' }
  | { readonly kind: 'terminate'; readonly answer: string }
  | { readonly kind: 'unparsed'; readonly problem: string };

/** Whether it was the user who acted, and not the policy. */
export function isUserAct(action: Action): boolean {
  switch (action.kind) {
    case 'click':
      return action.click.placedBy === 'user';
    case 'box':
      return action.box.placedBy === 'user';
    case 'scribble':
      return action.scribble.placedBy === 'user';
    case 'remove-click':
    case 'remove-box':
    case 'remove-scribble':
    case 'edit':
      return true;
    case 'terminate':
    case 'unparsed':
      return false;
    default:
      return assertNever(action);
  }
}

/** Whether the action made a mask of its own; the others leave what is there. */
export const makesMask = ({ kind }: Action): boolean => kind !== 'terminate' && kind !== 'unparsed';

/** One turn of the loop, or one act of the user; append-only. */
export interface Step {
  readonly stepIndex: number;
  /** The step it stood on, whose mask was seen; null: the session as it began. Steps form a tree (stepTree.ts). */
  readonly followsStepIndex: number | null;
  /** The policy's whole raw text; '' for an act of the user. */
  readonly policyText: string;
  readonly reasoning: string;
  readonly action: Action;
  /** In force after the action. */
  readonly prompts: Prompts;
  /** Mask after the action; null before the first one. */
  readonly mask: PackedMask | null;
  /** The segmenter's own quality estimate (predicted IoU) of `mask`; null where there is none, or a hand has edited it. */
  readonly score: number | null;
  readonly elapsedMs: number;
  readonly policyMs: number;
  readonly segmenterMs: number;
  /** Not in force: taken back, or on another branch than the one gone on with. The step stays in the trace. */
  readonly undone: boolean;
}

/** After the last step that was not taken back; null before any mask, and where what was there has been dropped. */
export const getMaskInForce = (steps: readonly Step[]): PackedMask | null =>
  steps.findLast((step) => !step.undone)?.mask ?? null;

export type StopReason =
  'policy-stop' | 'target-absent' | 'repeated-action' | 'step-limit' | 'user-stop' | 'failed';

export type Decision = 'accepted' | 'rejected' | 'edited';

/** What the loop does now. 'idle': not begun or waiting for the user after a stop. */
export type RunState = 'idle' | 'running' | 'paused' | 'stopped';

/** All that fixes a run: with the trace it can be repeated. */
export interface SessionSettings {
  readonly seriesId: SeriesId;
  readonly seriesInstanceUID: string;
  readonly phaseIndex: number;
  readonly axis: SliceAxis;
  readonly sliceIndex: number;
  readonly window: IntensityWindow;
  readonly target: TargetPrompt;
  readonly policyId: ModelId;
  readonly segmenterId: ModelId;
  readonly maxSteps: number;
  readonly parseRetries: number;
  readonly seed: number;
}

/** With the prompts in force now. */
export interface SegmentationSession extends Prompts {
  readonly sessionId: SessionId;
  readonly settings: SessionSettings;
  readonly createdAt: string; // ISO 8601, UTC
  readonly updatedAt: string;
  readonly runState: RunState;
  readonly stopReason: StopReason | null;
  /** The policy's closing words. */
  readonly answer: string | null;
  /** A sentence for the user where the session failed. */
  readonly failure: string | null;
  readonly decision: Decision | null;
  readonly steps: readonly Step[];
}

export interface SessionSummary {
  readonly sessionId: SessionId;
  readonly seriesId: SeriesId;
  readonly prompt: string;
  readonly patientName: string;
  readonly studyDate: string;
  readonly modality: string;
  readonly seriesDescription: string;
  readonly axis: SliceAxis;
  readonly sliceIndex: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly stepCount: number;
  readonly stopReason: StopReason | null;
  readonly decision: Decision | null;
  /** The reviewer's; null where nobody has reviewed it as it stands now. */
  readonly verdict: VerdictInForce;
  readonly runState: RunState;
}
