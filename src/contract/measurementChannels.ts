import { z } from 'zod';

import type { MeasurementId, SeriesId } from '../domain/brand.js';
import { measurementKinds, pointCounts, quantityNames } from '../domain/measurement.js';
import type { Measurement, Quantity } from '../domain/measurement.js';
import { deidentifySchema } from './deidentification.js';

/** The part of the channel table that deals with measurements on the slices of a series. */
const seriesId = z.string().transform((id) => id as SeriesId); // branding at the edge
const measurementId = z.uuid().transform((id) => id as MeasurementId); // branding at the edge
const point = z.object({ x: z.number(), y: z.number(), z: z.number() });
const points = z.array(point).min(2).max(4);

/** DICOM's LO, and '' for none. */
const label = z
  .string()
  .trim()
  .max(64)
  .regex(/^[^\\\p{Cc}]*$/u);

export const quantitySchema = z.object({
  name: z.enum(quantityNames),
  value: z.number(),
  unit: z.string(),
}) satisfies z.ZodType<Quantity>;

export const measurementFormats = ['dicom-sr', 'csv', 'json'] as const;
export type MeasurementFormat = (typeof measurementFormats)[number];

export const measurementMethods = {
  /** Of all phases of a series, in the order in which they were made. */
  listMeasurements: z.object({ seriesId }),
  /** Points on a slice image of an open series; the engine computes what they measure. */
  addMeasurement: z
    .object({
      measurementId,
      seriesId,
      phaseIndex: z.number().int().nonnegative(),
      kind: z.enum(measurementKinds),
      axis: z.enum(['acquired', 'axial', 'coronal', 'sagittal']),
      sliceIndex: z.number().int().nonnegative(),
      points,
      label: label.default(''),
    })
    .refine(({ kind, points: given }) => given.length === pointCounts[kind]),
  /** What is left out stays. New points need the series open. */
  changeMeasurement: z.object({
    measurementId,
    change: z.object({ points, label, visible: z.boolean() }).partial(),
  }),
  deleteMeasurement: z.object({ measurementId }),
  /** Undoes a delete, also after a restart. */
  restoreMeasurement: z.object({ measurementId }),
  /** A DICOM SR (TID 1500) onto an open series; 'does-not-fit' where it is about other images. */
  importMeasurements: z.object({ seriesId, path: z.string() }),
  /** Of an open series. An earlier export in `outDir` is left alone: the new one goes into a folder beside it. */
  exportMeasurements: z.object({
    seriesId,
    formats: z.array(z.enum(measurementFormats)).min(1),
    outDir: z.string(),
    deidentify: deidentifySchema,
  }),
} as const;

export interface MeasurementMethodResults {
  listMeasurements: readonly Measurement[];
  addMeasurement: Measurement;
  changeMeasurement: Measurement;
  deleteMeasurement: null;
  restoreMeasurement: Measurement;
  importMeasurements: {
    readonly measurements: readonly Measurement[];
    /** Sentences on what of the file was left out. */
    readonly notes: readonly string[];
  };
  exportMeasurements: {
    readonly files: readonly string[];
    /** Sentences: 'The images are not DICOM: no DICOM SR was written. ...' */
    readonly notes: readonly string[];
  };
}

export type MeasurementEvent =
  /** Stored: also announced of a new one and of one whose delete was undone. */
  | { readonly kind: 'measurementChanged'; readonly measurement: Measurement }
  | {
      readonly kind: 'measurementDeleted';
      readonly measurementId: MeasurementId;
      readonly seriesId: SeriesId;
    };
