import { imageToVoxel } from '../../domain/plane.js';
import type { SliceAxis } from '../../domain/plane.js';
import type { ImageInfo, Series, VolumeInfo } from '../../domain/study.js';
import { frameByteLength } from './framePixels.js';
import { nearestFirst } from './frameStore.js';
import type { FrameStore } from './frameStore.js';
import { cutSliceImage } from './sliceImage.js';
import type { SlicePixels } from './sliceImage.js';
import { cutVolume, placeSlice } from './slicePlacement.js';
import type { CutVolume, SlicePlacement } from './slicePlacement.js';
import type { LoadProgress, SlicePosition } from './viewerApi.js';

/** One slice of the series with all that its display needs. */
export interface PlacedSlice {
  readonly position: SlicePosition;
  readonly cut: CutVolume;
  readonly placement: SlicePlacement;
  /** The image itself in the acquired plane, else the volume's first. */
  readonly image: ImageInfo;
}

/** The open series: its slices along any axis, cut from frames that are fetched as needed. */
export interface SeriesSource {
  readonly series: Series;
  volumeOf(phaseIndex: number): VolumeInfo | undefined;
  /** Axes that can be shown: only 'acquired' for one image, for images without a common grid, or beyond memory. */
  axesOf(phaseIndex: number): readonly SliceAxis[];
  place(position: SlicePosition): PlacedSlice | null;
  /** Waits for the frame of an acquired slice; a slice across the frames needs none to be drawn. */
  loadSlice(position: SlicePosition): Promise<PlacedSlice>;
  /** Cuts from the frames that are there. */
  cutNow(slice: PlacedSlice): SlicePixels;
  readVoxel(slice: PlacedSlice, column: number, row: number): SliceVoxel | null;
  /** Fetches the rest, nearest to the shown slice first, then the same slice in the other phases. */
  prefetchAround(phaseIndex: number, frameIndex: number): void;
  progressOf(phaseIndex: number): LoadProgress;
}

export interface SliceVoxel {
  readonly image: ImageInfo;
  readonly column: number; // of the stored image
  readonly row: number;
}

export function createSeriesSource(
  series: Series,
  store: FrameStore,
  budgetBytes: number,
): SeriesSource {
  const volumeOf = (phaseIndex: number): VolumeInfo | undefined =>
    series.volumes.find((volume) => volume.phaseIndex === phaseIndex);

  const axesOf = (phaseIndex: number): readonly SliceAxis[] => {
    const volume = volumeOf(phaseIndex);
    if (volume?.geometry == null || volume.images.length < 2) return ['acquired'];
    const bytes = volume.images.reduce((sum, image) => sum + frameByteLength(image), 0);
    return bytes > budgetBytes ? ['acquired'] : ['acquired', 'axial', 'coronal', 'sagittal'];
  };

  const place = (position: SlicePosition): PlacedSlice | null => {
    const volume = volumeOf(position.phaseIndex);
    if (volume === undefined) return null;
    const cut = cutVolume(volume, position.axis, position.sliceIndex);
    if (cut === null) return null;
    const image = volume.images[cut.plane.normalAxis === 2 ? position.sliceIndex : 0];
    if (image === undefined) return null;
    const placement = placeSlice(volume, cut, position.sliceIndex, series.sourceKind);
    return { position, cut, placement, image };
  };

  const cutNow = (slice: PlacedSlice): SlicePixels => {
    const volume = volumeOf(slice.position.phaseIndex);
    const alone = slice.cut.plane.normalAxis === 2;
    const images = alone ? [slice.image] : (volume?.images ?? []);
    return cutSliceImage(
      {
        images,
        frame: (k) => {
          const image = images[k];
          return image === undefined ? undefined : store.get(image.imageId);
        },
      },
      slice.cut.plane,
      alone ? 0 : slice.position.sliceIndex,
    );
  };

  return {
    series,
    volumeOf,
    axesOf,
    place,
    cutNow,
    async loadSlice(position) {
      const slice = place(position);
      if (slice === null) throw new Error('there is no such slice');
      if (slice.cut.plane.normalAxis === 2) await store.request(slice.image);
      return slice;
    },
    readVoxel(slice, column, row) {
      const { plane } = slice.cut;
      if (column < 0 || row < 0 || column >= plane.width || row >= plane.height) return null;
      const { i, j, k } = imageToVoxel(plane, slice.position.sliceIndex, { column, row });
      const image = volumeOf(slice.position.phaseIndex)?.images[k];
      return image === undefined ? null : { image, column: i, row: j };
    },
    prefetchAround(phaseIndex, frameIndex) {
      const here = volumeOf(phaseIndex)?.images ?? [];
      const others = series.volumes.filter((volume) => volume.phaseIndex !== phaseIndex);
      store.prefetch([
        ...nearestFirst(here, frameIndex),
        ...others.flatMap((volume) => volume.images.slice(frameIndex, frameIndex + 1)),
      ]);
    },
    progressOf(phaseIndex) {
      const images = volumeOf(phaseIndex)?.images ?? [];
      const loaded = images.filter((image) => store.has(image.imageId)).length;
      return { loaded, total: images.length };
    },
  };
}
