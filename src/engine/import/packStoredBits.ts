import type { MaskBounds, PackedMask } from '../../domain/mask.js';
import { emptyPackedMask, makeBits, packBits } from '../../domain/packedBits.js';
import { addBits } from '../dicom/addBits.js';

/** First and last byte that is not 0 from `from` on and before `end`; null where there is none. */
function findSetBytes(
  bytes: Uint8Array,
  from: number,
  end: number,
): { readonly first: number; readonly last: number } | null {
  let first = from;
  while (first < end && bytes[first] === 0) first++;
  if (first === end) return null;
  let last = end - 1;
  while (bytes[last] === 0) last--;
  return { first, last };
}

const isSet = (bits: Uint8Array, at: number): boolean =>
  ((bits[at >> 3] ?? 0) >> (at & 7)) % 2 === 1;

/**
 * A frame of one bit a pixel out of many that follow each other without padding. Most of it is empty: that is passed
 * over by the byte, so that thousands of frames are read in a second.
 */
export function packStoredBits(
  bytes: Uint8Array,
  firstBit: number,
  width: number,
  height: number,
): PackedMask {
  const found = findSetBytes(bytes, firstBit >> 3, Math.ceil((firstBit + width * height) / 8));
  if (found === null) return emptyPackedMask(width, height);
  // The bytes at both ends may belong to the frames beside: rows of this one alone are looked at.
  const rowOf = (bit: number): number =>
    Math.max(0, Math.min(height - 1, Math.floor((bit - firstBit) / width)));
  const top = rowOf(found.first * 8);
  const bottom = rowOf(found.last * 8 + 7);
  const columns = new Uint8Array(Math.ceil(width / 8)); // which of them have a pixel in any row
  for (let row = top; row <= bottom; row++)
    addBits({ bits: bytes, at: firstBit + row * width }, { bits: columns, at: 0 }, width);
  let left = 0;
  while (left < width && !isSet(columns, left)) left++;
  if (left === width) return emptyPackedMask(width, height);
  let right = width - 1;
  while (!isSet(columns, right)) right--;
  const box: MaskBounds = { left, right, top, bottom };
  const bits = makeBits(box);
  const count = right - left + 1;
  for (let row = top; row <= bottom; row++)
    addBits(
      { bits: bytes, at: firstBit + row * width + left },
      { bits, at: (row - top) * count },
      count,
    );
  return packBits({ width, height }, box, bits);
}
