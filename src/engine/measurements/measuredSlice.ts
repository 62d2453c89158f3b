import { IbisError } from '../../contract/errors.js';
import type { SeriesId } from '../../domain/brand.js';
import { cutVolume, isSpacingKnown, sliceWithin } from '../../domain/cutVolume.js';
import type { CutVolume } from '../../domain/cutVolume.js';
import type { MeasuredSlice } from '../../domain/measure.js';
import type { Measurement } from '../../domain/measurement.js';
import type { SliceAxis } from '../../domain/plane.js';
import { extractSlice } from '../../domain/slice.js';
import type { ImageInfo, Series, VolumeInfo } from '../../domain/study.js';
import type { Library } from '../dicom/index.js';
import type { SliceSource } from '../slices.js';

export interface SlicePlace {
  readonly seriesId: SeriesId;
  readonly phaseIndex: number;
  readonly axis: SliceAxis;
  readonly sliceIndex: number;
}

/** A slice image of an open series, without its pixels. */
export interface FoundSlice {
  readonly cut: CutVolume;
  readonly volume: VolumeInfo;
  /** The stored image that the slice shows; null for one that is cut across them. */
  readonly image: ImageInfo | null;
}

/** Throws 'bad-slice' or 'no-geometry'. */
export function findSlice(series: Series, place: Omit<SlicePlace, 'seriesId'>): FoundSlice {
  const { phaseIndex, axis, sliceIndex } = place;
  const volume = series.volumes[phaseIndex];
  if (volume === undefined)
    throw new IbisError('bad-slice', `This series has no phase ${String(phaseIndex)}.`);
  if (volume.geometry === null && axis !== 'acquired')
    throw new IbisError(
      'no-geometry',
      'These images form no volume, so they have no other axis than their own.',
    );
  const cut = cutVolume(volume, axis, sliceIndex);
  if (cut === null)
    throw new IbisError('bad-slice', `This series has no slice ${String(sliceIndex)} there.`);
  const isStored = cut.plane.normalAxis === 2;
  return { cut, volume, image: isStored ? (volume.images[sliceIndex] ?? null) : null };
}

/** Which image of DICOM a slice shows, if any. */
export const referenceOf = (series: Series, { image }: FoundSlice): Measurement['image'] =>
  image === null || series.sourceKind !== 'dicom' || image.sopInstanceUID === ''
    ? null
    : { sopInstanceUID: image.sopInstanceUID, frameNumber: image.frameNumber };

/** Modality values of a slice: its own image alone where it is a stored one, else cut out of the volume. */
async function loadValues(
  sources: { readonly library: Library; readonly slices: SliceSource },
  place: SlicePlace,
  { cut }: FoundSlice,
): Promise<ArrayLike<number> | null> {
  const { seriesId, phaseIndex, sliceIndex } = place;
  if (cut.plane.normalAxis !== 2) {
    const volume = await sources.slices.loadVolume(seriesId, phaseIndex);
    const slice = extractSlice(volume, cut.plane, sliceIndex);
    return slice.samplesPerPixel === 1 ? slice.values : null;
  }
  const single = await sources.library.loadSlice(seriesId, phaseIndex, sliceIndex);
  if (!single.ok) throw new IbisError(single.error.code, single.error.message);
  const slice = extractSlice(single.value, { ...cut.plane, sliceCount: 1 }, 0);
  return slice.samplesPerPixel === 1 ? slice.values : null;
}

/** What a measurement lies on; its pixels are read only where they are asked for. */
export async function loadMeasuredSlice(
  sources: { readonly library: Library; readonly slices: SliceSource },
  series: Series,
  place: SlicePlace,
  withValues: boolean,
): Promise<MeasuredSlice> {
  const found = findSlice(series, place);
  const { cut, volume } = found;
  return {
    cut,
    sliceIndex: sliceWithin(cut, place.sliceIndex),
    isSpacingKnown: isSpacingKnown(volume, cut.plane, series.sourceKind),
    values: withValues ? await loadValues(sources, place, found) : null,
    valueUnit: (found.image ?? volume.images[0])?.rescaleUnit ?? '',
  };
}
