import { z } from 'zod';

import type { SeriesId, SessionId } from '../domain/brand.js';
import { deidentifySchema } from './deidentification.js';

/** The part of the channel table that writes and opens files of whole sessions. */
const sessionId = z.string().transform((id) => id as SessionId); // branding at the edge

export const sessionFileMethods = {
  /** Everything of a session as one file (sessionFile.ts). Without `replace`, a name that is taken gets a number. */
  exportSessionFile: z.object({
    sessionId,
    file: z.string(),
    images: z.enum(['included', 'referenced']),
    replace: z.boolean().default(false),
    deidentify: deidentifySchema,
  }),
  /** Takes what is in such a file into the database, on images that it brings or that are open. */
  openSessionFile: z.object({ file: z.string(), jobId: z.string() }),
} as const;

export interface ExportedSessionFile {
  readonly file: string;
  readonly bytes: number;
  readonly imageFiles: number;
  readonly segmentations: number;
  readonly measurements: number;
  readonly notes: readonly string[];
}

/** Of the segmentations or measurements of a file: how many were new, newer than those here, or here already. */
export interface OpenedCounts {
  readonly added: number;
  readonly continued: number;
  readonly alreadyThere: number;
}

export interface OpenedSessionFile {
  readonly sessionId: SessionId;
  readonly seriesId: SeriesId;
  /** 'already-there': it is here as it is in the file, or with a person's work that the file does not have. */
  readonly fate: 'added' | 'continued' | 'already-there';
  readonly segmentations: OpenedCounts;
  readonly measurements: OpenedCounts;
}

export interface SessionFileResults {
  exportSessionFile: ExportedSessionFile;
  openSessionFile: OpenedSessionFile;
}
