import { IbisError } from '../contract/errors.js';
import type { SeriesId } from '../domain/brand.js';
import type { VolumeGeometry } from '../domain/geometry.js';
import { computeSlicePlane } from '../domain/plane.js';
import type { SliceAxis, SlicePlane } from '../domain/plane.js';
import type { Result } from '../domain/result.js';
import { computeDefaultWindow } from '../domain/slice.js';
import type { IntensityWindow, Series, Volume, VolumeInfo } from '../domain/study.js';
import type { IbisErrorShape } from '../contract/errors.js';
import { renderSliceImage } from './agent/sliceImage.js';
import type { SliceImage } from './agent/types.js';
import type { Library } from './dicom/index.js';

export interface SliceRequest {
  readonly seriesId: SeriesId;
  readonly phaseIndex: number;
  readonly axis: SliceAxis;
  /** Zero-based along the plane's normal; for loose images, the image's number in the series. */
  readonly sliceIndex: number;
  /** Null: the file's VOI, else the 1st to 99th percentile of the volume. */
  readonly window: IntensityWindow | null;
}

/** A slice as both models see it, with its place in the patient. */
export interface PreparedSlice {
  readonly series: Series;
  readonly geometry: VolumeGeometry;
  readonly plane: SlicePlane;
  /** Index in `geometry`: 0 for a loose image, which is a volume of one slice. */
  readonly sliceIndex: number;
  readonly window: IntensityWindow;
  readonly image: SliceImage;
}

export interface SliceSource {
  /** Rejects with 'no-series', 'bad-slice', 'no-geometry' or what reading the pixels gives. */
  prepare(request: SliceRequest, signal?: AbortSignal): Promise<PreparedSlice>;
  /**
   * The window that `prepare` takes where the caller names none and the files have none: 1st to 99th percentile of
   * the volume. Null where each image has its own (a VOI, colour, images that form no volume).
   */
  computeWindow(
    seriesId: SeriesId,
    phaseIndex: number,
    signal?: AbortSignal,
  ): Promise<IntensityWindow | null>;
  /** All slices of a phase; kept for the next call. */
  loadVolume(seriesId: SeriesId, phaseIndex: number, signal?: AbortSignal): Promise<Volume>;
  /** Lets go of what is kept, or of these series. */
  forget(seriesIds?: readonly SeriesId[]): void;
}

// A 512 x 512 x 300 CT is 157 MB. The one on screen, the next of the queue, and that of a batch in the background.
const KEPT_VOLUMES = 3;

// Colour is shown as it is stored: no window changes it, and no volume need be read to find one.
const COLOUR_WINDOW: IntensityWindow = { centre: 127.5, width: 255 };

const valueOf = <T>(result: Result<T, IbisErrorShape>): T => {
  if (!result.ok) throw new IbisError(result.error.code, result.error.message);
  return result.value;
};

function requireSlice(sliceIndex: number, count: number): void {
  if (sliceIndex < count) return;
  throw new IbisError(
    'bad-slice',
    `There is no slice ${String(sliceIndex)}: this axis has slices 0 to ${String(count - 1)}.`,
  );
}

export function createSliceSource(library: Library): SliceSource {
  // Newest last. Promises, so that two askers read the files once.
  const kept = new Map<string, Promise<Volume>>();

  const loadVolume = (
    seriesId: SeriesId,
    phaseIndex: number,
    signal?: AbortSignal,
  ): Promise<Volume> => {
    const key = `${seriesId}/${String(phaseIndex)}`;
    const volume =
      kept.get(key) ?? library.loadVolume(seriesId, phaseIndex, { signal }).then(valueOf);
    kept.delete(key);
    kept.set(key, volume);
    for (const oldest of kept.keys()) if (kept.size > KEPT_VOLUMES) kept.delete(oldest);
    volume.catch(() => kept.delete(key));
    return volume;
  };

  const findVolume = ({
    seriesId,
    phaseIndex,
  }: Pick<SliceRequest, 'seriesId' | 'phaseIndex'>): { series: Series; info: VolumeInfo } => {
    const series = library.getSeries(seriesId);
    if (series === null)
      throw new IbisError('no-series', 'The series is not open. Open its study first.');
    const info = series.volumes[phaseIndex];
    if (info === undefined)
      throw new IbisError(
        'bad-slice',
        `There is no phase ${String(phaseIndex)}: this series has ${String(series.volumes.length)}.`,
      );
    return { series, info };
  };

  const prepare = async (request: SliceRequest, signal?: AbortSignal): Promise<PreparedSlice> => {
    const { seriesId, phaseIndex, axis, sliceIndex } = request;
    const { series, info } = findVolume(request);
    const loadStored = async (): Promise<Volume> =>
      valueOf(await library.loadSlice(seriesId, phaseIndex, sliceIndex, { signal }));

    if (info.geometry === null) {
      if (axis !== 'acquired')
        throw new IbisError(
          'no-geometry',
          'These images form no volume (their sizes or directions differ), so they have no other axis than their own.',
        );
      requireSlice(sliceIndex, info.images.length);
      const single = await loadStored();
      const plane = computeSlicePlane(single.geometry, 'acquired');
      const window = request.window ?? computeDefaultWindow(single);
      const image = renderSliceImage(single, plane, 0, window);
      return { series, geometry: single.geometry, plane, sliceIndex: 0, window, image };
    }

    const { geometry } = info;
    const plane = computeSlicePlane(geometry, axis);
    requireSlice(sliceIndex, plane.sliceCount);
    // A stored slice with a known window needs no other slice; any other cut needs the volume.
    const stored = info.images[sliceIndex];
    const storedWindow =
      request.window ?? stored?.window ?? (stored?.samplesPerPixel === 3 ? COLOUR_WINDOW : null);
    if (plane.normalAxis === 2 && storedWindow !== null) {
      const single = await loadStored();
      const image = renderSliceImage(
        {
          ...single,
          geometry: {
            ...geometry,
            dimensions: [geometry.dimensions[0], geometry.dimensions[1], 1],
          },
        },
        { ...plane, sliceCount: 1 },
        0,
        storedWindow,
      );
      return { series, geometry, plane, sliceIndex, window: storedWindow, image };
    }
    const volume = await loadVolume(seriesId, phaseIndex, signal);
    const window = request.window ?? computeDefaultWindow(volume);
    const image = renderSliceImage(volume, plane, sliceIndex, window);
    return { series, geometry, plane, sliceIndex, window, image };
  };

  const computeWindow = async (
    seriesId: SeriesId,
    phaseIndex: number,
    signal?: AbortSignal,
  ): Promise<IntensityWindow | null> => {
    const { info } = findVolume({ seriesId, phaseIndex });
    const hasOwn = info.images.some((image) => image.window !== null || image.samplesPerPixel > 1);
    if (info.geometry === null || hasOwn) return null;
    return computeDefaultWindow(await loadVolume(seriesId, phaseIndex, signal));
  };

  const forget = (seriesIds?: readonly SeriesId[]): void => {
    for (const key of kept.keys())
      if (seriesIds?.some((seriesId) => key.startsWith(`${seriesId}/`)) ?? true) kept.delete(key);
  };

  return { prepare, computeWindow, loadVolume, forget };
}
