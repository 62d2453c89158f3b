import { z } from 'zod';

import type { SegmentationId, SeriesId } from '../domain/brand.js';
import type { Segmentation } from '../domain/segmentation.js';
import { deidentifySchema } from './deidentification.js';
import { segmentationFormats } from './segmentationFormats.js';

/** The part of the channel table that reads and writes files of segmentations. */
const seriesId = z.string().transform((id) => id as SeriesId); // branding at the edge
const segmentationId = z.string().transform((id) => id as SegmentationId); // branding at the edge

/**
 * Which volumes a file may be laid on: the given one; that one first and then all of the open series; or the series that
 * the file names first.
 */
const importSearches = ['here', 'here-first', 'named-first'] as const;
export type ImportSearch = (typeof importSearches)[number];

export const segmentationFileMethods = {
  /**
   * A new segmentation out of a file, laid on one volume of an open series; 'does-not-fit' where it fits on none that it
   * may be laid on.
   */
  importSegmentation: z.object({
    /** The volume on screen; null: none. */
    seriesId: seriesId.nullable(),
    phaseIndex: z.number().int().nonnegative().default(0),
    path: z.string(),
    search: z.enum(importSearches).default('here-first'),
    /** An import of the same voxels that is stored already is given, whatever was done to it since: nothing is added. */
    keepKnown: z.boolean().default(false),
  }),
  /** Of an open series. An earlier export in `outDir` is left alone: the new one goes into a folder beside it. */
  exportSegmentation: z.object({
    segmentationId,
    formats: z.array(z.enum(segmentationFormats)).min(1),
    outDir: z.string(),
    deidentify: deidentifySchema,
  }),
} as const;

export interface SegmentationFileResults {
  importSegmentation: {
    readonly segmentation: Segmentation;
    /** It was stored before. */
    readonly isKnown: boolean;
    /** Sentences: where it was laid if not on the given volume, and what of the file was left out. */
    readonly notes: readonly string[];
  };
  exportSegmentation: {
    readonly files: readonly string[];
    /** Sentences: '"a" and "b" overlap ...: no NIfTI file was written.' */
    readonly notes: readonly string[];
  };
}
