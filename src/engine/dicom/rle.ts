import { IbisError } from '../../contract/errors.js';

const broken = (): IbisError =>
  new IbisError('broken-file', 'The file is damaged: an RLE image in it cannot be unpacked.');

/** PackBits, as PS3.5 annex G writes it: -128 is skipped, a run of -n is n + 1 copies. */
function unpackSegment(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  firstOut: number,
  stride: number,
  count: number,
): void {
  let at = start;
  let done = 0;
  while (done < count && at < end) {
    const head = bytes[at++] ?? 128;
    if (head < 128) {
      if (at + Math.min(head + 1, count - done) > end) throw broken();
      for (let n = 0; n <= head && done < count; n++, done++)
        out[firstOut + done * stride] = bytes[at + n] ?? 0;
      at += head + 1;
    } else if (head > 128) {
      const value = bytes[at++] ?? 0;
      for (let n = 0; n <= 256 - head && done < count; n++, done++)
        out[firstOut + done * stride] = value;
    }
  }
  if (done < count) throw broken();
}

/**
 * RLE Lossless: one segment a byte plane, sample by sample, most significant byte first. The library decodes
 * 8 and 16 bits only, hence these lines: any width, little-endian interleaved samples out. 1-bit frames are
 * packed bits in one segment.
 */
export function decodeRle(
  bytes: Uint8Array,
  pixelCount: number,
  samples: number,
  bitsAllocated: number,
): Uint8Array {
  if (bytes.length < 64) throw broken();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const segmentCount = view.getUint32(0, true);
  const packedBits = bitsAllocated === 1;
  const width = packedBits ? 1 : bitsAllocated / 8;
  if (segmentCount !== samples * width || segmentCount > 15) throw broken();
  const count = packedBits ? Math.ceil(pixelCount / 8) : pixelCount;
  const out = new Uint8Array(count * samples * width);
  for (let segment = 0; segment < segmentCount; segment++) {
    const start = view.getUint32(4 + segment * 4, true);
    const next = segment + 1 < segmentCount ? view.getUint32(8 + segment * 4, true) : bytes.length;
    if (start < 64 || next > bytes.length || start > next) throw broken();
    const sample = Math.floor(segment / width);
    const byte = width - 1 - (segment % width);
    unpackSegment(bytes, start, next, out, sample * width + byte, samples * width, count);
  }
  return out;
}
