import { viewAs } from '../../domain/pixels.js';
import type { VoxelBox } from '../../domain/segmentSlices.js';
import type { PixelArray, PixelType, Volume } from '../../domain/study.js';
import { createBreather } from '../segmentations/breathe.js';
import { sizeOfBox } from './toolRequest.js';
import type { ValueBlock } from './values.js';

/** An array of the same type as another. */
function allocateLike(data: PixelArray, length: number): PixelArray {
  const name = data.constructor.name.replace('Array', '').toLowerCase();
  // A typed array is called after the type of its values.
  return viewAs(name as PixelType, new Uint8Array(length * data.BYTES_PER_ELEMENT));
}

/**
 * The values of a box in memory of their own, which a worker can be given. Copied slice by slice, so that the engine
 * answers in between.
 */
export async function copyValues(
  { data, geometry }: Pick<Volume, 'data' | 'geometry'>,
  box: VoxelBox,
  signal?: AbortSignal,
): Promise<ValueBlock> {
  const [width, height] = geometry.dimensions;
  const dimensions = sizeOfBox(box);
  const [di, dj, dk] = dimensions;
  const copied = allocateLike(data, di * dj * dk);
  const breathe = createBreather();
  for (let k = 0, to = 0; k < dk; k++) {
    for (let j = 0; j < dj; j++, to += di) {
      const from = ((k + box.min[2]) * height + j + box.min[1]) * width + box.min[0];
      copied.set(data.subarray(from, from + di), to);
    }
    await breathe();
    signal?.throwIfAborted();
  }
  return { offset: box.min, dimensions, data: copied };
}
