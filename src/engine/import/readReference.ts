import { readFile } from 'node:fs/promises';

import type { VolumeGeometry } from '../../domain/geometry.js';
import { getDate, getItems, getString, getText, makeTextDecoder } from '../dicom/attributes.js';
import { getReferencedSeries } from '../dicom/derivedObject.js';
import { isNifti, NIFTI_HEADER_BYTES, readNiftiHeader } from '../dicom/nifti.js';
import { isGzip } from '../dicom/unpack.js';
import { parseDicomFile } from './dicomSeg.js';
import { fitToSeries } from './fitToSeries.js';
import { unpackGzip } from './niftiLabels.js';
import { isNrrd, readNrrdHeader } from './nrrdHeader.js';
import type { SeriesGrid } from './types.js';

/** What a file says of the images that it was made on. */
export interface ImageReference {
  readonly seriesInstanceUIDs: readonly string[]; // [] where it does not say
  readonly frameOfReferenceUIDs: readonly string[];
  /** Of a labelmap; null: a DICOM object, which says it frame by frame. */
  readonly geometry: VolumeGeometry | null;
  /** ' of the study "CT abdomen" of 2024-01-31'; '' where the file does not say. */
  readonly ofStudy: string;
}

const formatDate = (date: string): string =>
  date === '' ? '' : `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;

function readDicomReference(bytes: Uint8Array): ImageReference {
  const { dataSet } = parseDicomFile(bytes).header;
  const description = getText(dataSet, 'x00081030', makeTextDecoder(dataSet));
  const date = formatDate(getDate(dataSet, 'x00080020'));
  const words = [description === '' ? '' : ` "${description}"`, date === '' ? '' : ` of ${date}`];
  const frames = [
    getString(dataSet, 'x00200052'),
    ...getItems(dataSet, 'x30060010').map((item) => getString(item, 'x00200052')),
    ...getItems(dataSet, 'x30060020').map((item) => getString(item, 'x30060024')),
  ];
  return {
    seriesInstanceUIDs: getReferencedSeries(dataSet),
    frameOfReferenceUIDs: [...new Set(frames)].filter((uid) => uid !== ''),
    geometry: null,
    ofStudy: words.join('') === '' ? '' : ` of the study${words.join('')}`,
  };
}

const onGrid = (geometry: VolumeGeometry): ImageReference => ({
  seriesInstanceUIDs: [],
  frameOfReferenceUIDs: [],
  geometry,
  ofStudy: '',
});

/** Null: it cannot be read; `loadSegmentation` says why. */
export async function loadReference(place: string): Promise<ImageReference | null> {
  try {
    const stored = await readFile(place);
    const bytes = isGzip(stored) ? await unpackGzip(stored) : stored;
    if (isNrrd(bytes)) return onGrid(readNrrdHeader(bytes).geometry);
    if (isNifti(bytes))
      return onGrid(readNiftiHeader(bytes.subarray(0, NIFTI_HEADER_BYTES)).geometry);
    return readDicomReference(bytes);
  } catch {
    return null;
  }
}

/** Whether it is worth reading the voxels: what they tell is known only then. */
export function mayLieOn(reference: ImageReference | null, grid: SeriesGrid): boolean {
  if (reference === null) return true; // reading it tells what is wrong with it
  const { geometry, frameOfReferenceUIDs } = reference;
  return geometry === null
    ? frameOfReferenceUIDs.includes(grid.frameOfReferenceUID)
    : fitToSeries(geometry, grid.geometry).ok;
}
