import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { IbisError } from '../../contract/errors.js';
import type { PackedMask } from '../../domain/mask.js';
import { viewAs } from '../../domain/pixels.js';
import type { PixelType } from '../../domain/study.js';
import { decodeFrame } from '../dicom/decodeFrame.js';
import { NIFTI_HEADER_BYTES, readNiftiHeader } from '../dicom/nifti.js';
import type { NiftiHeader } from '../dicom/nifti.js';
import { readLabelTable } from './labelTable.js';
import { addLabelSlice, describeLabels, laySegmentsOnSeries, toLabels } from './labelVolume.js';
import type { ImportedSegmentation, SeriesGrid } from './types.js';

const MOST_BYTES = 2 ** 31; // of a labelmap out of its compression; a bomb is larger

/** Throws IbisError where the bytes are damaged, or unpack to more than any labelmap has. */
export async function unpackGzip(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES });
  } catch (cause) {
    throw new IbisError(
      'broken-file',
      'The compressed file is damaged, or too large for a segmentation.',
      { cause },
    );
  }
}

/** What a stored slice is decoded to. */
function decodedType({ storedType }: NiftiHeader): PixelType {
  if (storedType === 'rgb24' || storedType === 'rgba32')
    throw new IbisError(
      'unsupported-format',
      'The NIfTI file is a colour image, not a segmentation.',
    );
  return storedType === 'int64' || storedType === 'uint64' ? 'float64' : storedType;
}

/**
 * A NIfTI labelmap (.nii, uncompressed here) on the grid of a series; `table` is the text of the `_dseg.tsv` beside it, or
 * null. Throws IbisError: 'does-not-fit' with a reason where it was made on other images.
 */
export async function readNiftiLabels(
  bytes: Uint8Array,
  about: { readonly label: string; readonly table: string | null },
  series: SeriesGrid,
): Promise<ImportedSegmentation> {
  const header = readNiftiHeader(bytes.subarray(0, NIFTI_HEADER_BYTES));
  if (header.volumeCount > 1)
    throw new IbisError(
      'unsupported-format',
      `The NIfTI file holds ${String(header.volumeCount)} volumes: only one with a number for each voxel can be read as a segmentation.`,
    );
  const type = decodedType(header);
  const [width, height, count] = header.geometry.dimensions;
  const sliceBytes = width * height * header.bytesPerVoxel;
  // A copy: aligned, and its bytes may be swapped.
  const readAt = (offset: number, length: number): Uint8Array =>
    new Uint8Array(bytes.subarray(offset, offset + length));
  const masks = new Map<number, Map<number, PackedMask>>();
  for (let k = 0; k < count; k++) {
    const stored = await decodeFrame(
      {
        kind: 'nifti',
        file: '',
        offset: header.dataOffset + k * sliceBytes,
        length: sliceBytes,
        storedType: header.storedType,
        bigEndian: header.bigEndian,
      },
      readAt,
    );
    const labels = toLabels(viewAs(type, stored), header.slope, header.intercept);
    addLabelSlice(masks, labels, { width, height }, k);
  }
  const table = about.table === null ? new Map<number, never>() : readLabelTable(about.table);
  return laySegmentsOnSeries(
    { label: about.label, geometry: header.geometry, segments: describeLabels(masks, table) },
    series,
  );
}
