import type { ModelId, SeriesId, SessionId } from './brand.js';
import type { VoxelIndex, WorldPoint } from './geometry.js';
import type { PackedMask } from './mask.js';
import type { NormalisedPoint, SliceAxis } from './plane.js';
import type { IntensityWindow } from './study.js';

/** What the user asks for, in words. */
export interface TargetPrompt {
  readonly text: string;
}

/** A click in all three spaces, so that a trace reads the same without the volume at hand. */
export interface Click {
  readonly index: number; // zero-based among the clicks in force
  readonly label: 'include' | 'exclude';
  readonly placedBy: 'policy' | 'user';
  readonly normalised: NormalisedPoint;
  readonly voxel: VoxelIndex;
  readonly world: WorldPoint;
}

/** What a step did. */
export type Action =
  | { readonly kind: 'click'; readonly click: Click }
  | { readonly kind: 'remove-click'; readonly clickIndex: number; readonly placedBy: 'user' }
  | { readonly kind: 'terminate'; readonly answer: string }
  | { readonly kind: 'unparsed'; readonly problem: string };

/** One turn of the loop, or one act of the user; append-only. */
export interface Step {
  readonly stepIndex: number;
  /** The policy's whole raw text; '' for an act of the user. */
  readonly policyText: string;
  readonly reasoning: string;
  readonly action: Action;
  /** Mask after the action; null before any click. */
  readonly mask: PackedMask | null;
  /** The segmenter's own quality estimate (predicted IoU) of `mask`, or null. */
  readonly score: number | null;
  readonly elapsedMs: number;
  readonly policyMs: number;
  readonly segmenterMs: number;
  /** Set when a later undo took this step back; the step stays in the trace. */
  readonly undone: boolean;
}

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

export interface SegmentationSession {
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
  /** Clicks in force now, renumbered. */
  readonly clicks: readonly Click[];
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
  readonly runState: RunState;
}
