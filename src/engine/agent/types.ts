import type { PolicyManifest, SegmenterManifest } from '../../contract/manifest.js';
import type { Mask } from '../../domain/mask.js';
import type { NormalisedPoint } from '../../domain/plane.js';

/** An 8-bit slice in canonical display orientation, windowed; what both models look at. */
export interface SliceImage {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array; // uint8 [height, width, 3]
  /** SHA-256 of size and pixels: the key of cached embeddings. */
  readonly key: string;
}

/** What the policy is shown at one step. */
export interface Observation {
  readonly slice: SliceImage;
  readonly mask: Mask | null;
  readonly request: string;
  readonly orientation: string; // describeOrientation(plane)
  /** Actions in force, oldest first, in the text grammar. */
  readonly history: readonly string[];
  /** Why the last text did not parse; '' otherwise. */
  readonly error: string;
}

export interface PolicyReply {
  readonly text: string;
  readonly tokenCount: number;
  readonly elapsedMs: number;
}

export interface Policy {
  readonly manifest: PolicyManifest;
  /** Streams text through `onText` (whole text so far); rejects with AbortError within one token of `signal`. */
  nextAction(
    observation: Observation,
    options: {
      readonly onText?: (text: string) => void;
      readonly signal: AbortSignal;
      readonly seed: number;
    },
  ): Promise<PolicyReply>;
}

/** A click as the segmenter takes it. */
export interface PromptClick {
  readonly label: 'include' | 'exclude';
  readonly normalised: NormalisedPoint;
}

/** A box around the target. */
export interface PromptBox {
  readonly topLeft: NormalisedPoint;
  readonly bottomRight: NormalisedPoint;
}

/** A line drawn over the target, or over what is not the target. */
export interface PromptScribble {
  readonly label: 'include' | 'exclude';
  readonly points: readonly NormalisedPoint[]; // corners of the line, at least one
}

/** Everything that tells a segmenter where the target is; what was said before lies in the logits beside it. */
export interface SegmenterPrompts {
  readonly clicks: readonly PromptClick[];
  readonly box: PromptBox | null;
  readonly scribbles: readonly PromptScribble[];
}

export interface SegmenterReply {
  readonly mask: Mask; // at the slice's own size
  readonly score: number; // predicted IoU
  readonly lowResLogits: Float32Array; // float32 [lowRes, lowRes]
  readonly elapsedMs: number;
}

export interface Segmenter {
  readonly manifest: SegmenterManifest;
  /** All prompts in force and the previous low-resolution logits. Encodes the slice if it is not cached. */
  segment(
    slice: SliceImage,
    prompts: SegmenterPrompts,
    previousLowResLogits: Float32Array | null,
    signal: AbortSignal,
  ): Promise<SegmenterReply>;
  /**
   * A mask that was made by other means, as logits such as `segment` gives: what the next prompts start from.
   * float32 [lowRes, lowRes]
   */
  toLogits(mask: Mask): Float32Array;
  /** Encodes ahead of need; resolves when cached, at once where nothing is kept. */
  encode(slice: SliceImage, signal: AbortSignal): Promise<void>;
}
