import { z } from 'zod';

/** One instance of many, named by its place in an order; each value of the label image is one instance. */
const rankedSchema = z.object({
  rule: z.literal('ranked'),
  by: z.enum(['area', 'x', 'y']), // pixels; mean normalised column; mean normalised row
  order: z.enum(['ascending', 'descending']),
  rank: z.number().int().nonnegative(), // zero-based
  /** How far it must be from its neighbours in the order (areas: of the larger one's), else it is no case. */
  margin: z.number().nonnegative(),
});
export type RankedInstance = z.infer<typeof rankedSchema>;

/** `resources/targets/<dataset>.json`: what is asked of each case of a data set. Python reads the same files. */
export const targetSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Values of the label image that belong to the target, or any above 0. */
  labels: z.union([z.array(z.number().int()).min(1), z.literal('any')]),
  /** Paraphrases; the first is the canonical request. */
  requests: z.array(z.string()).min(1),
  axis: z.enum(['acquired', 'axial', 'coronal', 'sagittal']),
  slices: z.discriminatedUnion('rule', [
    z.object({ rule: z.literal('all') }),
    z.object({ rule: z.literal('largest-area') }),
    z.object({ rule: z.literal('area-quantiles'), count: z.number().int().positive() }),
    z.object({ rule: z.literal('list'), sliceIndices: z.array(z.number().int().nonnegative()) }),
  ]),
  instances: z.union([z.enum(['merged', 'largest', 'each']), rankedSchema]),
  minPixels: z.number().int().nonnegative(),
  /** A slice with more values than this is no case. */
  maxInstances: z.number().int().positive().optional(),
  window: z.union([
    z.object({ rule: z.literal('percentile'), low: z.number(), high: z.number() }),
    z.object({ centre: z.number(), width: z.number().positive() }),
  ]),
  /** Id of a target that lies near and must not be taken for this one. */
  contrastWith: z.string().optional(),
  /** Normalised centre of the target over the training split; null where there is none. */
  trainMeanPosition: z
    .tuple([z.number(), z.number()])
    .nullish()
    .transform((position) => position ?? undefined),
});

export const targetsFileSchema = z.object({
  schemaVersion: z.literal(1),
  dataset: z.string(),
  modality: z.string(),
  targets: z.array(targetSchema).min(1),
  /** Requests for what is in no picture of the set. */
  absentRequests: z.array(z.string()).optional(),
});

export type Target = z.infer<typeof targetSchema>;
export type TargetsFile = z.infer<typeof targetsFileSchema>;
