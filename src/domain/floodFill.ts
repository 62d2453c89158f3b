import { emptyMask } from './mask.js';
import type { Mask } from './mask.js';
import type { ImagePoint } from './plane.js';

/** The pixels of a mask that hang together with a place by their sides; null where the place is not in the mask. */
export function findRegionAt(mask: Mask, { column, row }: ImagePoint): Mask | null {
  const { width, height, data } = mask;
  const isInside = column >= 0 && row >= 0 && column < width && row < height;
  if (!isInside || data[row * width + column] !== 1) return null;
  const region = emptyMask(width, height);
  const pending = [row * width + column];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (region.data[at] === 1) continue;
    // The whole run of this row, then what touches it above and below.
    const first = at - (at % width);
    let [from, to] = [at, at];
    while (from > first && data[from - 1] === 1) from--;
    while (to < first + width - 1 && data[to + 1] === 1) to++;
    for (let pixel = from; pixel <= to; pixel++) {
      region.data[pixel] = 1;
      for (const next of [pixel - width, pixel + width])
        if (data[next] === 1 && region.data[next] !== 1) pending.push(next);
    }
  }
  return region;
}
