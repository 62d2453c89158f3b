import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

import { IbisError } from '../../contract/errors.js';
import { decodeCompressed } from './codecs.js';
import { storedFrameBytes } from './describeInstance.js';
import { locateFrames, readFragments, type ReadAt } from './encapsulated.js';
import { expand422, finishPixels, swapBytes, type RawSamples } from './pixels.js';
import { decodePlainImage } from './plainImage.js';
import { EXPLICIT_BIG } from './readHeader.js';
import { knownSyntax } from './transferSyntaxes.js';
import { unpackBits } from './unpackBits.js';
import type { DicomFrameSource, FrameSource, NiftiFrameSource } from './types.js';

/** Decodes one frame to the bytes that its ImageInfo promises. Throws IbisError for broken frames. */
export async function decodeFrame(source: FrameSource, readAt: ReadAt): Promise<Uint8Array> {
  switch (source.kind) {
    case 'dicom':
      return finishPixels(await readSamples(source, readAt), source.layout);
    case 'nifti':
      return decodeNiftiSlice(source, readAt);
    case 'png':
    case 'jpeg':
      return decodePlainImage(source.kind, readFileSync(source.file));
  }
}

async function readSamples(source: DicomFrameSource, readAt: ReadAt): Promise<RawSamples> {
  const { layout } = source;
  const { codec, encapsulated } = knownSyntax(layout.transferSyntaxUID);
  if (!encapsulated) return unpackNative(readNative(source, readAt), source);
  const frames = locateFrames(readAt, source.pixelOffset, layout.frameCount);
  const fragments = frames[source.frameIndex];
  if (fragments === undefined)
    throw new IbisError('broken-file', 'The file holds fewer images than its header states.');
  const bytes = readFragments(readAt, fragments);
  if (codec === 'native') return unpackNative({ bytes, firstBit: 0 }, source);
  if (codec === 'deflated-frame') {
    // Each frame is a raw deflate stream; one byte of padding may follow.
    const inflated = inflateRawSync(bytes, { maxOutputLength: 1 << 30 });
    return unpackNative({ bytes: new Uint8Array(inflated), firstBit: 0 }, source);
  }
  return decodeCompressed(codec, bytes, layout);
}

interface NativeBytes {
  readonly bytes: Uint8Array;
  /** Where the frame begins in the first byte: 1-bit frames follow each other without padding. */
  readonly firstBit: number;
}

function readNative(source: DicomFrameSource, readAt: ReadAt): NativeBytes {
  const { layout } = source;
  const frameBytes = storedFrameBytes(layout);
  const start = frameBytes * source.frameIndex;
  // Big-endian words (OW) hold two 8-bit pixels, or 16 single bits, in swapped order: whole words are read
  // and swapped back. OB pixels lie in order.
  const swapWords =
    layout.transferSyntaxUID === EXPLICIT_BIG && layout.words && layout.bitsAllocated <= 8;
  const from = swapWords ? Math.floor(start / 2) * 2 : Math.floor(start);
  const to = Math.ceil(start + frameBytes);
  const even = swapWords ? Math.ceil(to / 2) * 2 : to;
  const bytes = readAt(source.pixelOffset + from, even - from);
  if (bytes.length < to - from)
    throw new IbisError('broken-file', 'The file is cut short: its image is not complete.');
  if (swapWords) swapBytes(bytes, 2);
  const firstBit = Math.round((start - from) * 8);
  const skipped = firstBit >> 3;
  return { bytes: bytes.subarray(skipped), firstBit: firstBit & 7 };
}

/** Native bytes of one frame -> little-endian whole samples. */
function unpackNative({ bytes, firstBit }: NativeBytes, source: DicomFrameSource): RawSamples {
  const { layout } = source;
  const { bitsAllocated, photometric } = layout;
  const pixelCount = layout.rows * layout.columns;
  const planar = layout.planarConfiguration === 1 && layout.samplesPerPixel > 1;
  if (bitsAllocated === 1)
    return {
      bytes: unpackBits(bytes, firstBit, pixelCount),
      bitsAllocated: 8,
      planar,
      photometric,
    };
  if (bitsAllocated === 12)
    return { bytes: unpack12(bytes, pixelCount), bitsAllocated: 16, planar, photometric };
  const bytesPerSample = bitsAllocated / 8;
  if (layout.transferSyntaxUID === EXPLICIT_BIG && bytesPerSample > 1)
    swapBytes(bytes, bytesPerSample);
  const is422 = photometric === 'YBR_FULL_422' && layout.samplesPerPixel === 3;
  const width =
    bitsAllocated === 8 ? 8 : bitsAllocated === 16 ? 16 : bitsAllocated === 32 ? 32 : 64;
  return {
    bytes: is422 ? expand422(bytes, pixelCount) : bytes,
    bitsAllocated: width,
    planar: planar && !is422,
    photometric,
  };
}

/** Two 12-bit pixels in three bytes (retired packing) -> 16 bits each. */
function unpack12(bytes: Uint8Array, pixelCount: number): Uint8Array {
  const out = new Uint16Array(pixelCount);
  for (let n = 0; n < pixelCount; n++) {
    const at = (n >> 1) * 3;
    const [a = 0, b = 0, c = 0] = [bytes[at], bytes[at + 1], bytes[at + 2]];
    out[n] = (n & 1) === 0 ? a | ((b & 0x0f) << 8) : (b >> 4) | (c << 4);
  }
  return new Uint8Array(out.buffer);
}

function decodeNiftiSlice(source: NiftiFrameSource, readAt: ReadAt): Uint8Array {
  const bytes = readAt(source.offset, source.length).slice();
  if (bytes.length < source.length)
    throw new IbisError('broken-file', 'The NIfTI file is cut short: its image is not complete.');
  const { storedType } = source;
  if (storedType === 'rgb24') return bytes;
  if (storedType === 'rgba32') {
    const rgb = new Uint8Array((bytes.length / 4) * 3);
    for (let n = 0; n * 4 < bytes.length; n++) rgb.set(bytes.subarray(n * 4, n * 4 + 3), n * 3);
    return rgb;
  }
  const width = storedType.endsWith('64')
    ? 8
    : storedType.endsWith('32')
      ? 4
      : storedType.endsWith('16')
        ? 2
        : 1;
  if (source.bigEndian && width > 1) swapBytes(bytes, width);
  if (storedType === 'int64' || storedType === 'uint64') {
    const wide =
      storedType === 'int64' ? new BigInt64Array(bytes.buffer) : new BigUint64Array(bytes.buffer);
    return new Uint8Array(Float64Array.from(wide, Number).buffer);
  }
  return bytes;
}
