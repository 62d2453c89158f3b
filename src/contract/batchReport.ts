import { z } from 'zod';

import { ibisErrorSchema } from './errors.js';

/** One row of the list that fell to this shard. */
export const batchRowSchema = z.object({
  line: z.number().int(), // of the list, counted from 1
  path: z.string(), // absolute
  prompt: z.string(),
  /** 'pending': its turn did not come, or it was interrupted; the same command goes on with it. */
  state: z.enum(['done', 'failed', 'pending']),
  /** Finished by an earlier run of this command; nothing was done now. */
  earlier: z.boolean(),
  sessionId: z.string().nullable(), // null where it failed before there was a session
  stopReason: z.string().nullable(),
  steps: z.number().int(),
  maskVoxels: z.number().int(),
  elapsedMs: z.number(), // of the stored steps: the same after a resumption
  error: ibisErrorSchema.nullable(),
});
export type BatchRow = z.infer<typeof batchRowSchema>;

/** Written by `ibis batch --out`. */
export const batchReportSchema = z.object({
  list: z.string(),
  shard: z.object({ index: z.number().int(), count: z.number().int() }), // index from 1
  policyId: z.string(),
  segmenterId: z.string(),
  counts: z.object({
    done: z.number().int(),
    failed: z.number().int(),
    pending: z.number().int(),
  }),
  rows: z.array(batchRowSchema),
  /** Files of a folder that could not be read when its cases were listed; a list names its files itself. */
  refused: z
    .array(z.object({ fileName: z.string(), code: z.string(), reason: z.string() }))
    .default([]),
});
export type BatchReport = z.infer<typeof batchReportSchema>;
