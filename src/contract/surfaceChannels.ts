import { z } from 'zod';

import type { SegmentationId } from '../domain/brand.js';

/** The part of the channel table that shows segments in three dimensions. */
export const surfaceMethods = {
  /** The surface of a segment as it is now: smoothed to be looked at, coarser where it is very large. */
  computeSegmentSurface: z.object({
    segmentationId: z.string().transform((id) => id as SegmentationId), // branding at the edge
    segmentNumber: z.number().int().min(1).max(65_535),
  }),
} as const;

export interface SegmentSurface {
  readonly segmentNumber: number;
  readonly points: Float32Array; // [n, 3], LPS mm; [] for an empty segment
  readonly triangles: Uint32Array; // [m, 3], indices of points, seen from outside against the clock
}

export interface SurfaceMethodResults {
  computeSegmentSurface: SegmentSurface;
}
