import { z } from 'zod';

/** Every failure that reaches a user: a code for logs and tests, a sentence that says what happened and what to do. */
export const errorCodes = [
  'usage',
  'not-found',
  'not-dicom',
  'broken-file',
  'no-pixels',
  'unsupported-syntax',
  'video-not-supported',
  'unsupported-format',
  'no-series',
  'bad-slice',
  'no-geometry',
  'does-not-fit',
  'model-missing',
  'model-hash',
  'model-signature',
  'model-manifest',
  'model-failed',
  'database-newer',
  'database-damaged',
  'database-on-network',
  'disk-full',
  'permission',
  'empty-mask',
  'session-state',
  'cancelled',
  'engine-stopped',
  'bad-message',
  'failed',
] as const;

export const errorCodeSchema = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof errorCodeSchema>;

export const ibisErrorSchema = z.object({ code: errorCodeSchema, message: z.string() });
export type IbisErrorShape = z.infer<typeof ibisErrorSchema>;

/** Thrown across layers where a Result would only be passed on; carries the code to the edge. */
export class IbisError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'IbisError';
  }
}

/** Anything thrown -> code and sentence; unknown faults keep their message under 'failed'. */
export function toErrorShape(thrown: unknown): IbisErrorShape {
  if (thrown instanceof IbisError) return { code: thrown.code, message: thrown.message };
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return { code: 'cancelled', message: 'Cancelled.' };
  return { code: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) };
}
