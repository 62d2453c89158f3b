import { z } from 'zod';

import type { SegmentationId, SeriesId, SessionId } from '../domain/brand.js';
import type { PackedMask } from '../domain/mask.js';
import { overlapPolicies } from '../domain/segmentation.js';
import type { CodedConcept, Segment, Segmentation } from '../domain/segmentation.js';
import type { VoxelBox } from '../domain/segmentSlices.js';
import type { SegmentStatistics } from '../domain/segmentStatistics.js';
import { packedMaskSchema } from './packedMask.js';

/** The part of the channel table that deals with segmentations of a volume. */
const seriesId = z.string().transform((id) => id as SeriesId); // branding at the edge
const sessionId = z.string().transform((id) => id as SessionId); // branding at the edge
const segmentationId = z.string().transform((id) => id as SegmentationId); // branding at the edge
const sliceIndex = z.number().int().nonnegative();
const axis = z.enum(['acquired', 'axial', 'coronal', 'sagittal']);
const segmentNumber = z.number().int().min(1).max(65_535); // DICOM's US

/** DICOM's LO: no backslash, nothing that cannot be seen. */
const label = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\\\p{Cc}]+$/u);

export const codedConceptSchema = z.object({
  value: z.string().min(1).max(64),
  scheme: z.string().min(1).max(16),
  meaning: z.string().min(1).max(64),
}) satisfies z.ZodType<CodedConcept>;
const valueRange = z
  .object({ lower: z.number(), upper: z.number() })
  .refine(({ lower, upper }) => lower <= upper);
const colour = z.string().regex(/^#[0-9a-f]{6}$/);
const opacity = z.number().min(0).max(1);

export const segmentSchema = z.object({
  segmentNumber,
  segmentLabel: label,
  category: codedConceptSchema,
  type: codedConceptSchema,
  modifier: codedConceptSchema.nullable(),
  colour,
  opacity,
  visible: z.boolean(),
  locked: z.boolean(),
  source: z.enum(['manual', 'semiautomatic', 'automatic']),
}) satisfies z.ZodType<Segment>;

/** What a user may change of a segment; what is left out stays. */
const segmentChange = segmentSchema.omit({ segmentNumber: true, source: true }).partial();

const ofSegmentation = { segmentationId };
const ofSegment = { segmentationId, segmentNumber };
/** As many as a series has slices. */
const MAX_STROKE_SLICES = 10_000;

export const segmentationMethods = {
  /** An empty one, without segments, over one volume of an open series. */
  createSegmentation: z.object({
    seriesId,
    phaseIndex: z.number().int().nonnegative(),
    segmentationLabel: label,
  }),
  /** Of all phases of a series, oldest first. */
  listSegmentations: z.object({ seriesId }),
  getSegmentation: z.object(ofSegmentation),
  renameSegmentation: z.object({ ...ofSegmentation, segmentationLabel: label }),
  /** For good, with its history. */
  deleteSegmentation: z.object(ofSegmentation),
  setOverlapPolicy: z.object({ ...ofSegmentation, overlap: z.enum(overlapPolicies) }),
  /**
   * The new segment is the last of the list, visible and unlocked. Codes that are left out are looked up by the label
   * ('left kidney'), 'Tissue' where it is not known; the colour is the next of a palette.
   */
  addSegment: z.object({
    ...ofSegmentation,
    segmentLabel: label,
    codes: z
      .object({
        category: codedConceptSchema,
        type: codedConceptSchema,
        modifier: codedConceptSchema.nullable(),
      })
      .nullable()
      .default(null),
    colour: colour.nullable().default(null),
  }),
  /** Label, colour, codes and lock can be undone; visibility and opacity are how it is looked at, and are not. */
  changeSegment: z.object({ ...ofSegment, change: segmentChange }),
  /** To a place in the list, from 0. */
  moveSegment: z.object({ ...ofSegment, toIndex: z.number().int().nonnegative() }),
  removeSegment: z.object(ofSegment),
  /**
   * Of the visible segments that are met by a slice image, in the image's orientation; `segmentNumbers`: of these alone,
   * null: of all.
   */
  getSegmentMasks: z.object({
    ...ofSegmentation,
    axis,
    sliceIndex,
    segmentNumbers: z.array(segmentNumber).nullable().default(null),
  }),
  /**
   * One stroke of any tool that works on slice images: what it covers on one slice, or on several (a sphere).
   * `toolLabel` names it for undo: 'Brush'. One that changes nothing makes no act.
   */
  paintSegment: z.object({
    ...ofSegment,
    axis,
    mode: z.enum(['add', 'erase']),
    toolLabel: label,
    /** Modality values, both ends included: only voxels with such a value are painted or erased. Null: all. */
    range: valueRange.nullable().default(null),
    slices: z
      .array(z.object({ sliceIndex, region: packedMaskSchema }))
      .min(1)
      .max(MAX_STROKE_SLICES),
  }),
  /** Adds the mask in force of a session of the agent, accepted or not, on the slice that it was made on. */
  addSessionMask: z.object({ ...ofSegment, sessionId }),
  undoSegmentation: z.object(ofSegmentation),
  redoSegmentation: z.object(ofSegmentation),
  /** Reads the series' pixels where they are not in memory. */
  computeSegmentStatistics: z.object(ofSegment),
} as const;

export interface SegmentMasks {
  readonly segmentationId: SegmentationId;
  readonly revision: number;
  /** In the order of the list; segments that are hidden or not on this slice are left out. */
  readonly masks: readonly { readonly segmentNumber: number; readonly mask: PackedMask }[];
}

export interface SegmentationMethodResults {
  createSegmentation: Segmentation;
  listSegmentations: readonly Segmentation[];
  getSegmentation: Segmentation;
  renameSegmentation: Segmentation;
  deleteSegmentation: null;
  setOverlapPolicy: Segmentation;
  addSegment: Segmentation;
  changeSegment: Segmentation;
  moveSegment: Segmentation;
  removeSegment: Segmentation;
  getSegmentMasks: SegmentMasks;
  paintSegment: Segmentation;
  addSessionMask: Segmentation;
  undoSegmentation: Segmentation;
  redoSegmentation: Segmentation;
  computeSegmentStatistics: SegmentStatistics;
}

export type SegmentationEvent =
  /** Stored and in force: also announced of a new one, and of what undo and redo did. */
  | {
      readonly kind: 'segmentationChanged';
      readonly segmentation: Segmentation;
      /** Where voxels changed, by segment; [] when only the list of segments or how they look did. */
      readonly changes: readonly { readonly segmentNumber: number; readonly box: VoxelBox }[];
    }
  | {
      readonly kind: 'segmentationDeleted';
      readonly segmentationId: SegmentationId;
      readonly seriesId: SeriesId;
    };
