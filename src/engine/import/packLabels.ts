import type { PackedMask } from '../../domain/mask.js';
import { makeBits } from '../../domain/packedBits.js';
import type { PixelArray } from '../../domain/study.js';

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** One slice [height, width] of labels -> the mask of each, but of those that stand for no segment. */
export function packLabels(
  labels: PixelArray,
  { width, height }: { readonly width: number; readonly height: number },
  background: ReadonlySet<number>,
): ReadonlyMap<number, PackedMask> {
  const boxes = new Map<number, Box>();
  // Neighbours are mostly of one label: the map is asked only where it changes.
  let lastLabel = 0;
  let lastBox: Box | undefined;
  for (let row = 0, at = 0; row < height; row++)
    for (let column = 0; column < width; column++, at++) {
      const label = labels[at] ?? 0;
      if (label === 0 || background.has(label)) continue;
      let box = label === lastLabel ? lastBox : boxes.get(label);
      if (box === undefined) {
        box = { left: column, top: row, right: column, bottom: row };
        boxes.set(label, box);
      }
      lastLabel = label;
      lastBox = box;
      box.left = Math.min(box.left, column);
      box.right = Math.max(box.right, column);
      box.bottom = row;
    }
  return new Map(
    [...boxes].map(([label, box]) => {
      const bits = makeBits(box);
      let bit = 0;
      for (let row = box.top; row <= box.bottom; row++)
        for (let column = box.left; column <= box.right; column++, bit++)
          if (labels[row * width + column] === label)
            bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
      return [label, { width, height, bounds: box, bits }];
    }),
  );
}
