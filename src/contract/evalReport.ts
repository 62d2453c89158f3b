import { z } from 'zod';

import { evalMethods } from './evalMethods.js';

const method = z.enum(evalMethods);

/** Of the texts that the policy wrote for a case; absent where no policy wrote. */
export const wordCountsSchema = z.object({
  unparsed: z.number().int(),
  /** Clicks whose reasoning names a direction, and those of them that lie there as seen from the row's target. */
  directions: z.number().int(),
  directionsRight: z.number().int(),
});

/** One case by one method. */
export const evalRowSchema = z.object({
  caseId: z.string(), // dataset/file/target/slice, and /instance where each part is a case
  targetId: z.string(),
  sliceIndex: z.number().int(),
  method,
  dice: z.number(),
  iou: z.number(),
  steps: z.number().int(),
  stopReason: z.string(),
  elapsedMs: z.number(),
  /** Dice after the first click, the second, ... */
  diceByStep: z.array(z.number()),
  // Reports made before these were measured lack them.
  iouByStep: z.array(z.number()).optional(),
  /** To encode the slice, before `elapsedMs` begins; 0 where the segmenter keeps nothing or had it already. */
  encodeMs: z.number().optional(),
  /** What was asked, where it is not the target's first request. */
  request: z.string().optional(),
  words: wordCountsSchema.optional(),
});

const interval = { low95: z.number(), high95: z.number() }; // bootstrap over cases

/** `targetId` null: all targets together. */
export const evalMeanSchema = z.object({
  targetId: z.string().nullable(),
  method,
  n: z.number().int(),
  dice: z.number(),
  ...interval,
  iou: z.number(),
  steps: z.number(),
  elapsedMs: z.number(),
});

/** Dice of the agent less that of a baseline, case by case. */
export const evalDifferenceSchema = z.object({
  targetId: z.string().nullable(),
  baseline: method,
  n: z.number().int(),
  dice: z.number(),
  ...interval,
});

export const evalReportSchema = z.object({
  schemaVersion: z.literal(1),
  notice: z.string(), // 'For research use only, not for diagnosis'
  dataset: z.string(),
  split: z.string(),
  data: z.object({
    files: z.number().int(),
    sha256: z.string(),
    /** Of the targets, as JSON after parsing: what was asked, and which labels were the truth. */
    targetsSha256: z.string(),
  }),
  models: z.array(
    z.object({ id: z.string(), role: z.string(), files: z.record(z.string(), z.string()) }),
  ),
  seed: z.number(),
  settings: z.object({
    maxSteps: z.number().int(),
    parseRetries: z.number().int(),
    request: z.literal('first'),
    oracleStopIou: z.number(),
  }),
  /** Where the times were taken; `loadAverage` at the start, 0 where the system keeps none. */
  machine: z
    .object({ processor: z.string(), cores: z.number().int(), loadAverage: z.number() })
    .optional(),
  rows: z.array(evalRowSchema),
  means: z.array(evalMeanSchema),
  differences: z.array(evalDifferenceSchema),
});

export type WordCounts = z.infer<typeof wordCountsSchema>;
export type EvalRow = z.infer<typeof evalRowSchema>;
export type EvalMean = z.infer<typeof evalMeanSchema>;
export type EvalDifference = z.infer<typeof evalDifferenceSchema>;
export type EvalReport = z.infer<typeof evalReportSchema>;
