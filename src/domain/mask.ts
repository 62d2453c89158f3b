/** A binary mask of one target on one slice image, row-major, 1 = target. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array; // uint8 [height, width], 0 or 1
}

/** Smallest box around the target, inclusive; null when the mask is empty. */
export interface MaskBounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A mask as it is stored and sent: one bit a pixel, first pixel in the lowest bit, only inside `bounds`. */
export interface PackedMask {
  readonly width: number;
  readonly height: number;
  readonly bounds: MaskBounds | null;
  readonly bits: Uint8Array;
}

export const emptyMask = (width: number, height: number): Mask => ({
  width,
  height,
  data: new Uint8Array(width * height),
});

export function countMaskPixels(mask: Mask): number {
  let count = 0;
  for (const value of mask.data) count += value;
  return count;
}

const combine = (a: Mask, b: Mask, pixel: (a: number, b: number) => number): Mask => {
  if (a.width !== b.width || a.height !== b.height) throw new Error('masks differ in size');
  return { ...a, data: a.data.map((value, p) => pixel(value, b.data[p] ?? 0)) };
};

/** What lies in either. Throws when the sizes differ, as the next two do. */
export const uniteMasks = (a: Mask, b: Mask): Mask => combine(a, b, (p, q) => p | q);

/** What lies in `a` and not in `b`. */
export const subtractMask = (a: Mask, b: Mask): Mask => combine(a, b, (p, q) => p & (1 - q));

/** What lies in one of them alone. */
export const findMaskChanges = (a: Mask, b: Mask): Mask => combine(a, b, (p, q) => p ^ q);

export function computeMaskBounds(mask: Mask): MaskBounds | null {
  let left = mask.width;
  let top = mask.height;
  let right = -1;
  let bottom = -1;
  for (let row = 0; row < mask.height; row++)
    for (let column = 0; column < mask.width; column++)
      if (mask.data[row * mask.width + column] === 1) {
        left = Math.min(left, column);
        right = Math.max(right, column);
        top = Math.min(top, row);
        bottom = row;
      }
  return right < 0 ? null : { left, top, right, bottom };
}

export function packMask(mask: Mask): PackedMask {
  const { width, height } = mask;
  const bounds = computeMaskBounds(mask);
  if (bounds === null) return { width, height, bounds, bits: new Uint8Array(0) };
  const boxWidth = bounds.right - bounds.left + 1;
  const boxHeight = bounds.bottom - bounds.top + 1;
  const bits = new Uint8Array(Math.ceil((boxWidth * boxHeight) / 8));
  let bit = 0;
  for (let row = bounds.top; row <= bounds.bottom; row++)
    for (let column = bounds.left; column <= bounds.right; column++, bit++)
      if (mask.data[row * width + column] === 1)
        bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
  return { width, height, bounds, bits };
}

/**
 * What lies inside the bounds of a packed mask, as a mask of their size. Throws when `bits` is shorter than they need: the
 * edge that read it must have checked.
 */
export function unpackBounds({ bits }: PackedMask, bounds: MaskBounds): Mask {
  const box = emptyMask(bounds.right - bounds.left + 1, bounds.bottom - bounds.top + 1);
  const { data } = box;
  if (bits.length * 8 < data.length) throw new Error('packed mask is shorter than its bounds');
  for (let bit = 0; bit < data.length; bit++) data[bit] = ((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1;
  return box;
}

/** Throws as `unpackBounds` does. */
export function unpackMask(packed: PackedMask): Mask {
  const mask = emptyMask(packed.width, packed.height);
  const { bounds } = packed;
  if (bounds === null) return mask;
  const box = unpackBounds(packed, bounds);
  for (let row = 0; row < box.height; row++)
    mask.data.set(
      box.data.subarray(row * box.width, (row + 1) * box.width),
      (bounds.top + row) * packed.width + bounds.left,
    );
  return mask;
}
