import type { Mask } from '../../domain/mask.js';
import { imageToVoxel } from '../../domain/plane.js';
import type { ExportSource } from './types.js';

/**
 * Puts a slice mask back into the source's own grid: k -> uint8 [j, i], only for slices that it touches, in
 * ascending k. Flips and transpositions of the display are undone; nothing is resampled.
 */
export function computeMaskFrames(
  source: Pick<ExportSource, 'geometry' | 'plane' | 'sliceIndex'>,
  mask: Mask,
): ReadonlyMap<number, Uint8Array> {
  const { geometry, plane, sliceIndex } = source;
  if (mask.width !== plane.width || mask.height !== plane.height)
    throw new Error('the mask does not have the size of its slice');
  const [columns, rows] = geometry.dimensions;
  const frames = new Map<number, Uint8Array>();
  for (let row = 0; row < mask.height; row++)
    for (let column = 0; column < mask.width; column++) {
      if (mask.data[row * mask.width + column] !== 1) continue;
      const { i, j, k } = imageToVoxel(plane, sliceIndex, { column, row });
      const frame = frames.get(k) ?? new Uint8Array(columns * rows);
      frame[j * columns + i] = 1;
      frames.set(k, frame);
    }
  return new Map([...frames].sort(([a], [b]) => a - b));
}
