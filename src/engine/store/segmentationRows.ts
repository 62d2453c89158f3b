import { z } from 'zod';

import { codedConceptSchema, segmentSchema } from '../../contract/segmentationChannels.js';
import type { SegmentationId, SeriesId } from '../../domain/brand.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import { overlapPolicies } from '../../domain/segmentation.js';
import type { Segment } from '../../domain/segmentation.js';
import { actKinds } from '../segmentations/actStacks.js';
import type { ActSummary } from '../segmentations/actStacks.js';
import { createRowParser } from './rows.js';

/** Rows of segmentations as SQLite gives them back: parsed again, not trusted. */
export const parseSegmentationRow = createRowParser(
  'A stored segmentation could not be read: its record is not what Ibis writes. The others are not concerned.',
);

/** A column that holds JSON of a shape. */
export const json = <T>(schema: z.ZodType<T>) =>
  z.string().transform((text, context): T => {
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      context.addIssue('not the JSON that was stored');
      return z.NEVER;
    }
  });

const vec3 = z.tuple([z.number(), z.number(), z.number()]);
const geometrySchema: z.ZodType<VolumeGeometry> = z.object({
  dimensions: vec3,
  spacingMm: vec3,
  origin: vec3,
  direction: z.tuple([vec3, vec3, vec3]),
  orientationKnown: z.boolean(),
});

export const segmentationRow = z.object({
  segmentation_id: z.string().transform((id) => id as SegmentationId), // branding at the edge
  series_id: z.string().transform((id) => id as SeriesId), // branding at the edge
  series_instance_uid: z.string(),
  phase_index: z.number().int(),
  geometry: json(geometrySchema),
  label: z.string(),
  overlap: z.enum(overlapPolicies),
  next_segment_number: z.number().int(),
  created_at: z.string(),
  updated_at: z.string(),
});

export const segmentRow = z
  .object({
    segment_number: z.number(),
    label: z.string(),
    category: json(codedConceptSchema),
    type: json(codedConceptSchema),
    modifier: json(codedConceptSchema).nullable(),
    colour: z.string(),
    opacity: z.number(),
    visible: z.number(),
    locked: z.number(),
    source: segmentSchema.shape.source,
  })
  .transform(({ segment_number: segmentNumber, label: segmentLabel, ...row }) => ({
    ...row,
    segmentNumber,
    segmentLabel,
    visible: row.visible === 1,
    locked: row.locked === 1,
  }))
  .pipe(segmentSchema);

export const segmentColumns = (segment: Segment, position: number) => ({
  segmentNumber: segment.segmentNumber,
  position,
  label: segment.segmentLabel,
  category: JSON.stringify(segment.category),
  type: JSON.stringify(segment.type),
  modifier: segment.modifier === null ? null : JSON.stringify(segment.modifier),
  colour: segment.colour,
  opacity: segment.opacity,
  visible: segment.visible ? 1 : 0,
  locked: segment.locked ? 1 : 0,
  source: segment.source,
});

/** A slice k of a segment, or of what flipped in it, on a grid of the given columns and rows. */
export const voxelRow = (width: number, height: number) =>
  z
    .object({
      segment_number: z.number().int(),
      k: z.number().int(),
      bounds_left: z.number().int().nonnegative(),
      bounds_top: z.number().int().nonnegative(),
      bounds_right: z.number().int().lt(width),
      bounds_bottom: z.number().int().lt(height),
      bits: z.instanceof(Uint8Array),
    })
    .transform((row, context) => {
      const { bounds_left: left, bounds_top: top } = row;
      const { bounds_right: right, bounds_bottom: bottom } = row;
      const bits = new Uint8Array(row.bits); // a plain array of its own, not a view of a Buffer
      const pixels = (right - left + 1) * (bottom - top + 1);
      if (left > right || top > bottom || bits.length !== Math.ceil(pixels / 8))
        context.addIssue('mask has the wrong length');
      const mask: PackedMask = { width, height, bounds: { left, top, right, bottom }, bits };
      return { segmentNumber: row.segment_number, k: row.k, mask };
    });

export const actRow = z
  .object({
    act_number: z.number().int(),
    kind: z.enum(actKinds),
    of_act_number: z.number().int().nullable(),
    label: z.string(),
  })
  .transform((row): ActSummary => ({
    actNumber: row.act_number,
    kind: row.kind,
    ofAct: row.of_act_number,
    label: row.label,
  }));

export const patchesRow = <T>(patch: z.ZodType<T>) =>
  z.object({ patch_before: json(patch), patch_after: json(patch) });
