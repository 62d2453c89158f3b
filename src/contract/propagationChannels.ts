import { z } from 'zod';

import type { SegmentationId } from '../domain/brand.js';
import type { PackedMask } from '../domain/mask.js';
import type { SliceAxis } from '../domain/plane.js';
import type { Segmentation } from '../domain/segmentation.js';

/** The part of the channel table that completes a segment from a few of its slices. */
const sliceIndex = z.number().int().nonnegative();
const MAX_SLICES = 10_000; // of a series

/** Given slices that the engine takes from the segment as it is. */
const givenSlices = z.array(sliceIndex).max(MAX_SLICES);

export const propagationMethods = {
  /**
   * Completes a segment from its masks on `givenSlices` of an axis; a given slice without a voxel says that the target
   * is not there. Slices come as `slicePropagated`, to be shown as a preview; all of it is one edit of the segment, made
   * when it ends or when `cancelJob` ends it early.
   * To correct: the same given slices and the corrected one, which is named in `changedSlices` too, and what the
   * earlier runs gave as `before`; only what depends on it is made again.
   */
  startPropagation: z.object({
    segmentationId: z.string().transform((id) => id as SegmentationId), // branding at the edge
    segmentNumber: z.number().int().min(1).max(65_535),
    axis: z.enum(['acquired', 'axial', 'coronal', 'sagittal']),
    /** Null: that of the first given slice. */
    window: z.object({ centre: z.number(), width: z.number().positive() }).nullable(),
    givenSlices: givenSlices.min(1),
    changedSlices: givenSlices.nullable().default(null),
    before: z
      .array(z.object({ sliceIndex, score: z.number(), stemsFrom: sliceIndex }))
      .max(MAX_SLICES)
      .default([]),
    direction: z.enum(['both', 'up', 'down']).default('both'),
    /** Predicted IoU under which the target is held to have ended; null: the measured one. */
    leastScore: z.number().min(0).max(1).nullable().default(null),
    segmenterId: z.string(),
    jobId: z.string(),
  }),
} as const;

export interface DoubtShape {
  readonly reason: 'low-score' | 'area-change' | 'little-overlap' | 'drift' | 'other-gray';
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

export interface PropagationResult {
  readonly segmentation: Segmentation;
  /** What this run made, in the order of the slices. */
  readonly slices: readonly PropagatedSliceShape[];
  /** Slices of `before` that were taken back, since what they stemmed from changed. */
  readonly cleared: readonly number[];
  /** The last slices that have the target, where it was held to end. */
  readonly ends: readonly {
    readonly sliceIndex: number;
    readonly towards: 'up' | 'down';
    readonly stemsFrom: number;
    /** null: the volume ends there. */
    readonly because: DoubtShape | 'nothing-found' | null;
  }[];
  readonly cancelled: boolean;
}

export interface PropagationMethodResults {
  startPropagation: PropagationResult;
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
