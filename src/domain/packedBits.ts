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
 * What becomes of pixels x of one mask and y of the other, as masks of all bits or none, so that no loop has to choose:
 * `x & ~(y & clear) ^ (y & flip)`, with y inverted first where `invert` says so.
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

const isSameBox = (a: MaskBounds, b: MaskBounds): boolean =>
  a.left === b.left && a.right === b.right && a.top === b.top && a.bottom === b.bottom;

/** Memory that grows to the largest mask and is used again: a whole organ is hundreds of masks. */
function createScratch() {
  let words = new Int32Array(0);
  return {
    /** At least so many words of 32 bits, holding anything. */
    take: (count: number): Int32Array => {
      if (words.length < count) words = new Int32Array(count);
      return words;
    },
  };
}
const scratch = { first: createScratch(), second: createScratch(), made: createScratch() };

/** The bits of a mask in words that can be read one beyond the last. */
function toWords({ bits }: PackedMask, { take }: ReturnType<typeof createScratch>): Int32Array {
  const count = Math.ceil(bits.length / 4) + 1;
  const words = take(count);
  words[count - 2] = 0; // behind the last byte
  words[count - 1] = 0;
  new Uint8Array(words.buffer).set(bits);
  return words;
}

/**
 * 32 pixels of a row from `column` on, the first one lowest, of a mask whose rows reach from `left` to `right`; none
 * beyond. `rowAt` is the bit of the row's first pixel.
 */
function readRow(
  words: Int32Array,
  rowAt: number,
  left: number,
  right: number,
  column: number,
): number {
  const from = column < left ? left : column;
  const count = right - from + 1;
  if (count <= 0 || from > column + 31) return 0;
  const at = rowAt + from - left;
  const shift = at & 31;
  const low = (words[at >> 5] ?? 0) >>> shift;
  const word = low | (((words[(at >> 5) + 1] ?? 0) << 1) << (31 - shift));
  return (count < 32 ? word & ((1 << count) - 1) : word) << (from - column);
}

const NO_ROWS: MaskBounds = { left: 0, right: -1, top: 0, bottom: -1 };

/**
 * Lays one mask on another inside a box: one pass over the rows, in which the smallest bounds of the result are found as
 * well. It runs for each slice of each edit, so its words are in local variables.
 */
function combine(merge: Merge, a: PackedMask, b: PackedMask, box: MaskBounds): PackedMask {
  const { invert, clear, flip } = merge;
  const [boundsA, boundsB] = [a.bounds ?? NO_ROWS, b.bounds ?? NO_ROWS];
  const [wordsA, wordsB] = [toWords(a, scratch.first), toWords(b, scratch.second)];
  const [widthA, widthB] = [widthOf(boundsA), widthOf(boundsB)];
  const byteCount = Math.ceil((widthOf(box) * heightOf(box)) / 8);
  const made = scratch.made.take(Math.ceil(byteCount / 4) + 1);
  const columns = new Int32Array(Math.ceil(widthOf(box) / 32)); // all rows in one
  let [top, bottom] = [-1, -1];
  let [next, filled, at] = [0, 0, 0]; // bits not yet written, their number, and where they go
  for (let row = box.top; row <= box.bottom; row++) {
    const rightA = row < boundsA.top || row > boundsA.bottom ? -1 : boundsA.right;
    const rightB = row < boundsB.top || row > boundsB.bottom ? -1 : boundsB.right;
    const rowA = (row - boundsA.top) * widthA;
    const rowB = (row - boundsB.top) * widthB;
    let inRow = 0;
    for (let column = box.left, n = 0; column <= box.right; column += 32, n++) {
      const count = box.right - column + 1;
      const x = readRow(wordsA, rowA, boundsA.left, rightA, column);
      const y = readRow(wordsB, rowB, boundsB.left, rightB, column) ^ invert;
      const all = (x & ~(y & clear)) ^ (y & flip);
      const word = count < 32 ? all & ((1 << count) - 1) : all;
      columns[n] = (columns[n] ?? 0) | word;
      inRow |= word;
      next |= word << filled;
      filled += count < 32 ? count : 32;
      if (filled < 32) continue;
      made[at++] = next;
      filled -= 32;
      // What of the word did not fit: its highest bits.
      const kept = (count < 32 ? count : 32) - filled;
      next = kept === 32 ? 0 : word >>> kept;
    }
    if (inRow === 0) continue;
    if (top < 0) top = row;
    bottom = row;
  }
  made[at] = next;
  const { width, height } = a;
  if (top < 0) return emptyPackedMask(width, height);
  const [left, right] = findEnds(columns);
  const bounds = { left: box.left + left, right: box.left + right, top, bottom };
  const mask = {
    width,
    height,
    bounds: box,
    bits: new Uint8Array(made.buffer).slice(0, byteCount),
  };
  return isSameBox(bounds, box) ? mask : combine(OR, mask, emptyPackedMask(width, height), bounds);
}

/** Places of the lowest and the highest bit of words in a row, of which one is set. */
function findEnds(words: Int32Array): readonly [number, number] {
  const first = words.findIndex((word) => word !== 0);
  const last = words.findLastIndex((word) => word !== 0);
  const lowest = words[first] ?? 0;
  const place = (bit: number): number => 31 - Math.clz32(bit);
  return [first * 32 + place(lowest & -lowest), last * 32 + place(words[last] ?? 0)];
}

const hasBit = (bits: Uint8Array, at: number): boolean =>
  (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;

/** A mask out of the bits of any box inside it; `bits` has no bit beyond the box. */
export function packBits(
  { width, height }: Pick<PackedMask, 'width' | 'height'>,
  box: MaskBounds,
  bits: Uint8Array,
): PackedMask {
  const mask = { width, height, bounds: box, bits };
  return combine(OR, mask, emptyPackedMask(width, height), box);
}

/** The same pixels with the smallest bounds and no bit beyond them. */
export const canonicalMask = (mask: PackedMask): PackedMask =>
  mask.bounds === null
    ? emptyPackedMask(mask.width, mask.height)
    : packBits(mask, mask.bounds, mask.bits);

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
