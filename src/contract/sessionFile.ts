import { z } from 'zod';

/**
 * A whole session as one file: a zip whose first member is `manifest.json`. It names every other member with its size
 * and SHA-256; a file with more, less or other members is refused.
 *
 * - `session.db`: SQLite, of the workstation's own schema, with the rows of this one session, and the segmentations and
 *   measurements of its series
 * - `trace.jsonl`, `trace_images/`: the same as an export of the trace, for other programs
 * - `slice.png`: the windowed slice that the session is about, pixel for pixel
 * - `images/`: the files of the series, where they are included
 */
export const SESSION_FILE_VERSION = 2; // 1 had no segmentations and no measurements
export const MANIFEST_NAME = 'manifest.json';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Only these names: none leads out of a folder. */
const memberPath = z
  .string()
  .regex(
    /^(session\.db|trace\.jsonl|slice\.png|trace_images\/step-\d{3,6}\.png|images\/\d{6}\.(dcm|nii|png|jpg))$/,
  );

export const sessionFileManifestSchema = z.object({
  kind: z.literal('ibis-session'),
  schemaVersion: z.number().int().min(1).max(SESSION_FILE_VERSION),
  tool: z.string(),
  notice: z.string(), // 'For research use only, not for diagnosis'
  writtenAt: z.iso.datetime(),
  /** Of `session.db`: SQLite's user_version. */
  databaseVersion: z.number().int().positive(),
  sessionId: z.string().min(1).max(100),
  series: z.object({
    seriesInstanceUID: z.string(),
    sourceKind: z.enum(['dicom', 'nifti', 'image']),
  }),
  /** By its pixels it is told whether images at hand are those of the session: SHA-256 of size and RGB. */
  slice: z.object({
    sha256,
    width: z.number().int().positive(),
    height: z.number().int().positive(),
  }),
  images: z.enum(['included', 'referenced']),
  /** Whether rows and images say who the patient is, or went through the confidentiality profile of DICOM PS3.15. */
  privacy: z.enum(['as-stored', 'de-identified']),
  files: z
    .array(z.object({ path: memberPath, bytes: z.number().int().nonnegative(), sha256 }))
    .max(100_000),
});
export type SessionFileManifest = z.infer<typeof sessionFileManifestSchema>;

/** What a file says of itself before anything else of it is looked at: of any version. */
export const sessionFileKindSchema = z.object({
  kind: z.literal('ibis-session'),
  schemaVersion: z.number().int().positive(),
});
