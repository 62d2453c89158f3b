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

/**
 * What becomes of bits on which others are laid, as masks of all bits or none, so that no loop has to choose:
 * `before & ~(other & clear) ^ (other & flip)`, with `other` inverted first where `invert` says so.
 */
interface Merge {
  readonly invert: 0 | -1;
  readonly clear: 0 | -1;
  readonly flip: 0 | -1;
}
const OR: Merge = { invert: 0, clear: -1, flip: -1 };
const XOR: Merge = { invert: 0, clear: 0, flip: -1 };
const AND: Merge = { invert: -1, clear: -1, flip: 0 };
const AND_NOT: Merge = { invert: 0, clear: -1, flip: 0 };

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/**
 * Lays `count` bits, from bit `fromAt` on, on those of `to` from bit `toAt` on; 24 at a time, which fit a word of 32
 * however they are shifted. Nothing is allocated: it runs for each row of each slice.
 */
function mergeBits(
  { invert, clear, flip }: Merge,
  from: DataView,
  fromAt: number,
  to: DataView,
  toAt: number,
  count: number,
): void {
  const lastRead = from.byteLength - 4;
  const lastWrite = to.byteLength - 4;
  const invertWord = invert & 0xff_ff_ff;
  let done = 0;
  for (; count - done >= 24; done += 24) {
    const read = fromAt + done;
    const write = toAt + done;
    if (read >> 3 > lastRead || write >> 3 > lastWrite) break;
    const word = (from.getInt32(read >> 3, true) >>> (read & 7)) & 0xff_ff_ff;
    const bits = (word ^ invertWord) << (write & 7);
    const before = to.getInt32(write >> 3, true);
    to.setInt32(write >> 3, (before & ~(bits & clear)) ^ (bits & flip), true);
  }
  for (; done < count; done++) {
    const read = fromAt + done;
    const write = toAt + done;
    const bit = (((from.getUint8(read >> 3) >> (read & 7)) ^ invert) & 1) << (write & 7);
    to.setUint8(write >> 3, (to.getUint8(write >> 3) & ~(bit & clear)) ^ (bit & flip));
  }
}

/** Lays all bits on as many others. */
function mergeAll({ invert, clear, flip }: Merge, from: Uint8Array, to: Uint8Array): void {
  const [view, toView] = [viewOf(from), viewOf(to)];
  let at = 0;
  for (; at + 4 <= to.length; at += 4) {
    const bits = view.getInt32(at, true) ^ invert;
    toView.setInt32(at, (toView.getInt32(at, true) & ~(bits & clear)) ^ (bits & flip), true);
  }
  for (; at < to.length; at++) {
    const bits = view.getUint8(at) ^ invert;
    toView.setUint8(at, (toView.getUint8(at) & ~(bits & clear)) ^ (bits & flip));
  }
}

/** Whether any of `count` bits from `at` on is set. */
function hasBits(bits: DataView, at: number, count: number): boolean {
  const last = bits.byteLength - 4;
  let done = 0;
  for (; count - done >= 24 && (at + done) >> 3 <= last; done += 24)
    if (((bits.getInt32((at + done) >> 3, true) >>> ((at + done) & 7)) & 0xff_ff_ff) !== 0)
      return true;
  for (; done < count; done++)
    if (((bits.getUint8((at + done) >> 3) >> ((at + done) & 7)) & 1) === 1) return true;
  return false;
}

const hasBit = (bits: Uint8Array, at: number): boolean =>
  (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;

const isSameBox = (a: MaskBounds, b: MaskBounds): boolean =>
  a.left === b.left && a.right === b.right && a.top === b.top && a.bottom === b.bottom;

/** Lays what a mask has in common with a box on the bits of that box. */
function layOn(merge: Merge, mask: PackedMask, box: MaskBounds, boxBits: Uint8Array): void {
  const { bounds } = mask;
  if (bounds === null) return;
  if (isSameBox(bounds, box) && mask.bits.length === boxBits.length) {
    mergeAll(merge, mask.bits, boxBits);
    return;
  }
  const left = Math.max(bounds.left, box.left);
  const right = Math.min(bounds.right, box.right);
  const top = Math.max(bounds.top, box.top);
  const bottom = Math.min(bounds.bottom, box.bottom);
  if (left > right || top > bottom) return;
  const [view, boxView] = [viewOf(mask.bits), viewOf(boxBits)];
  const at = (row: number): number => (row - bounds.top) * widthOf(bounds) + left - bounds.left;
  const boxAt = (row: number): number => (row - box.top) * widthOf(box) + left - box.left;
  const width = right - left + 1;
  // Rows that fill both lie one behind the other in both.
  const atOnce = width === widthOf(bounds) && width === widthOf(box) ? bottom - top + 1 : 1;
  for (let row = top; row <= bottom; row += atOnce)
    mergeBits(merge, view, at(row), boxView, boxAt(row), width * atOnce);
}

/** A copy of what of a mask lies inside `box`, as bits of the box. */
function takeBits(mask: PackedMask, box: MaskBounds): Uint8Array {
  if (mask.bounds !== null && isSameBox(mask.bounds, box)) return mask.bits.slice();
  const taken = makeBits(box);
  layOn(OR, mask, box, taken);
  return taken;
}

function findTightBox(box: MaskBounds, bits: Uint8Array): MaskBounds | null {
  const width = widthOf(box);
  const rows = heightOf(box);
  const view = viewOf(bits);
  const rowHas = (row: number): boolean => hasBits(view, row * width, width);
  let top = 0;
  while (top < rows && !rowHas(top)) top++;
  if (top === rows) return null;
  let bottom = rows - 1;
  while (!rowHas(bottom)) bottom--;
  // All rows in one say which columns have anything.
  const columns = new Uint8Array(Math.ceil(width / 8));
  const columnsView = viewOf(columns);
  for (let row = top; row <= bottom; row++) {
    if (hasBit(columns, 0) && hasBit(columns, width - 1)) break;
    mergeBits(OR, view, row * width, columnsView, 0, width);
  }
  let left = 0;
  while (!hasBit(columns, left)) left++;
  let right = width - 1;
  while (!hasBit(columns, right)) right--;
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
  const isTight = isSameBox(bounds, box);
  return {
    width,
    height,
    bounds,
    bits: isTight ? bits : takeBits({ width, height, bounds: box, bits }, bounds),
  };
}

/** The same pixels with the smallest bounds and no bit beyond them. */
export function canonicalMask(mask: PackedMask): PackedMask {
  const { bounds } = mask;
  if (bounds === null) return emptyPackedMask(mask.width, mask.height);
  const bits = makeBits(bounds);
  // Pixel for pixel: nothing behind the last one is taken along.
  mergeBits(OR, viewOf(mask.bits), 0, viewOf(bits), 0, widthOf(bounds) * heightOf(bounds));
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

function combine(merge: Merge, a: PackedMask, b: PackedMask, box: MaskBounds): PackedMask {
  const bits = takeBits(a, box);
  layOn(merge, b, box, bits);
  return packBits(a, box, bits);
}

/** Whether the same pixels are set in two canonical masks. */
export function isSamePacked(a: PackedMask, b: PackedMask): boolean {
  requireSameSize(a, b);
  if (a === b) return true;
  if (a.bounds === null || b.bounds === null) return a.bounds === b.bounds;
  if (!isSameBox(a.bounds, b.bounds)) return false;
  for (let at = 0; at < a.bits.length; at++) if (a.bits[at] !== b.bits[at]) return false;
  return true;
}

/** What lies in either. Throws when the sizes differ, as the others do. */
export function unitePacked(a: PackedMask, b: PackedMask): PackedMask {
  requireSameSize(a, b);
  if (a.bounds === null) return b;
  if (b.bounds === null) return a;
  return combine(OR, a, b, uniteBoxes(a.bounds, b.bounds));
}

/** What lies in `a` and not in `b`. */
export function subtractPacked(a: PackedMask, b: PackedMask): PackedMask {
  requireSameSize(a, b);
  if (a.bounds === null || b.bounds === null || !boxesMeet(a.bounds, b.bounds)) return a;
  return combine(AND_NOT, a, b, a.bounds);
}

/** What lies in both. */
export function intersectPacked(a: PackedMask, b: PackedMask): PackedMask {
  requireSameSize(a, b);
  if (a.bounds === null || b.bounds === null || !boxesMeet(a.bounds, b.bounds))
    return emptyPackedMask(a.width, a.height);
  return combine(AND, a, b, {
    left: Math.max(a.bounds.left, b.bounds.left),
    top: Math.max(a.bounds.top, b.bounds.top),
    right: Math.min(a.bounds.right, b.bounds.right),
    bottom: Math.min(a.bounds.bottom, b.bounds.bottom),
  });
}

/** What lies in one of them alone: where they differ, and, `b` being such a difference, the other side of it. */
export function togglePacked(a: PackedMask, b: PackedMask): PackedMask {
  requireSameSize(a, b);
  if (a.bounds === null) return b;
  if (b.bounds === null) return a;
  if (isSamePacked(a, b)) return emptyPackedMask(a.width, a.height); // undone to nothing
  return combine(XOR, a, b, uniteBoxes(a.bounds, b.bounds));
}

const BITS_OF_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
});

export function countPackedPixels(mask: PackedMask): number {
  let count = 0;
  for (const byte of mask.bits) count += BITS_OF_BYTE[byte] ?? 0;
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
