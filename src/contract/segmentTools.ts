import { z } from 'zod';

import type { SegmentationId } from '../domain/brand.js';
import type { Segmentation } from '../domain/segmentation.js';

/**
 * The tools that change a whole segment: what the window asks for with `applySegmentTool`, run by the engine's tool
 * worker (src/engine/tools). Lengths are mm, values are modality values (HU of a CT), voxels are zero-based.
 */
const segmentNumber = z.number().int().min(1).max(65_535);
const sliceIndex = z.number().int().nonnegative();
const axis = z.enum(['acquired', 'axial', 'coronal', 'sagittal']);
const voxel = z.object({ i: sliceIndex, j: sliceIndex, k: sliceIndex });
const positiveMm = z.number().positive().max(1000);
const normalisedPoint = z.object({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) });
const range = z
  .object({ lower: z.number(), upper: z.number() })
  .refine(({ lower, upper }) => lower <= upper);

/** Where a tool looks. */
const region = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('volume') }),
  z.object({ kind: z.literal('slice'), axis, sliceIndex }),
  z.object({ kind: z.literal('box'), min: voxel, max: voxel }),
  z.object({ kind: z.literal('segment'), segmentNumber }),
]);

/** What becomes of the segment: the found voxels in its place, as well, or taken from it. */
const combination = z.enum(['replace', 'add', 'subtract']);

/** Voxels hang together by faces (6, in a slice 4), or by edges and corners too (26, 8). */
const connectivity = z.enum(['faces', 'corners']).default('faces');

export const segmentToolSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('threshold'), range, region, combination }),
  z.object({
    kind: z.literal('grow-region'),
    seed: voxel,
    criterion: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('range'), range }),
      z.object({
        kind: z.literal('deviations'),
        /** Values up to so many standard deviations from the mean belong. */
        count: z.number().positive().max(20),
        /** Half the edge of the box around the seed that is measured first, voxels. */
        radiusVoxels: z.number().int().min(1).max(20).default(2),
        /** How often the region is measured and grown anew. */
        iterations: z.number().int().min(0).max(10).default(2),
      }),
    ]),
    /** A slice: growing in 2D. */
    region,
    connectivity,
    combination,
  }),
  /** Fills what the segment's outline encloses around a point of a slice. */
  z.object({ kind: z.literal('fill-outline'), voxel, axis }),
  /** Cavities in 3D (axis null), or the holes of each slice along an axis. */
  z.object({ kind: z.literal('fill-holes'), axis: axis.nullable() }),
  z.object({ kind: z.literal('keep-largest-island'), connectivity }),
  z.object({ kind: z.literal('keep-island'), voxel, connectivity }),
  z.object({ kind: z.literal('remove-island'), voxel, connectivity }),
  z.object({
    kind: z.literal('remove-small-islands'),
    minMm3: z.number().positive(),
    connectivity,
  }),
  /** The largest stays; each other one of at least `minMm3` becomes a segment, smaller ones are removed. */
  z.object({
    kind: z.literal('split-islands'),
    minMm3: z.number().nonnegative().default(0),
    connectivity,
  }),
  /** Majority in a box around each voxel. */
  z.object({ kind: z.literal('median'), radiusMm: positiveMm }),
  z.object({ kind: z.literal('open'), radiusMm: positiveMm }),
  z.object({ kind: z.literal('close'), radiusMm: positiveMm }),
  /** Several segments at once, so that neither gaps nor overlaps come between them. */
  z.object({
    kind: z.literal('smooth-jointly'),
    segmentNumbers: z.array(segmentNumber).min(1).max(1000),
    deviationMm: z.number().positive().max(50),
  }),
  /** A margin along each of i, j and k; the same three times for a ball. */
  z.object({ kind: z.literal('grow'), radiiMm: marginMm() }),
  z.object({ kind: z.literal('shrink'), radiiMm: marginMm() }),
  z.object({
    kind: z.literal('hollow'),
    thicknessMm: positiveMm,
    side: z.enum(['inside', 'outside', 'both']),
  }),
  z.object({ kind: z.literal('unite'), other: segmentNumber }),
  z.object({ kind: z.literal('intersect'), other: segmentNumber }),
  z.object({ kind: z.literal('subtract'), other: segmentNumber }),
  /** Within the region alone; what the segment has outside stays. */
  z.object({ kind: z.literal('invert'), region }),
  z.object({
    kind: z.literal('copy-slice'),
    axis,
    from: sliceIndex,
    to: z.array(sliceIndex).min(1).max(10_000),
    /** On the image: left to right or top to bottom, across a line at a share of its width or height. */
    mirror: z
      .object({ across: z.enum(['column', 'row']), at: z.number().min(0).max(1).default(0.5) })
      .nullable()
      .default(null),
    combination,
  }),
  /** Fills the empty slices between drawn ones. */
  z.object({ kind: z.literal('interpolate-slices'), axis }),
  /** A closed outline on the slice images of an axis, through some slices or (null) all. One slice: a lasso. */
  z.object({
    kind: z.literal('cut'),
    axis,
    slices: z.object({ first: sliceIndex, last: sliceIndex }).nullable(),
    outline: z.array(normalisedPoint).min(3).max(10_000),
    operation: z.enum(['erase-inside', 'erase-outside', 'fill-inside', 'fill-outside']),
  }),
]);

function marginMm() {
  const mm = z.number().nonnegative().max(1000);
  return z
    .tuple([mm, mm, mm])
    .refine(([i, j, k]) => i + j + k > 0)
    .readonly();
}

export type SegmentTool = z.infer<typeof segmentToolSchema>;
export type SegmentToolOf<K extends SegmentTool['kind']> = Extract<SegmentTool, { kind: K }>;
export type ToolRegion = z.infer<typeof region>;
export type Combination = z.infer<typeof combination>;

export const segmentToolMethods = {
  /** Progress and cancel through `jobId`. One that changes nothing makes no act. */
  applySegmentTool: z.object({
    segmentationId: z.string().transform((id) => id as SegmentationId), // branding at the edge
    segmentNumber,
    tool: segmentToolSchema,
    jobId: z.string(),
  }),
} as const;

export interface SegmentToolResults {
  applySegmentTool: Segmentation;
}

/** In words, for the history: 'Grow on Liver'. */
export const segmentToolNames: Readonly<Record<SegmentTool['kind'], string>> = {
  threshold: 'Threshold',
  'grow-region': 'Region growing',
  'fill-outline': 'Fill outline',
  'fill-holes': 'Fill holes',
  'keep-largest-island': 'Keep largest island',
  'keep-island': 'Keep island',
  'remove-island': 'Remove island',
  'remove-small-islands': 'Remove small islands',
  'split-islands': 'Split islands',
  median: 'Median smoothing',
  open: 'Opening',
  close: 'Closing',
  'smooth-jointly': 'Joint smoothing',
  grow: 'Grow',
  shrink: 'Shrink',
  hollow: 'Hollow',
  unite: 'Unite',
  intersect: 'Intersect',
  subtract: 'Subtract',
  invert: 'Invert',
  'copy-slice': 'Copy slice',
  'interpolate-slices': 'Interpolate slices',
  cut: 'Cut',
};
