import { z } from 'zod';

/** One line of `trace.jsonl`. The first line is the header, then one line a step, then the end. */
const point3 = z.object({ i: z.number(), j: z.number(), k: z.number() });
const world = z.object({ x: z.number(), y: z.number(), z: z.number() });

export const traceClickSchema = z.object({
  label: z.enum(['include', 'exclude']),
  placedBy: z.enum(['policy', 'user']),
  normalised: z.object({ x: z.number(), y: z.number() }),
  voxel: point3,
  world,
});

export const traceHeaderSchema = z.object({
  kind: z.literal('header'),
  schemaVersion: z.literal(1),
  tool: z.string(),
  notice: z.string(), // 'For research use only, not for diagnosis'
  sessionId: z.string(),
  seriesInstanceUID: z.string(),
  axis: z.string(),
  sliceIndex: z.number().int(),
  phaseIndex: z.number().int(),
  window: z.object({ centre: z.number(), width: z.number() }),
  prompt: z.string(),
  models: z.array(
    z.object({ id: z.string(), role: z.string(), files: z.record(z.string(), z.string()) }),
  ),
  seed: z.number(),
  settings: z.record(z.string(), z.unknown()),
});

export const traceStepSchema = z.object({
  kind: z.literal('step'),
  stepIndex: z.number().int(),
  image: z.string(), // relative path of the observation PNG that the policy saw
  policyText: z.string(),
  reasoning: z.string(),
  action: z.enum(['click', 'remove-click', 'terminate', 'unparsed']),
  click: traceClickSchema.nullable(),
  removedClickIndex: z.number().int().nullable(),
  answer: z.string().nullable(),
  problem: z.string().nullable(),
  score: z.number().nullable(),
  maskVoxels: z.number().int(),
  elapsedMs: z.number(),
  undone: z.boolean(),
});

export const traceEndSchema = z.object({
  kind: z.literal('end'),
  stopReason: z.string().nullable(),
  answer: z.string().nullable(),
  decision: z.string().nullable(),
  steps: z.number().int(),
});

export const traceLineSchema = z.discriminatedUnion('kind', [
  traceHeaderSchema,
  traceStepSchema,
  traceEndSchema,
]);
export type TraceLine = z.infer<typeof traceLineSchema>;
