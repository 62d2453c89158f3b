import { z } from 'zod';

import type { IbisEvent, Reply } from './channels.js';
import type { IbisErrorShape } from './errors.js';

/** Main -> engine, over the fork's IPC channel (structured clone: typed arrays stay typed). */
export const toEngineSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('call'),
    callId: z.number().int(),
    method: z.string(),
    params: z.unknown(),
  }),
  /** What to stream for a dicom:// address, e.g. 'frame/<imageId>' or 'thumbnail/<seriesId>'. */
  z.object({ kind: z.literal('resolve'), callId: z.number().int(), resource: z.string() }),
  z.object({ kind: z.literal('shutdown') }),
]);
export type ToEngine = z.infer<typeof toEngineSchema>;

/** Bytes that main streams for a dicom:// address: a stretch of a file, of the original or of the cache. */
export interface ResolvedResource {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly contentType: string;
}

/** Engine -> main. */
export type FromEngine =
  | { readonly kind: 'ready' }
  /** It could not start (a damaged or newer database, a network disk) and ends now. */
  | { readonly kind: 'failed'; readonly error: IbisErrorShape }
  | { readonly kind: 'reply'; readonly callId: number; readonly reply: Reply<unknown> }
  | { readonly kind: 'event'; readonly event: IbisEvent };
