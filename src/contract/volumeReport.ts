import { z } from 'zod';

/**
 * How a volume is completed from the oracle's clicks on a few of its slices. 'propagate': the segmenter goes on from
 * there. 'interpolate': by the shapes of the same slices alone. 'at-ends': the outermost slices of the target among
 * them, which suits interpolation. 'repair': one slice, then the worst of what is listed for review, again and again.
 */
export const volumeMethods = [
  { id: 'propagate-1x1', kind: 'propagate', keySlices: 1, clicksEach: 1 },
  { id: 'propagate-1x2', kind: 'propagate', keySlices: 1, clicksEach: 2 },
  { id: 'propagate-1x3', kind: 'propagate', keySlices: 1, clicksEach: 3 },
  { id: 'propagate-1x5', kind: 'propagate', keySlices: 1, clicksEach: 5 },
  { id: 'propagate-2x3', kind: 'propagate', keySlices: 2, clicksEach: 3 },
  { id: 'propagate-3x3', kind: 'propagate', keySlices: 3, clicksEach: 3 },
  { id: 'interpolate-2x3', kind: 'interpolate', keySlices: 2, clicksEach: 3 },
  { id: 'interpolate-3x3', kind: 'interpolate', keySlices: 3, clicksEach: 3 },
  { id: 'interpolate-3x3-at-ends', kind: 'interpolate-at-ends', keySlices: 3, clicksEach: 3 },
  { id: 'interpolate-5x3-at-ends', kind: 'interpolate-at-ends', keySlices: 5, clicksEach: 3 },
  { id: 'repair', kind: 'repair', keySlices: 1, clicksEach: 3 },
] as const;
export type VolumeMethod = (typeof volumeMethods)[number];

const quality = {
  clicks: z.number().int(), // on the whole volume
  dice: z.number(),
  hausdorff95Mm: z.number().nullable(), // null: nothing was found
};

export const volumeRowSchema = z.object({
  fileName: z.string(),
  method: z.string(),
  ...quality,
  /** Slices that were filled in, and those of them that were flagged. */
  slices: z.number().int(),
  flagged: z.number().int(),
  /** Flagged slices with a Dice under `badDice`, and all that have one. */
  flaggedBad: z.number().int(),
  bad: z.number().int(),
  elapsedMs: z.number(),
  /** Of 'repair': after each slice that was repaired. */
  course: z.array(z.object(quality)).optional(),
});

export const volumeReportSchema = z.object({
  schemaVersion: z.literal(1),
  notice: z.string(),
  dataset: z.string(),
  targetId: z.string(),
  split: z.string(),
  data: z.object({ files: z.number().int(), sha256: z.string() }),
  models: z.array(
    z.object({ id: z.string(), role: z.string(), files: z.record(z.string(), z.string()) }),
  ),
  settings: z.object({
    axis: z.string(),
    badDice: z.number(),
    repairBelowDice: z.number(),
    mostClicks: z.number().int(),
    limits: z.unknown(),
  }),
  machine: z.object({ processor: z.string(), cores: z.number().int(), loadAverage: z.number() }),
  rows: z.array(volumeRowSchema),
});

export type VolumeRow = z.infer<typeof volumeRowSchema>;
export type VolumeReport = z.infer<typeof volumeReportSchema>;
