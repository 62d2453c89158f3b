import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import type { VolumeGeometry } from '../../domain/geometry.js';
import type { LabelSlices } from './labelSlices.js';
import { RESEARCH_NOTICE } from './types.js';

const HEADER_BYTES = 352; // 348 of NIfTI-1 and 4 that say that no extension follows
const DT_UINT8 = 2;
const DT_UINT16 = 512;
const INTENT_LABEL = 1002; // voxels are names of things, not amounts
const XFORM_SCANNER = 1;
/** Aligned to another file: the source's own grid, where the patient's sides are not known. */
const XFORM_ALIGNED = 2;
const UNITS_MM = 2;

/** Voxel -> RAS mm, rows x, y, z of a 3 x 4 affine. DICOM's LPS differs from RAS in the sign of x and y. */
export function computeRasAffine(geometry: VolumeGeometry): readonly (readonly number[])[] {
  const { direction, spacingMm, origin } = geometry;
  return ([0, 1, 2] as const).map((axis) => {
    const sign = axis === 2 ? 1 : -1;
    return [
      sign * direction[0][axis] * spacingMm[0],
      sign * direction[1][axis] * spacingMm[1],
      sign * direction[2][axis] * spacingMm[2],
      sign * origin[axis],
    ];
  });
}

interface NiftiVoxels {
  readonly labels: LabelSlices;
  readonly intentCode: number;
  readonly intentName: string;
  readonly largest: number;
}

/**
 * A `.nii.gz` of the whole source grid. The affine is an sform: it holds any grid, also a sheared one (gantry tilt),
 * which a qform cannot. NIfTI-1, little endian.
 */
async function encodeNifti(geometry: VolumeGeometry, voxels: NiftiVoxels): Promise<Uint8Array> {
  const [columns, rows, slices] = geometry.dimensions;
  const { bytesPerLabel } = voxels.labels;
  if (Math.max(columns, rows, slices) > 32_767)
    throw new Error('NIfTI-1 holds 32767 voxels a side');
  const bytes = Buffer.alloc(HEADER_BYTES + columns * rows * slices * bytesPerLabel);
  bytes.writeInt32LE(348, 0); // sizeof_hdr
  [3, columns, rows, slices, 1, 1, 1, 1].forEach((size, n) => bytes.writeInt16LE(size, 40 + 2 * n));
  bytes.writeInt16LE(voxels.intentCode, 68);
  bytes.writeInt16LE(bytesPerLabel === 1 ? DT_UINT8 : DT_UINT16, 70);
  bytes.writeInt16LE(8 * bytesPerLabel, 72); // bitpix
  [1, ...geometry.spacingMm].forEach((size, n) => bytes.writeFloatLE(size, 76 + 4 * n)); // pixdim
  bytes.writeFloatLE(HEADER_BYTES, 108); // vox_offset
  bytes.writeFloatLE(1, 112); // scl_slope
  bytes.writeUInt8(UNITS_MM, 123);
  bytes.writeFloatLE(voxels.largest, 124); // cal_max
  bytes.write(RESEARCH_NOTICE, 148, 79, 'latin1'); // descrip
  bytes.writeInt16LE(0, 252); // qform_code: only the sform is given
  bytes.writeInt16LE(geometry.orientationKnown ? XFORM_SCANNER : XFORM_ALIGNED, 254); // sform_code
  computeRasAffine(geometry).forEach((row, axis) =>
    row.forEach((value, n) => bytes.writeFloatLE(value, 280 + 16 * axis + 4 * n)),
  );
  bytes.write(voxels.intentName.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 15), 328, 'latin1');
  bytes.write('n+1\0', 344, 'latin1');
  for (const [k, frame] of voxels.labels.slices)
    bytes.set(
      new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength),
      HEADER_BYTES + k * columns * rows * bytesPerLabel,
    );
  return promisify(gzip)(bytes); // on a thread of Node's pool: a large grid takes a second
}

/** uint8, filled with 1 where `frames` (k -> [j, i]) are. */
export const encodeNiftiMask = (
  geometry: VolumeGeometry,
  frames: ReadonlyMap<number, Uint8Array>,
  label: string,
): Promise<Uint8Array> =>
  encodeNifti(geometry, {
    labels: { bytesPerLabel: 1, slices: frames },
    intentCode: 0,
    intentName: label,
    largest: 1,
  });

/** uint8 or uint16 of segment numbers. */
export const encodeNiftiLabels = (
  geometry: VolumeGeometry,
  labels: LabelSlices,
  largest: number,
): Promise<Uint8Array> =>
  encodeNifti(geometry, {
    labels,
    intentCode: INTENT_LABEL,
    intentName: 'segmentation',
    largest,
  });
