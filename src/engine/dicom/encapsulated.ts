import { IbisError } from '../../contract/errors.js';

/** A stretch of the file. */
interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/** Reads `length` bytes of the file at `offset`; shorter at its end. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

const ITEM = 0xe000;
const SEQUENCE_END = 0xe0dd;

const broken = (): IbisError =>
  new IbisError(
    'broken-file',
    'The file is damaged: its compressed images end early. Copy it again from its source.',
  );

/** Walks the items of encapsulated pixel data by their lengths, so that no image byte is taken for a mark. */
function readItems(readAt: ReadAt, pixelOffset: number): readonly Stretch[] {
  const items: Stretch[] = [];
  let at = pixelOffset;
  for (;;) {
    const head = readAt(at, 8);
    if (head.length < 8) {
      // Some writers leave the closing delimiter out.
      if (head.length === 0 && items.length > 1) return items;
      throw broken();
    }
    const view = new DataView(head.buffer, head.byteOffset, 8);
    const group = view.getUint16(0, true);
    const element = view.getUint16(2, true);
    const length = view.getUint32(4, true);
    if (group !== 0xfffe) throw broken();
    if (element === SEQUENCE_END) return items;
    if (element !== ITEM || length > 0x7fffffff) throw broken();
    items.push({ offset: at + 8, length });
    at += 8 + length;
  }
}

const startsCodestream = (bytes: Uint8Array): boolean =>
  bytes[0] === 0xff && (bytes[1] === 0xd8 || bytes[1] === 0x4f);

/**
 * Fragments of each frame, in order. Frames are told apart by the basic offset table, by one fragment a
 * frame, or by where a JPEG or JPEG 2000 stream begins.
 */
export function locateFrames(
  readAt: ReadAt,
  pixelOffset: number,
  frameCount: number,
): readonly (readonly Stretch[])[] {
  const [table, ...fragments] = readItems(readAt, pixelOffset);
  if (table === undefined || fragments.length === 0) throw broken();
  if (frameCount === 1) return [fragments];
  if (fragments.length === frameCount) return fragments.map((fragment) => [fragment]);
  const starts = readOffsetTable(readAt, table, frameCount);
  const base = table.offset + table.length;
  const isStart =
    starts === null
      ? (fragment: Stretch) => startsCodestream(readAt(fragment.offset, 2))
      : (fragment: Stretch) => starts.has(fragment.offset - 8 - base);
  const frames: Stretch[][] = [];
  for (const fragment of fragments) {
    if (isStart(fragment) || frames.length === 0) frames.push([]);
    frames.at(-1)?.push(fragment);
  }
  if (frames.length < frameCount) throw broken();
  return frames;
}

function readOffsetTable(
  readAt: ReadAt,
  table: Stretch,
  frameCount: number,
): ReadonlySet<number> | null {
  if (table.length !== frameCount * 4) return null;
  const bytes = readAt(table.offset, table.length);
  if (bytes.length < table.length) throw broken();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return new Set(Array.from({ length: frameCount }, (_, n) => view.getUint32(n * 4, true)));
}

/** The compressed bytes of a frame, its fragments joined. */
export function readFragments(readAt: ReadAt, fragments: readonly Stretch[]): Uint8Array {
  const total = fragments.reduce((sum, fragment) => sum + fragment.length, 0);
  const joined = new Uint8Array(total);
  let at = 0;
  for (const fragment of fragments) {
    const bytes = readAt(fragment.offset, fragment.length);
    if (bytes.length < fragment.length) throw broken();
    joined.set(bytes, at);
    at += fragment.length;
  }
  return joined;
}
