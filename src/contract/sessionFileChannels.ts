import { z } from 'zod';

import type { SeriesId, SessionId } from '../domain/brand.js';

/** The part of the channel table that writes and opens files of whole sessions. */
const sessionId = z.string().transform((id) => id as SessionId); // branding at the edge

export const sessionFileMethods = {
  /** Everything of a session as one file (sessionFile.ts). Without `replace`, a name that is taken gets a number. */
  exportSessionFile: z.object({
    sessionId,
    file: z.string(),
    images: z.enum(['included', 'referenced']),
    replace: z.boolean().default(false),
  }),
  /** Takes the session of such a file into the database, on images that it brings or that are open. */
  openSessionFile: z.object({ file: z.string(), jobId: z.string() }),
} as const;

export interface ExportedSessionFile {
  readonly file: string;
  readonly bytes: number;
  readonly imageFiles: number;
  readonly notes: readonly string[];
}

export interface OpenedSessionFile {
  readonly sessionId: SessionId;
  readonly seriesId: SeriesId;
  /** 'already-there': it is here as it is in the file, or with a person's work that the file does not have. */
  readonly fate: 'added' | 'continued' | 'already-there';
}

export interface SessionFileResults {
  exportSessionFile: ExportedSessionFile;
  openSessionFile: OpenedSessionFile;
}
