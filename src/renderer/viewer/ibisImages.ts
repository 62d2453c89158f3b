import {
  VOILUTFunctionType,
  cache,
  metaData,
  registerImageLoader,
  utilities,
} from './cornerstone.js';
import type { CornerstoneImage } from './cornerstone.js';
import type { Vec3 } from '../../domain/geometry.js';
import { normalOf } from './slicePlacement.js';
import type { PlacedSlice, SeriesSource } from './seriesSource.js';
import type { SlicePixels } from './sliceImage.js';
import { parseSliceImageId } from './sliceImageId.js';
import { windowOfRange } from './windowing.js';

/** Ids go into addresses and annotations: no slash, no percent. */
export const seriesKeyOf = (source: SeriesSource): string =>
  encodeURIComponent(source.series.seriesId);

/** Open series by key; Cornerstone's loaders are global, so this is too. */
const openSources = new Map<string, SeriesSource>();

const findSlice = (imageId: string): { source: SeriesSource; slice: PlacedSlice } | null => {
  const parsed = parseSliceImageId(imageId);
  const source = parsed === null ? undefined : openSources.get(parsed.seriesKey);
  const slice = parsed === null ? null : (source?.place(parsed.position) ?? null);
  return source === undefined || slice === null ? null : { source, slice };
};

export const frameOfReference = (source: SeriesSource): string =>
  source.series.frameOfReferenceUID === ''
    ? `ibis-${seriesKeyOf(source)}`
    : source.series.frameOfReferenceUID;

function imagePlaneModule(source: SeriesSource, slice: PlacedSlice): unknown {
  const { placement, cut } = slice;
  const { columnDirection, rowDirection, spacing, spacingKnown } = placement;
  return {
    frameOfReferenceUID: frameOfReference(source),
    rows: cut.plane.height,
    columns: cut.plane.width,
    imageOrientationPatient: [...columnDirection, ...rowDirection],
    rowCosines: columnDirection, // DICOM: the direction of a row, in which columns grow
    columnCosines: rowDirection,
    imagePositionPatient: placement.origin,
    pixelSpacing: [spacing[1], spacing[0]],
    rowPixelSpacing: spacing[1],
    columnPixelSpacing: spacing[0],
    sliceLocation: sliceLocation(placement.origin, normalOf(placement)),
    usingDefaultValues: !spacingKnown, // then Cornerstone measures in px
  };
}

const sliceLocation = (origin: Vec3, normal: Vec3): number =>
  origin[0] * normal[0] + origin[1] * normal[1] + origin[2] * normal[2];

function imagePixelModule(slice: PlacedSlice, modality: string): unknown {
  const { image } = slice;
  const isColour = image.samplesPerPixel === 3;
  const bits = isColour || image.pixelType === 'uint8' ? 8 : 32;
  return {
    samplesPerPixel: image.samplesPerPixel,
    photometricInterpretation: isColour ? 'RGB' : image.photometric,
    rows: slice.cut.plane.height,
    columns: slice.cut.plane.width,
    bitsAllocated: bits,
    bitsStored: bits,
    highBit: bits - 1,
    pixelRepresentation: bits === 32 ? 1 : 0,
    modality,
  };
}

function provideMetadata(type: string, imageId: unknown): unknown {
  const found = typeof imageId === 'string' ? findSlice(imageId) : null;
  if (found === null) return undefined;
  const { source, slice } = found;
  const { series } = source;
  switch (type) {
    case 'imagePlaneModule':
      return imagePlaneModule(source, slice);
    case 'imagePixelModule':
      return imagePixelModule(slice, series.modality);
    case 'generalSeriesModule':
      return {
        modality: series.modality,
        seriesInstanceUID: series.seriesInstanceUID,
        seriesNumber: series.seriesNumber,
        seriesDescription: series.description,
      };
    case 'voiLutModule':
      return slice.image.window === null
        ? {}
        : { windowCenter: [slice.image.window.centre], windowWidth: [slice.image.window.width] };
    case 'modalityLutModule':
    case 'scalingModule':
      // Slices are delivered in modality values already.
      return type === 'scalingModule'
        ? undefined
        : { rescaleSlope: 1, rescaleIntercept: 0, rescaleType: slice.image.rescaleUnit };
    case 'sopCommonModule':
      return { sopInstanceUID: slice.image.sopInstanceUID, sopClassUID: slice.image.sopClassUID };
    default:
      return undefined;
  }
}

/** Images that were cut before all their frames were there. */
const partialImages = new Map<string, CornerstoneImage>();

function toCornerstoneImage(
  imageId: string,
  slice: PlacedSlice,
  pixels: SlicePixels,
  modality: string,
): CornerstoneImage {
  const { width, height, data, samplesPerPixel } = pixels;
  const window = slice.image.window ?? windowOfRange(pixels.minimum, pixels.maximum);
  return {
    imageId,
    minPixelValue: pixels.minimum,
    maxPixelValue: pixels.maximum,
    slope: 1,
    intercept: 0,
    windowCenter: window.centre,
    windowWidth: window.width,
    // Our windows reach from centre - width / 2; DICOM's LINEAR makes nothing of a width of 1, which masks have.
    voiLUTFunction: VOILUTFunctionType.LINEAR_EXACT,
    rows: height,
    columns: width,
    height,
    width,
    color: samplesPerPixel === 3,
    rgba: false,
    numberOfComponents: samplesPerPixel,
    columnPixelSpacing: slice.placement.spacing[0],
    rowPixelSpacing: slice.placement.spacing[1],
    invert: slice.image.photometric === 'MONOCHROME1',
    photometricInterpretation: samplesPerPixel === 3 ? 'RGB' : slice.image.photometric,
    sizeInBytes: data.byteLength,
    dataType: data instanceof Uint8Array ? 'Uint8Array' : 'Float32Array',
    preScale: {
      enabled: true,
      scaled: true,
      scalingParameters: { modality, rescaleSlope: 1, rescaleIntercept: 0 },
    },
    getPixelData: () => data,
    getCanvas: () => document.createElement('canvas'), // only CPU drawing would ask, and we have none
    voxelManager: utilities.VoxelManager.createImageVoxelManager({
      width,
      height,
      scalarData: data,
      numberOfComponents: samplesPerPixel,
    }),
  };
}

async function loadImage(imageId: string): Promise<CornerstoneImage> {
  const found = findSlice(imageId);
  if (found === null) throw new Error('the series was closed');
  await found.source.loadSlice(found.slice.position);
  const pixels = found.source.cutNow(found.slice);
  const image = toCornerstoneImage(imageId, found.slice, pixels, found.source.series.modality);
  if (pixels.partial) partialImages.set(imageId, image);
  return image;
}

/** Registers our scheme and metadata with Cornerstone; once. */
export function registerIbisImages(): void {
  registerImageLoader('ibis', (imageId) => ({ promise: loadImage(imageId) }));
  metaData.addProvider(provideMetadata, 10_000);
}

export function openSource(source: SeriesSource): void {
  openSources.set(seriesKeyOf(source), source);
}

/** Forgets the series and frees its slices. */
export function closeSource(source: SeriesSource): void {
  openSources.delete(seriesKeyOf(source));
  partialImages.clear();
  cache.purgeCache();
}

/**
 * Cuts the shown images anew that lacked frames, in place; forgets the others, so that they are cut whole when
 * they are next shown. Returns those that changed.
 */
export function recutPartialImages(shown: ReadonlySet<string>): readonly CornerstoneImage[] {
  const changed: CornerstoneImage[] = [];
  for (const [imageId, image] of partialImages) {
    const found = findSlice(imageId);
    if (found === null || !shown.has(imageId)) {
      partialImages.delete(imageId);
      cache.removeImageLoadObject(imageId, { force: true });
      continue;
    }
    const pixels = found.source.cutNow(found.slice);
    const target = image.getPixelData();
    target.set(pixels.data);
    image.minPixelValue = pixels.minimum;
    image.maxPixelValue = pixels.maximum;
    if (!pixels.partial) partialImages.delete(imageId);
    changed.push(image);
  }
  return changed;
}
