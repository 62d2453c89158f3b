import { IbisError, toErrorShape, type IbisErrorShape } from '../../contract/errors.js';
import { cross, type VolumeGeometry } from '../../domain/geometry.js';
import { err, ok, type Result } from '../../domain/result.js';
import type { ImageInfo, Volume, PixelArray } from '../../domain/study.js';
import type { FramePixels } from './framePixels.js';
import { bytesPerSample, viewAs } from '../../domain/pixels.js';
import type { BuiltVolume, StoredFrame } from './types.js';

export interface LoadOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const isIdentity = (info: ImageInfo): boolean =>
  info.rescaleSlope === 1 && info.rescaleIntercept === 0;

const isWholeRescale = (info: ImageInfo): boolean =>
  Number.isInteger(info.rescaleSlope) && Number.isInteger(info.rescaleIntercept);

/**
 * What holds modality values: the stored type where nothing is rescaled; Int16 for whole-number rescales of up
 * to 16 bits (CT; widened to Int32 on the first value that does not fit); else Float32.
 */
function allocate(infos: readonly ImageInfo[], count: number): PixelArray {
  const [first] = infos;
  const oneType = infos.every((info) => info.pixelType === first?.pixelType);
  if (first !== undefined && oneType && infos.every(isIdentity)) {
    const { pixelType } = first;
    return viewAs(pixelType, new Uint8Array(count * bytesPerSample[pixelType]));
  }
  const narrow = infos.every(
    (info) => isWholeRescale(info) && /^u?int(8|16)$/.test(info.pixelType),
  );
  return narrow ? new Int16Array(count) : new Float32Array(count);
}

/** Writes one frame's modality values; returns the array to go on with: a wider copy where a value did not fit. */
function writeFrame(into: PixelArray, at: number, stored: PixelArray, info: ImageInfo): PixelArray {
  if (isIdentity(info) && into.constructor === stored.constructor) {
    into.set(stored, at);
    return into;
  }
  const { rescaleSlope: slope, rescaleIntercept: intercept } = info;
  const bounded = into instanceof Int16Array;
  for (let n = 0; n < stored.length; n++) {
    const value = (stored[n] ?? 0) * slope + intercept;
    if (bounded && (value < -32_768 || value > 32_767))
      return writeFrame(Int32Array.from(into), at, stored, info);
    into[at + n] = value;
  }
  return into;
}

function paddingOf(infos: readonly ImageInfo[]): Volume['paddingRange'] {
  const [first] = infos;
  if (first?.padding == null) return null;
  const { padding, rescaleSlope, rescaleIntercept } = first;
  const same = infos.every(
    (info) =>
      info.padding?.first === padding.first &&
      info.padding.last === padding.last &&
      info.rescaleSlope === rescaleSlope &&
      info.rescaleIntercept === rescaleIntercept,
  );
  if (!same) return null;
  const ends = [padding.first, padding.last].map((v) => v * rescaleSlope + rescaleIntercept);
  return { first: Math.min(...ends), last: Math.max(...ends) };
}

/** Frames in order -> a Volume with the given geometry. Frames are read a few at a time. */
async function loadFrames(
  frames: readonly StoredFrame[],
  geometry: VolumeGeometry,
  pixels: FramePixels,
  { onProgress, signal }: LoadOptions,
): Promise<Result<Volume, IbisErrorShape>> {
  const infos = frames.map((frame) => frame.info);
  const [first] = infos;
  if (first === undefined) return err({ code: 'no-series', message: 'The series has no images.' });
  const frameSamples = first.rows * first.columns * first.samplesPerPixel;
  const middle = infos[infos.length >> 1] ?? first;
  try {
    let data = allocate(infos, frameSamples * frames.length);
    let done = 0;
    let next = 0;
    const loadNext = async (): Promise<void> => {
      while (next < frames.length) {
        if (signal?.aborted === true) throw new IbisError('cancelled', 'Cancelled.');
        const k = next++;
        const frame = frames[k];
        if (frame === undefined) return;
        const bytes = await pixels.load(frame, signal);
        data = writeFrame(data, k * frameSamples, viewAs(frame.info.pixelType, bytes), frame.info);
        onProgress?.(++done, frames.length);
      }
    };
    await Promise.all(Array.from({ length: Math.min(8, frames.length) }, loadNext));
    return ok({
      geometry,
      samplesPerPixel: first.samplesPerPixel,
      data,
      photometric: first.photometric,
      window: middle.window,
      paddingRange: paddingOf(infos),
    });
  } catch (thrown) {
    if (thrown instanceof RangeError)
      return err({ code: 'failed', message: 'The volume is too large for the memory at hand.' });
    return err(toErrorShape(thrown));
  }
}

/** The whole volume in modality values. */
export function loadVolume(
  volume: BuiltVolume,
  pixels: FramePixels,
  options: LoadOptions = {},
): Promise<Result<Volume, IbisErrorShape>> {
  if (volume.geometry === null)
    return Promise.resolve(
      err({
        code: 'no-geometry' as const,
        message: 'The images differ in size or orientation and form no volume: open one at a time.',
      }),
    );
  return loadFrames(volume.frames, volume.geometry, pixels, options);
}

/** Geometry of one frame by itself: its own place in the patient where the file tells it. */
export function geometryOfFrame(frame: StoredFrame): VolumeGeometry {
  const { position, columnDirection, rowDirection, spacingMm, rows, columns } = frame.info;
  const known = position !== null && columnDirection !== null && rowDirection !== null;
  return {
    dimensions: [columns, rows, 1],
    spacingMm: [spacingMm?.column ?? 1, spacingMm?.row ?? 1, frame.sliceSpacingMm ?? 1],
    origin: position ?? [0, 0, 0],
    direction: known
      ? [columnDirection, rowDirection, cross(columnDirection, rowDirection)]
      : [
          [1, 0, 0],
          [0, 1, 0],
          [0, 0, 1],
        ],
    orientationKnown: known,
  };
}

/** One frame as a volume of one slice (k = 0), without touching the others: what one acquired slice needs. */
export function loadSlice(
  volume: BuiltVolume,
  sliceIndex: number,
  pixels: FramePixels,
  options: LoadOptions = {},
): Promise<Result<Volume, IbisErrorShape>> {
  const frame = volume.frames[sliceIndex];
  if (frame === undefined)
    return Promise.resolve(
      err({
        code: 'bad-slice' as const,
        message: `There is no slice ${String(sliceIndex)}: the series has slices 0 to ${String(volume.frames.length - 1)}.`,
      }),
    );
  return loadFrames([frame], geometryOfFrame(frame), pixels, options);
}
