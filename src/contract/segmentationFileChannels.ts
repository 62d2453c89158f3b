import { z } from 'zod';

import type { SegmentationId, SeriesId } from '../domain/brand.js';
import type { Segmentation } from '../domain/segmentation.js';
import { deidentifySchema } from './deidentification.js';
import { segmentationFormats } from './segmentationFormats.js';

/** The part of the channel table that reads and writes files of segmentations. */
const seriesId = z.string().transform((id) => id as SeriesId); // branding at the edge
const segmentationId = z.string().transform((id) => id as SegmentationId); // branding at the edge

export const segmentationFileMethods = {
  /** A new segmentation out of a file, laid on one volume of an open series; 'does-not-fit' where it lies elsewhere. */
  importSegmentation: z.object({
    seriesId,
    phaseIndex: z.number().int().nonnegative().default(0),
    path: z.string(),
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
    /** Sentences on what of the file was left out. */
    readonly notes: readonly string[];
  };
  exportSegmentation: {
    readonly files: readonly string[];
    /** Sentences: '"a" and "b" overlap ...: no NIfTI file was written.' */
    readonly notes: readonly string[];
  };
}
