import { z } from 'zod';

import type { RequestOf } from './workerProtocol.js';

/** What a provider is tried with: a model as it would be loaded, on a fixed input. */
export type ProbeRequest = RequestOf<'loadSegmenter'> | RequestOf<'loadPolicy'>;

export const probeReplySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('ran'),
    /** Largest difference to the CPU's result, as a share of its largest value. */
    difference: z.number(),
    elapsedMs: z.number(),
    cpuMs: z.number(),
  }),
  z.object({ kind: z.literal('failed'), reason: z.string() }),
]);
export type ProbeReply = z.infer<typeof probeReplySchema>;
