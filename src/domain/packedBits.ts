import type { MaskBounds, PackedMask } from './mask.js';

/**
 * Set operations on packed masks without unpacking them: a volume has hundreds of slices, and eight pixels go at a
 * time. Every result is canonical: its bounds are the smallest, and no bit is set beyond them. Masks from elsewhere
 * need not be: `canonicalMask` makes them so.
 */

const widthOf = (box: MaskBounds): number => box.right - box.left + 1;
const heightOf = (box: MaskBounds): number => box.bottom - box.top + 1;

export const makeBits = (box: MaskBounds): Uint8Array =>
  new Uint8Array(Math.ceil((widthOf(box) * heightOf(box)) / 8));

export const emptyPackedMask = (width: number, height: number): PackedMask => ({
  width,
  height,
  bounds: null,
  bits: new Uint8Array(0),
});

/** Adds `count` bits from one place to another, eight at a time. */
export function addBits(
  from: { readonly bits: Uint8Array; readonly at: number },
  to: { readonly bits: Uint8Array; readonly at: number },
  count: number,
): void {
  for (let done = 0; done < count; done += 8) {
    const wanted = count - done < 8 ? (1 << (count - done)) - 1 : 0xff;
    const read = from.at + done;
    const pair = (from.bits[read >> 3] ?? 0) | ((from.bits[(read >> 3) + 1] ?? 0) << 8);
    const value = (pair >> (read & 7)) & wanted;
    if (value === 0) continue;
    const write = to.at + done;
    const shifted = value << (write & 7);
    to.bits[write >> 3] = (to.bits[write >> 3] ?? 0) | (shifted & 0xff);
    if (shifted > 0xff)
      to.bits[(write >> 3) + 1] = (to.bits[(write >> 3) + 1] ?? 0) | (shifted >> 8);
  }
}

function hasBits(bits: Uint8Array, at: number, count: number): boolean {
  const end = at + count;
  while (at < end) {
    const inByte = Math.min(8 - (at & 7), end - at);
    if ((((bits[at >> 3] ?? 0) >> (at & 7)) & ((1 << inByte) - 1)) !== 0) return true;
    at += inByte;
  }
  return false;
}

const hasBit = (bits: Uint8Array, at: number): boolean =>
  (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;

/** What of a mask lies inside `box`, as bits of the box; the very bits of the mask where the box is its own. */
function takeBits(mask: PackedMask, box: MaskBounds): Uint8Array {
  const { bounds, bits } = mask;
  if (bounds === null) return makeBits(box);
  const left = Math.max(bounds.left, box.left);
  const right = Math.min(bounds.right, box.right);
  const top = Math.max(bounds.top, box.top);
  const bottom = Math.min(bounds.bottom, box.bottom);
  if (left === bounds.left && right === bounds.right && right - left === box.right - box.left)
    if (top === box.top && bottom === box.bottom && top === bounds.top && bottom === bounds.bottom)
      return bits;
  const taken = makeBits(box);
  for (let row = top; row <= bottom; row++)
    addBits(
      { bits, at: (row - bounds.top) * widthOf(bounds) + left - bounds.left },
      { bits: taken, at: (row - box.top) * widthOf(box) + left - box.left },
      right - left + 1,
    );
  return taken;
}

function findTightBox(box: MaskBounds, bits: Uint8Array): MaskBounds | null {
  const width = widthOf(box);
  const rows = heightOf(box);
  const rowHas = (row: number): boolean => hasBits(bits, row * width, width);
  let top = 0;
  while (top < rows && !rowHas(top)) top++;
  if (top === rows) return null;
  let bottom = rows - 1;
  while (!rowHas(bottom)) bottom--;
  const columnHas = (column: number): boolean => {
    for (let row = top; row <= bottom; row++) if (hasBit(bits, row * width + column)) return true;
    return false;
  };
  let left = 0;
  while (!columnHas(left)) left++;
  let right = width - 1;
  while (!columnHas(right)) right--;
  return {
    left: box.left + left,
    right: box.left + right,
    top: box.top + top,
    bottom: box.top + bottom,
  };
}

/** A mask out of the bits of any box inside it; `bits` has no bit beyond the box, and is taken over. */
export function packBits(
  size: Pick<PackedMask, 'width' | 'height'>,
  box: MaskBounds,
  bits: Uint8Array,
): PackedMask {
  const { width, height } = size;
  const bounds = findTightBox(box, bits);
  if (bounds === null) return emptyPackedMask(width, height);
  return { width, height, bounds, bits: takeBits({ width, height, bounds: box, bits }, bounds) };
}

/** The same pixels with the smallest bounds and no bit beyond them. */
export function canonicalMask(mask: PackedMask): PackedMask {
  const { bounds } = mask;
  if (bounds === null) return emptyPackedMask(mask.width, mask.height);
  const bits = makeBits(bounds);
  addBits({ bits: mask.bits, at: 0 }, { bits, at: 0 }, widthOf(bounds) * heightOf(bounds));
  return packBits(mask, bounds, bits);
}

function requireSameSize(a: PackedMask, b: PackedMask): void {
  if (a.width !== b.width || a.height !== b.height) throw new Error('masks differ in size');
}

const uniteBoxes = (a: MaskBounds, b: MaskBounds): MaskBounds => ({
  left: Math.min(a.left, b.left),
  top: Math.min(a.top, b.top),
  right: Math.max(a.right, b.right),
  bottom: Math.max(a.bottom, b.bottom),
});

const boxesMeet = (a: MaskBounds, b: MaskBounds): boolean =>
  a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;

function combine(
  a: PackedMask,
  b: PackedMask,
  box: MaskBounds,
  byte: (a: number, b: number) => number,
): PackedMask {
  const [ofA, ofB] = [takeBits(a, box), takeBits(b, box)];
  return packBits(
    a,
    box,
    ofA.map((value, at) => byte(value, ofB[at] ?? 0)),
  );
}

/** What lies in either. Throws when the sizes differ, as the others do. */
export function unitePacked(a: PackedMask, b: PackedMask): PackedMask {
  requireSameSize(a, b);
  if (a.bounds === null) return b;
  if (b.bounds === null) return a;
  return combine(a, b, uniteBoxes(a.bounds, b.bounds), (p, q) => p | q);
}

/** What lies in `a` and not in `b`. */
export function subtractPacked(a: PackedMask, b: PackedMask): PackedMask {
  requireSameSize(a, b);
  if (a.bounds === null || b.bounds === null || !boxesMeet(a.bounds, b.bounds)) return a;
  return combine(a, b, a.bounds, (p, q) => p & ~q);
}

/** What lies in both. */
export function intersectPacked(a: PackedMask, b: PackedMask): PackedMask {
  requireSameSize(a, b);
  if (a.bounds === null || b.bounds === null || !boxesMeet(a.bounds, b.bounds))
    return emptyPackedMask(a.width, a.height);
  return combine(a, b, a.bounds, (p, q) => p & q);
}

/** What lies in one of them alone: where they differ, and, `b` being such a difference, the other side of it. */
export function togglePacked(a: PackedMask, b: PackedMask): PackedMask {
  requireSameSize(a, b);
  if (a.bounds === null) return b;
  if (b.bounds === null) return a;
  return combine(a, b, uniteBoxes(a.bounds, b.bounds), (p, q) => p ^ q);
}

export function countPackedPixels(mask: PackedMask): number {
  let count = 0;
  for (const byte of mask.bits) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Calls `visit` with the column and row of each pixel that is set, row after row. */
export function forEachPixel(mask: PackedMask, visit: (column: number, row: number) => void): void {
  const { bounds, bits } = mask;
  if (bounds === null) return;
  let at = 0;
  for (let row = bounds.top; row <= bounds.bottom; row++)
    for (let column = bounds.left; column <= bounds.right; column++, at++)
      if (hasBit(bits, at)) visit(column, row);
}
