import { open } from 'node:fs/promises';

import { IbisError } from '../../contract/errors.js';
import type { ResolvedResource } from '../../contract/engineMessages.js';
import type { CacheFolder } from './cacheFolder.js';
import type { DecodePool } from './decodePool.js';
import { storedFrameBytes } from './describeInstance.js';
import { frameByteLength, viewAs } from '../../domain/pixels.js';
import { EXPLICIT_BIG } from './readHeader.js';
import { knownSyntax } from './transferSyntaxes.js';
import type { DicomFrameSource, StoredFrame } from './types.js';

/** Where a frame's shown bytes lie in a file that is already there. */
interface Stretch {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  /** Unused bits of each sample must be looked at first: they may hold an overlay, or lack the sign. */
  readonly checkUnusedBits: boolean;
}

/** The stretch of the original file that can be shown as it is, or null: the frame must be decoded. */
function findDirectStretch(frame: StoredFrame): Stretch | null {
  const { source, info } = frame;
  const length = frameByteLength(info);
  if (source.kind === 'nifti') {
    const asStored =
      source.storedType === info.pixelType &&
      (!source.bigEndian || length === info.rows * info.columns);
    if (!asStored && source.storedType !== 'rgb24') return null;
    return { file: source.file, offset: source.offset, length, checkUnusedBits: false };
  }
  if (source.kind !== 'dicom') return null;
  return isShownAsStored(source)
    ? {
        file: source.file,
        offset: source.pixelOffset + storedFrameBytes(source.layout) * source.frameIndex,
        length,
        checkUnusedBits:
          source.layout.sampleKind === 'integer' &&
          source.layout.bitsStored < source.layout.bitsAllocated,
      }
    : null;
}

function isShownAsStored({ layout }: DicomFrameSource): boolean {
  const { encapsulated } = knownSyntax(layout.transferSyntaxUID);
  if (encapsulated || layout.modalityLut !== null || layout.palette !== null) return false;
  if (layout.transferSyntaxUID === EXPLICIT_BIG && (layout.bitsAllocated > 8 || layout.words))
    return false;
  if (layout.samplesPerPixel === 3)
    return (
      layout.photometric === 'RGB' &&
      layout.bitsAllocated === 8 &&
      layout.bitsStored === 8 &&
      layout.planarConfiguration === 0
    );
  return layout.samplesPerPixel === 1 && [8, 16, 32].includes(layout.bitsAllocated)
    ? true
    : layout.sampleKind === 'float';
}

/** True when dropping the unused bits (and extending the sign) changes no sample. */
function unusedBitsAreClean(bytes: Uint8Array, frame: StoredFrame): boolean {
  const { source, info } = frame;
  if (source.kind !== 'dicom') return true;
  const { bitsStored, bitsAllocated, highBit, signed } = source.layout;
  if (highBit !== bitsStored - 1) return false;
  const samples = viewAs(info.pixelType, bytes);
  const low = signed ? -(2 ** (bitsStored - 1)) : 0;
  const high = signed ? 2 ** (bitsStored - 1) - 1 : 2 ** bitsStored - 1;
  if (bitsStored === bitsAllocated) return true;
  for (let n = 0; n < samples.length; n++) {
    const value = samples[n] ?? 0;
    if (value < low || value > high) return false;
  }
  return true;
}

async function readStretch(stretch: Stretch): Promise<Uint8Array> {
  let handle;
  try {
    handle = await open(stretch.file, 'r');
  } catch (cause) {
    throw new IbisError('not-found', 'The file of this image is no longer there.', { cause });
  }
  try {
    // Not from a shared pool: typed views of whole samples need an aligned start.
    const bytes = new Uint8Array(stretch.length);
    const { bytesRead } = await handle.read(bytes, 0, stretch.length, stretch.offset);
    if (bytesRead < stretch.length)
      throw new IbisError('broken-file', 'The file is cut short: its image is not complete.');
    return bytes;
  } finally {
    await handle.close();
  }
}

const CONTENT_TYPE = 'application/octet-stream';

export interface FramePixels {
  /** Names a frame's decoded pixels in the cache; new where a file was opened anew, for it may have changed. */
  cacheKey(frame: StoredFrame): string;
  /** Decoded bytes of a frame, as ImageInfo describes them. */
  load(frame: StoredFrame, signal?: AbortSignal): Promise<Uint8Array>;
  /** A stretch of a file that holds these bytes. */
  resolve(frame: StoredFrame, signal?: AbortSignal): Promise<ResolvedResource>;
}

/** One decoder for the agent and the viewer: both get their pixels here. */
export function createFramePixels(cache: CacheFolder, pool: DecodePool): FramePixels {
  // Frames whose unused bits were seen to be clean (true) or not (false).
  const clean = new WeakMap<StoredFrame, boolean>();
  const keys = new WeakMap<StoredFrame, string>();
  let openedFrames = 0;

  const cacheKey = (frame: StoredFrame): string => {
    const key = keys.get(frame) ?? `${frame.info.imageId}-${String(++openedFrames)}`;
    keys.set(frame, key);
    return key;
  };

  const decodeToCache = async (
    frame: StoredFrame,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: Uint8Array; readonly resource: ResolvedResource }> => {
    const bytes = await pool.decode(frame.source, signal);
    if (bytes.length !== frameByteLength(frame.info))
      throw new IbisError(
        'broken-file',
        'The file contradicts itself: an image in it has another size than its header states.',
      );
    const { file, length } = await cache.put(cacheKey(frame), bytes);
    return { bytes, resource: { file, offset: 0, length, contentType: CONTENT_TYPE } };
  };

  const cached = (frame: StoredFrame): ResolvedResource | null => {
    const entry = cache.get(cacheKey(frame));
    if (entry === null) return null;
    return { ...entry, offset: 0, contentType: CONTENT_TYPE };
  };

  return {
    cacheKey,
    load: async (frame, signal) => {
      const stretch = findDirectStretch(frame);
      const known = clean.get(frame);
      if (stretch !== null && known !== false) {
        const bytes = await readStretch(stretch);
        if (!stretch.checkUnusedBits || known === true) return bytes;
        const isClean = unusedBitsAreClean(bytes, frame);
        clean.set(frame, isClean);
        if (isClean) return bytes;
      }
      const entry = cached(frame);
      if (entry !== null) return readStretch({ ...entry, checkUnusedBits: false });
      return (await decodeToCache(frame, signal)).bytes;
    },
    resolve: async (frame, signal) => {
      const stretch = findDirectStretch(frame);
      if (stretch !== null) {
        const { file, offset, length } = stretch;
        const asStored: ResolvedResource = { file, offset, length, contentType: CONTENT_TYPE };
        if (!stretch.checkUnusedBits) return asStored;
        const known = clean.get(frame);
        if (known === true) return asStored;
        if (known === undefined) {
          const isClean = unusedBitsAreClean(await readStretch(stretch), frame);
          clean.set(frame, isClean);
          if (isClean) return asStored;
        }
      }
      return cached(frame) ?? (await decodeToCache(frame, signal)).resource;
    },
  };
}
