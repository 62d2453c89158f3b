import * as nifti from 'nifti-reader-js';

import { IbisError } from '../../contract/errors.js';
import { length, normalise, type Vec3, type VolumeGeometry } from '../../domain/geometry.js';
import type { NiftiFrameSource } from './types.js';

/** What of a NIfTI-1 or -2 header the reader needs, already in LPS. */
export interface NiftiHeader {
  readonly geometry: VolumeGeometry; // one volume
  readonly volumeCount: number;
  readonly timeStep: { readonly value: number; readonly unit: 's' | 'ms' | '' };
  readonly storedType: NiftiFrameSource['storedType'];
  readonly bytesPerVoxel: number;
  readonly dataOffset: number;
  readonly bigEndian: boolean;
  readonly slope: number;
  readonly intercept: number;
  /** From cal_min and cal_max, or null. */
  readonly window: { readonly centre: number; readonly width: number } | null;
  readonly description: string;
}

/** Bytes needed to read a header (NIfTI-2, with room for the extension flag). */
export const NIFTI_HEADER_BYTES = 544;

// NIfTI datatype code -> our type and bytes a voxel. Complex and 128-bit types are refused.
const types: Readonly<Record<number, readonly [NiftiFrameSource['storedType'], number]>> = {
  2: ['uint8', 1],
  4: ['int16', 2],
  8: ['int32', 4],
  16: ['float32', 4],
  64: ['float64', 8],
  128: ['rgb24', 3],
  256: ['int8', 1],
  512: ['uint16', 2],
  768: ['uint32', 4],
  1024: ['int64', 8],
  1280: ['uint64', 8],
  2304: ['rgba32', 4],
};

const broken = (what: string): IbisError =>
  new IbisError('broken-file', `The NIfTI file is damaged: ${what}.`);

const exactBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

export const isNifti = (bytes: Uint8Array): boolean => {
  if (bytes.length < 348) return false;
  const magic1 = String.fromCharCode(bytes[344] ?? 0, bytes[345] ?? 0, bytes[346] ?? 0);
  const magic2 = String.fromCharCode(bytes[4] ?? 0, bytes[5] ?? 0, bytes[6] ?? 0);
  return magic1 === 'n+1' || magic1 === 'ni1' || magic2 === 'n+2' || magic2 === 'ni2';
};

/** `bytes`: at least the first 544 bytes of the uncompressed file. */
export function readNiftiHeader(bytes: Uint8Array): NiftiHeader {
  const buffer = exactBuffer(bytes.subarray(0, NIFTI_HEADER_BYTES));
  adjustCopy(buffer);
  const header = nifti.readHeader(buffer);
  const dims = header.dims.map((value) => Math.trunc(value));
  const rank = dims[0] ?? 0;
  const size = (axis: number): number => (axis <= rank ? Math.max(1, dims[axis] ?? 1) : 1);
  if (rank < 1 || rank > 7) throw broken('it states no dimensions');
  const dimensions: Vec3 = [size(1), size(2), size(3)];
  const volumeCount = size(4) * size(5) * size(6) * size(7);
  const type = types[header.datatypeCode];
  if (type === undefined)
    throw new IbisError(
      'unsupported-format',
      `The NIfTI file holds a kind of number that Ibis does not read (datatype ${String(header.datatypeCode)}).`,
    );
  if (header.vox_offset < 348)
    throw new IbisError(
      'unsupported-format',
      'The NIfTI header and image are in separate files (.hdr and .img): convert them to one .nii file.',
    );
  const orientationKnown = readCodes(header) > 0;
  const stated = Number.isFinite(header.scl_slope) && header.scl_slope !== 0;
  const unit = header.xyzt_units & 0x38;
  return {
    geometry: toLps(header.affine, dimensions, orientationKnown),
    volumeCount,
    timeStep: {
      value: header.pixDims[4] ?? 0,
      unit: unit === 8 ? 's' : unit === 16 ? 'ms' : '',
    },
    storedType: type[0],
    bytesPerVoxel: type[1],
    dataOffset: Math.trunc(header.vox_offset),
    bigEndian: !header.littleEndian,
    slope: stated ? header.scl_slope : 1,
    intercept: stated && Number.isFinite(header.scl_inter) ? header.scl_inter : 0,
    window:
      header.cal_max > header.cal_min
        ? {
            centre: (header.cal_max + header.cal_min) / 2,
            width: header.cal_max - header.cal_min,
          }
        : null,
    description: header.description.replace(/\x00.*$/s, '').trim(),
  };
}

type AnyHeader = ReturnType<typeof nifti.readHeader>;
const readCodes = (header: AnyHeader): number => Math.max(header.sform_code, header.qform_code);

/**
 * The library takes the qform where its code is larger; we, nibabel and ITK take the sform where there is
 * one. It also follows header extensions, which are not in the copy.
 */
function adjustCopy(buffer: ArrayBuffer): void {
  const view = new DataView(buffer);
  const first = view.getInt32(0, true);
  const little = first === 348 || first === 540;
  const version2 = view.getInt32(0, little) === 540;
  const flag = version2 ? 540 : 348;
  if (view.byteLength >= flag + 4) view.setInt32(flag, 0);
  const sform = version2 ? view.getInt32(348, little) : view.getInt16(254, little);
  if (sform <= 0) return;
  if (version2) view.setInt32(344, 0, little);
  else view.setInt16(252, 0, little);
}

/** NIfTI's RAS+ -> LPS: the first two axes of patient space are negated, here and nowhere else. */
function toLps(
  affine: readonly (readonly number[])[],
  dimensions: Vec3,
  orientationKnown: boolean,
): VolumeGeometry {
  const at = (row: number, column: number): number => {
    const value = affine[row]?.[column] ?? Number.NaN;
    return row < 2 && orientationKnown ? 0 - value : value;
  };
  const column = (c: number): Vec3 => [at(0, c), at(1, c), at(2, c)];
  const axes = [column(0), column(1), column(2)] as const;
  const origin = column(3);
  const spacingMm: Vec3 = [length(axes[0]), length(axes[1]), length(axes[2])];
  const sound = spacingMm.every((value) => Number.isFinite(value) && value > 0);
  if (!sound || !origin.every(Number.isFinite)) {
    if (orientationKnown) throw broken('its affine cannot be used');
    return {
      dimensions,
      spacingMm: [1, 1, 1],
      origin: [0, 0, 0],
      direction: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      orientationKnown: false,
    };
  }
  return {
    dimensions,
    spacingMm,
    origin,
    direction: [normalise(axes[0]), normalise(axes[1]), normalise(axes[2])],
    orientationKnown,
  };
}
