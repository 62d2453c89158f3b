/** Reads a segmentation that others (or Ibis) made, onto the grid of a series. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { IbisError } from '../../contract/errors.js';
import { getString } from '../dicom/attributes.js';
import {
  LABEL_MAP_SEGMENTATION_STORAGE,
  SEGMENTATION_STORAGE,
  STRUCTURE_SET_STORAGE,
} from '../dicom/derivedObject.js';
import { isNifti } from '../dicom/nifti.js';
import { guessEncoding, hasPart10Prefix } from '../dicom/readHeader.js';
import { isGzip } from '../dicom/unpack.js';
import { toLabel } from './codes.js';
import { parseDicomFile, readDicomSeg } from './dicomSeg.js';
import { readNiftiLabels, unpackGzip } from './niftiLabels.js';
import { isNrrd } from './nrrdHeader.js';
import { readRtStruct } from './rtStruct.js';
import { readSegNrrd } from './segNrrd.js';
import type { ImportedSegmentation, SeriesGrid } from './types.js';

export { nameImage } from './types.js';
export type { ImportedSegmentation, SeriesGrid } from './types.js';

const KNOWN = 'DICOM SEG, RTSTRUCT, NIfTI (.nii, .nii.gz) and NRRD (.nrrd, .seg.nrrd)';

async function readDicom(bytes: Uint8Array, series: SeriesGrid): Promise<ImportedSegmentation> {
  const file = parseDicomFile(bytes);
  const { dataSet } = file.header;
  switch (getString(dataSet, 'x00080016')) {
    case SEGMENTATION_STORAGE:
    case LABEL_MAP_SEGMENTATION_STORAGE:
      return readDicomSeg(file, series);
    case STRUCTURE_SET_STORAGE:
      return readRtStruct(dataSet, series);
    default:
      throw new IbisError(
        'unsupported-format',
        'This DICOM file is no segmentation: it is an image or another kind of object.',
      );
  }
}

/** Begins as text STL does, or is as long as its count of triangles says. */
function isStl(bytes: Uint8Array, fileName: string): boolean {
  if (/\.stl$/i.test(fileName)) return true;
  if (bytes.length < 84) return false;
  const { buffer, byteOffset, byteLength } = bytes;
  const count = new DataView(buffer, byteOffset, byteLength).getUint32(80, true);
  return bytes.length === 84 + 50 * count;
}

/** '/data/sub-01_desc-x_dseg.nii.gz' -> 'sub-01_desc-x_dseg'. */
const stemOf = (fileName: string): string =>
  path.basename(fileName).replace(/(?:\.nii|\.seg)?\.[^.]*$/i, '');

/**
 * Any file that holds a segmentation, told by its content. `table` is the text of a BIDS label table beside it, or null.
 * Throws IbisError: 'does-not-fit' with a reason where it was made on other images, 'unsupported-format' and
 * 'broken-file' where nothing can be read from it.
 */
export async function readSegmentation(
  file: {
    readonly bytes: Uint8Array;
    readonly fileName: string;
    readonly table: string | null;
  },
  series: SeriesGrid,
): Promise<ImportedSegmentation> {
  const { fileName, table } = file;
  if (file.bytes.length === 0) throw new IbisError('broken-file', 'The file is empty.');
  const bytes = isGzip(file.bytes) ? await unpackGzip(file.bytes) : file.bytes;
  const label = toLabel(stemOf(fileName), 'Segmentation');
  if (isNrrd(bytes)) return readSegNrrd(bytes, { label }, series);
  if (isNifti(bytes)) return readNiftiLabels(bytes, { label, table }, series);
  if (hasPart10Prefix(bytes) || guessEncoding(bytes) !== null) {
    const read = await readDicom(bytes, series);
    const segmentationLabel = toLabel(read.data.segmentationLabel, label);
    return { ...read, data: { ...read.data, segmentationLabel } };
  }
  if (isStl(bytes, fileName))
    throw new IbisError(
      'unsupported-format',
      'An STL file is a surface without voxels and does not say which images it belongs to. Import the segmentation that it was made from instead.',
    );
  throw new IbisError(
    'unsupported-format',
    `This is not a segmentation that Ibis can read: it reads ${KNOWN}.`,
  );
}

const causeCode = (thrown: unknown): string =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';

/** The same from disk, with the `_dseg.tsv` that lies beside a NIfTI file. Rejects with IbisError. */
export async function loadSegmentation(
  place: string,
  series: SeriesGrid,
): Promise<ImportedSegmentation> {
  const tablePlace = path.join(path.dirname(place), `${stemOf(place)}.tsv`);
  let bytes: Uint8Array;
  let table: string | null;
  try {
    bytes = await readFile(place);
    table = existsSync(tablePlace) ? await readFile(tablePlace, 'utf8') : null;
  } catch (cause) {
    const isMissing = causeCode(cause) === 'ENOENT';
    throw new IbisError(
      isMissing ? 'not-found' : 'permission',
      isMissing
        ? 'The file does not exist.'
        : 'The file cannot be read: check its permissions and its size.',
      { cause },
    );
  }
  try {
    return await readSegmentation({ bytes, fileName: path.basename(place), table }, series);
  } catch (thrown) {
    if (thrown instanceof IbisError) throw thrown;
    // A parser that trips over rubbish: the file's fault, told as such.
    throw new IbisError('broken-file', 'The file is damaged and cannot be read.', {
      cause: thrown,
    });
  }
}
