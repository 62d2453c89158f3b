import { cutVolume } from '../../domain/cutVolume.js';
import type { CutVolume } from '../../domain/cutVolume.js';
import { dot } from '../../domain/geometry.js';
import { imageToVoxel } from '../../domain/plane.js';
import type { SliceAxis } from '../../domain/plane.js';
import type { ImageInfo, Series, VolumeInfo } from '../../domain/study.js';
import { frameByteLength } from '../../domain/pixels.js';
import { nearestFirst } from './frameStore.js';
import type { FrameStore } from './frameStore.js';
import { cutSliceImage } from './sliceImage.js';
import type { SlicePixels } from './sliceImage.js';
import { placeSlice } from './slicePlacement.js';
import type { SlicePlacement } from './slicePlacement.js';
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
  /** Several volumes of one grid: the same slice can be played through them. */
  readonly hasPhases: boolean;
  /** Why there are no planes across; '' when there are. */
  whyOnePlane(phaseIndex: number): string;
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

/** A localiser's three directions are volumes too, but no phases. */
const isPhased = ([first, ...rest]: readonly VolumeInfo[]): boolean =>
  first !== undefined &&
  rest.length > 0 &&
  rest.every(
    ({ images }) =>
      images.length === first.images.length &&
      images[0]?.rows === first.images[0]?.rows &&
      images[0]?.columns === first.images[0]?.columns &&
      cosineBetween(images[0], first.images[0]) > 0.999,
  );

/** How alike two images are turned: the smaller cosine between their axes; 1 where both are unknown. */
function cosineBetween(a: ImageInfo | undefined, b: ImageInfo | undefined): number {
  if (a?.columnDirection == null || b?.columnDirection == null)
    return a?.columnDirection === b?.columnDirection ? 1 : 0;
  if (a.rowDirection === null || b.rowDirection === null) return 0;
  return Math.min(dot(a.columnDirection, b.columnDirection), dot(a.rowDirection, b.rowDirection));
}

export function createSeriesSource(
  series: Series,
  store: FrameStore,
  budgetBytes: number,
): SeriesSource {
  const volumeOf = (phaseIndex: number): VolumeInfo | undefined =>
    series.volumes.find((volume) => volume.phaseIndex === phaseIndex);

  const whyOnePlane = (phaseIndex: number): string => {
    const volume = volumeOf(phaseIndex);
    if (volume === undefined || volume.images.length < 2) return 'One image has no other planes.';
    if (volume.geometry === null) return 'These images form no single volume.';
    const bytes = volume.images.reduce((sum, image) => sum + frameByteLength(image), 0);
    return bytes > budgetBytes ? "Too large for this machine's memory to be cut across." : '';
  };

  const axesOf = (phaseIndex: number): readonly SliceAxis[] =>
    whyOnePlane(phaseIndex) === '' ? ['acquired', 'axial', 'coronal', 'sagittal'] : ['acquired'];

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
    hasPhases: isPhased(series.volumes),
    volumeOf,
    axesOf,
    whyOnePlane,
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
