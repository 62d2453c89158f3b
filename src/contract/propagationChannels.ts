import { z } from 'zod';

import type { SegmentationId } from '../domain/brand.js';
import type { PackedMask } from '../domain/mask.js';
import type { SliceAxis } from '../domain/plane.js';
import type { Segmentation } from '../domain/segmentation.js';

/** The part of the channel table that completes a segment from a few of its slices. */
const ofCut = {
  segmentationId: z.string().transform((id) => id as SegmentationId), // branding at the edge
  segmentNumber: z.number().int().min(1).max(65_535),
  axis: z.enum(['acquired', 'axial', 'coronal', 'sagittal']),
};

export const propagationMethods = {
  /** What is given of a segment along an axis, what was made of it, and what of that should be looked at. */
  getPropagation: z.object(ofCut),
  /**
   * Completes a segment from its given slices. Where some of them have changed since the last run (corrected ones, too),
   * only what depends on these is made again; else everything. Slices come as `slicePropagated`, to be shown as a
   * preview; all of it is one edit of the segment, made when it ends, or when `cancelJob` ends it early and
   * what was made until then is kept.
   */
  startPropagation: z.object({
    ...ofCut,
    /** Null: that of the first given slice. */
    window: z.object({ centre: z.number(), width: z.number().positive() }).nullable(),
    direction: z.enum(['both', 'up', 'down']).default('both'),
    /** Predicted IoU under which the target is held to have ended; null: none, a drop of it counts. */
    leastScore: z.number().min(0).max(1).nullable().default(null),
    segmenterId: z.string(),
    jobId: z.string(),
    /** Whether what a cancelled run has made until then is put into the segment; else nothing of it is. */
    keepsPartial: z.boolean().default(true),
  }),
  /** Says that a propagated slice is right: from then on it is as good as given. `confirmed` false takes that back. */
  reviewPropagatedSlice: z.object({
    ...ofCut,
    sliceIndex: z.number().int().nonnegative(),
    confirmed: z.boolean(),
  }),
} as const;

export interface DoubtShape {
  readonly reason:
    | 'low-score'
    | 'score-drop'
    | 'area-change'
    | 'little-overlap'
    | 'drift'
    | 'other-gray'
    | 'too-large'
    | 'swells-again'
    | 'far-away';
  readonly value: number;
  readonly limit: number;
  readonly sentence: string;
}

export interface PropagatedSliceShape {
  readonly sliceIndex: number;
  readonly score: number; // predicted IoU
  /** The given slice that it was made from. */
  readonly stemsFrom: number;
  /** [] where there is nothing to look at. */
  readonly doubts: readonly DoubtShape[];
}

/** The last slice that has the target, where it was held to end. */
export interface PropagationEndShape {
  readonly sliceIndex: number;
  readonly towards: 'up' | 'down';
  readonly stemsFrom: number;
  /** null: the volume ends there. */
  readonly because: DoubtShape | 'nothing-found' | null;
}

/** Whether somebody has looked: said that it is right, or changed it. */
export type SliceReview = 'open' | 'confirmed' | 'corrected';

/** Follows from the voxels in force: it is right after undo, tools and strokes of any kind. */
export interface PropagationState {
  readonly segmentationId: SegmentationId;
  readonly segmentNumber: number;
  readonly axis: SliceAxis;
  /** What the next run goes from: slices that were drawn, corrected or confirmed; also empty ones. In order. */
  readonly given: readonly number[];
  /** Those of them that what stands does not follow from yet; null: nothing was propagated along this axis. */
  readonly changed: readonly number[] | null;
  /** What the last run and those before it made, in order. */
  readonly slices: readonly (PropagatedSliceShape & { readonly review: SliceReview })[];
  readonly ends: readonly (PropagationEndShape & { readonly review: SliceReview })[];
}

export interface PropagationResult {
  readonly segmentation: Segmentation;
  /** What this run made, in the order of the slices. */
  readonly slices: readonly PropagatedSliceShape[];
  /** Slices of earlier runs that were taken back: they do not follow from what is given now. */
  readonly cleared: readonly number[];
  readonly ends: readonly PropagationEndShape[];
  readonly cancelled: boolean;
}

export interface PropagationMethodResults {
  getPropagation: PropagationState;
  startPropagation: PropagationResult;
  reviewPropagatedSlice: PropagationState;
}

/** One slice is made; it is in the segment only when the run has ended. */
export interface SlicePropagated {
  readonly kind: 'slicePropagated';
  readonly jobId: string;
  readonly segmentationId: SegmentationId;
  readonly segmentNumber: number;
  readonly axis: SliceAxis;
  /** In the orientation of the slice image. */
  readonly mask: PackedMask;
  readonly slice: PropagatedSliceShape;
}
