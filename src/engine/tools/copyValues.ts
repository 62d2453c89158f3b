import { setImmediate } from 'node:timers/promises';

import { viewAs } from '../../domain/pixels.js';
import type { VoxelBox } from '../../domain/segmentSlices.js';
import type { PixelArray, PixelType, Volume } from '../../domain/study.js';
import { sizeOfBox } from './toolRequest.js';
import type { ValueBlock } from './values.js';

const COPIED_AT_ONCE = 2 ** 21; // values, in about a millisecond

/** An array of the same type as another. */
function allocateLike(data: PixelArray, length: number): PixelArray {
  const name = data.constructor.name.replace('Array', '').toLowerCase();
  // A typed array is called after the type of its values.
  return viewAs(name as PixelType, new Uint8Array(length * data.BYTES_PER_ELEMENT));
}

/**
 * The values of a box in memory of their own, which a worker can be given. Copied a few slices at a time, so that the
 * engine answers in between.
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
  let sinceBreak = 0;
  for (let k = 0, to = 0; k < dk; k++) {
    for (let j = 0; j < dj; j++, to += di) {
      const from = ((k + box.min[2]) * height + j + box.min[1]) * width + box.min[0];
      copied.set(data.subarray(from, from + di), to);
    }
    sinceBreak += di * dj;
    if (sinceBreak < COPIED_AT_ONCE) continue;
    sinceBreak = 0;
    await setImmediate();
    signal?.throwIfAborted();
  }
  return { offset: box.min, dimensions, data: copied };
}
