import { z } from 'zod';

import type { SegmentationId } from '../domain/brand.js';

/** The part of the channel table that shows segments in three dimensions. */
export const surfaceMethods = {
  /**
   * The surface of a segment as it is now: smoothed to be looked at, coarser where it is very large. Null where it is
   * still the one that the caller has (`knownId`).
   */
  computeSegmentSurface: z.object({
    segmentationId: z.string().transform((id) => id as SegmentationId), // branding at the edge
    segmentNumber: z.number().int().min(1).max(65_535),
    knownId: z.string().nullable().default(null),
  }),
} as const;

export interface SegmentSurface {
  readonly surfaceId: string;
  readonly points: Float32Array; // [n, 3], LPS mm; [] for an empty segment
  readonly normals: Float32Array; // [n, 3], outwards, of length 1
  readonly triangles: Uint32Array; // [m, 3], indices of points, seen from outside against the clock
}

export interface SurfaceMethodResults {
  computeSegmentSurface: SegmentSurface | null;
}
