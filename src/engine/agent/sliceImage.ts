import { createHash } from 'node:crypto';

import { extractSlice, renderSlice } from '../../domain/slice.js';
import type { SliceImage } from './types.js';
import type { SlicePlane } from '../../domain/plane.js';
import type { IntensityWindow, Volume } from '../../domain/study.js';

/** Names an image by its content, so that equal pixels share an embedding whatever file they came from. */
export function createSliceImage(width: number, height: number, rgb: Uint8Array): SliceImage {
  const key = createHash('sha256')
    .update(`${String(width)}x${String(height)}`)
    .update(rgb)
    .digest('hex');
  return { width, height, rgb, key };
}

/** What both models see of a slice. Throws a RangeError outside the volume. */
export function renderSliceImage(
  volume: Volume,
  plane: SlicePlane,
  sliceIndex: number,
  window: IntensityWindow,
): SliceImage {
  const slice = extractSlice(volume, plane, sliceIndex);
  return createSliceImage(
    slice.width,
    slice.height,
    renderSlice(slice, volume.photometric, window),
  );
}
