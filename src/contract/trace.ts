import { z } from 'zod';

import { verdicts } from '../domain/review.js';
import { actionKinds, editTools } from '../domain/session.js';

/** One line of `trace.jsonl`. The first line is the header, then one line a step, then the end. */
const point3 = z.object({ i: z.number(), j: z.number(), k: z.number() });
const world = z.object({ x: z.number(), y: z.number(), z: z.number() });

const label = z.enum(['include', 'exclude']);
const placedBy = z.enum(['policy', 'user']);
const placedPoint = {
  normalised: z.object({ x: z.number(), y: z.number() }),
  voxel: point3,
  world,
};

export const traceClickSchema = z.object({ label, placedBy, ...placedPoint });

export const traceBoxSchema = z.object({
  placedBy,
  topLeft: z.object(placedPoint),
  bottomRight: z.object(placedPoint),
});

export const traceScribbleSchema = z.object({
  label,
  placedBy,
  points: z.array(z.object(placedPoint)).min(1),
});

/** One bit a pixel, row by row, first pixel in the lowest bit, only inside the bounds (inclusive), in base64. */
export const traceMaskSchema = z.object({
  width: z.number().int(),
  height: z.number().int(),
  bounds: z
    .object({ left: z.number(), top: z.number(), right: z.number(), bottom: z.number() })
    .nullable(),
  bits: z.base64(),
});

export const traceHeaderSchema = z.object({
  kind: z.literal('header'),
  /** 2: boxes, scribbles, edits by hand; the mask of each step, what it stood on, and the orientation. */
  schemaVersion: z.literal(2),
  tool: z.string(),
  notice: z.string(), // 'For research use only, not for diagnosis'
  sessionId: z.string(),
  seriesInstanceUID: z.string(),
  axis: z.string(),
  orientation: z.string(), // as the policy is told
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
  followsStepIndex: z.number().int().nullable(), // the step it stood on, whose mask was seen; null: the beginning
  image: z.string(), // relative path of the observation PNG that the policy saw
  policyText: z.string(),
  reasoning: z.string(),
  action: z.enum(actionKinds),
  click: traceClickSchema.nullable(),
  removedClickIndex: z.number().int().nullable(),
  box: traceBoxSchema.nullable(),
  scribble: traceScribbleSchema.nullable(),
  removedScribbleStepIndex: z.number().int().nullable(), // of the step that drew it
  editTool: z.enum(editTools).nullable(),
  answer: z.string().nullable(),
  problem: z.string().nullable(),
  score: z.number().nullable(),
  maskVoxels: z.number().int(),
  mask: traceMaskSchema.nullable(), // after the step
  elapsedMs: z.number(),
  undone: z.boolean(), // not in force at the end: taken back, or on another branch
});

export const traceReviewSchema = z.object({
  verdict: z.enum(verdicts),
  reviewer: z.string(),
  comment: z.string(),
  stepIndex: z.number().int().nullable(), // the last step in force that was looked at
  reviewedAt: z.string(),
});

export const traceEndSchema = z.object({
  kind: z.literal('end'),
  stopReason: z.string().nullable(),
  answer: z.string().nullable(),
  decision: z.string().nullable(),
  /** The reviewer's word on the session as it ended; null where there is none. Not in traces of before there were reviews. */
  verdict: z.enum(['approved', 'rejected', 'flagged']).nullable().default(null),
  reviews: z.array(traceReviewSchema).default([]), // the earliest first
  steps: z.number().int(),
});

export const traceLineSchema = z.discriminatedUnion('kind', [
  traceHeaderSchema,
  traceStepSchema,
  traceEndSchema,
]);
export type TraceStep = z.infer<typeof traceStepSchema>;
export type TraceLine = z.infer<typeof traceLineSchema>;
