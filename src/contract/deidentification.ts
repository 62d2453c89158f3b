import { z } from 'zod';

import type { SeriesId } from '../domain/brand.js';

/** The part of the channel table that takes a patient's identity out of what is exported (DICOM PS3.15, Annex E). */

/** 'remove': no dates. 'shift': all dates of a patient moved by the same days. 'keep': as they are. */
export const dateTreatments = ['remove', 'shift', 'keep'] as const;

/**
 * The Basic Application Level Confidentiality Profile, and what of it is relaxed. All false, dates removed and
 * `pseudonym` null: the Basic Profile itself.
 */
export const deidentificationSchema = z.object({
  dates: z.enum(dateTreatments).default('remove'),
  retainUids: z.boolean().default(false),
  /** Sex, age, size, weight and their kin. */
  retainPatientCharacteristics: z.boolean().default(false),
  retainDeviceIdentity: z.boolean().default(false),
  retainInstitutionIdentity: z.boolean().default(false),
  /** Descriptions and names of segments stay, without words that identify someone. */
  cleanDescriptors: z.boolean().default(false),
  /** Private attributes that PS3.15 lists as safe stay. All others are always removed. */
  retainSafePrivate: z.boolean().default(false),
  /** Images that may show text with names in their pixels are not written at all. */
  leaveOutBurnedIn: z.boolean().default(false),
  /** Patient's name and ID in the copy; null: one is made. */
  pseudonym: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/)
    .nullable()
    .default(null),
});
export type Deidentification = z.output<typeof deidentificationSchema>;
/** Null: with the patient's identity, as the images have it. */
export const deidentifySchema = deidentificationSchema.nullable().default(null);

const seriesIds = z
  .array(z.string().transform((id) => id as SeriesId)) // branding at the edge
  .min(1);

export const deidentificationMethods = {
  /** What an export of these open series would change, without writing anything. */
  previewDeidentification: z.object({ seriesIds, options: deidentificationSchema }),
  /** A de-identified copy of the images of open series; progress and cancel through `jobId`. */
  exportDeidentified: z.object({
    seriesIds,
    options: deidentificationSchema,
    outDir: z.string(),
    jobId: z.string(),
  }),
} as const;

/** One attribute, over all files that have it. Not for logs: it holds what identifies the patient. */
export interface AttributeChange {
  readonly tag: string; // '(0010,0010)', or '(0040,0275) > (0040,0007)' inside a sequence
  readonly name: string; // DICOM's keyword; '' where it is not known
  /** X removed, Z emptied, D replaced by a dummy, U a new UID, C cleaned. */
  readonly action: 'X' | 'Z' | 'D' | 'U' | 'C';
  /** The first of its values; long ones are cut. */
  readonly oldValue: string;
  readonly newValue: string;
  /** How many different values it has. */
  readonly valueCount: number;
  readonly fileCount: number;
}

export interface DeidentificationPreview {
  readonly changes: readonly AttributeChange[];
  readonly fileCount: number;
  /** Files that may show identifying text in their pixels. */
  readonly burnedInCount: number;
  /** Sentences on what no change of attributes takes away. */
  readonly warnings: readonly string[];
}

export interface DeidentificationResults {
  previewDeidentification: DeidentificationPreview;
  exportDeidentified: {
    readonly files: readonly string[];
    readonly notes: readonly string[];
  };
}
