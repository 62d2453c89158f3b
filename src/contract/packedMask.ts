import { z } from 'zod';

import type { PackedMask } from '../domain/mask.js';

const MAX_SIDE_PX = 65_535; // DICOM's own bound on rows and columns

/** A mask as domain/mask.ts packs it; the bounds lie inside the slice and the bits fill them. */
export const packedMaskSchema: z.ZodType<PackedMask> = z
  .object({
    width: z.number().int().min(1).max(MAX_SIDE_PX),
    height: z.number().int().min(1).max(MAX_SIDE_PX),
    bounds: z
      .object({
        left: z.number().int().nonnegative(),
        top: z.number().int().nonnegative(),
        right: z.number().int(),
        bottom: z.number().int(),
      })
      .nullable(),
    bits: z.instanceof(Uint8Array),
  })
  .refine(({ width, height, bounds, bits }) => {
    if (bounds === null) return bits.length === 0;
    const { left, top, right, bottom } = bounds;
    if (left > right || top > bottom || right >= width || bottom >= height) return false;
    return bits.length === Math.ceil(((right - left + 1) * (bottom - top + 1)) / 8);
  });
