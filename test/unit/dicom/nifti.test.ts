import { describe, expect, it } from 'vitest';

import { IbisError } from '../../../src/contract/errors.js';
import { voxelToWorld } from '../../../src/domain/geometry.js';
import { readNiftiHeader } from '../../../src/engine/dicom/nifti.js';
import { makeNifti } from '../../fixtures/makeNifti.js';

const corner = (bytes: Uint8Array, i: number, j: number, k: number): readonly number[] => {
  const { x, y, z } = voxelToWorld(readNiftiHeader(bytes).geometry, { i, j, k });
  return [x, y, z].map((value) => Math.round(value * 1e4) / 1e4 + 0);
};

describe('the NIfTI header', () => {
  it('turns RAS into LPS: x and y are negated, z is not', () => {
    const bytes = makeNifti({ sform: [2, 0, 0, -90, 0, 2, 0, -126, 0, 0, 2, -72] });
    expect(corner(bytes, 0, 0, 0)).toEqual([90, 126, -72]);
    expect(corner(bytes, 1, 2, 3)).toEqual([88, 122, -66]);
    expect(readNiftiHeader(bytes).geometry.orientationKnown).toBe(true);
  });

  it('takes the sform where there is one, whatever the code of the qform', () => {
    const bytes = makeNifti({
      sform: [1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7],
      sformCode: 1,
      qform: { quaternion: [0, 0, 0], offset: [50, 60, 70] },
      qformCode: 4,
    });
    expect(corner(bytes, 0, 0, 0)).toEqual([-5, -6, 7]);
  });

  it('takes the qform where there is no sform', () => {
    // Half a turn about z: i points to -x, j to -y.
    const bytes = makeNifti({
      qform: { quaternion: [0, 0, 1], offset: [10, 20, 30] },
      spacing: [1.5, 2, 3],
    });
    expect(corner(bytes, 0, 0, 0)).toEqual([-10, -20, 30]);
    expect(corner(bytes, 2, 1, 1)).toEqual([-7, -18, 33]);
  });

  it('keeps a sheared affine as it is', () => {
    const bytes = makeNifti({ sform: [1, 0, 0.5, 0, 0, 1, 0, 0, 0, 0, 2, 0] });
    expect(corner(bytes, 0, 0, 4)).toEqual([-2, 0, 8]);
    expect(corner(bytes, 3, 0, 4)).toEqual([-5, 0, 8]);
  });

  it('knows no orientation where neither form is given, but keeps the spacing', () => {
    const { geometry } = readNiftiHeader(makeNifti({ spacing: [0.5, 0.6, 0.7] }));
    expect(geometry.orientationKnown).toBe(false);
    expect(geometry.spacingMm.map((value) => value.toFixed(3))).toEqual([
      '0.500',
      '0.600',
      '0.700',
    ]);
  });

  it('reads big-endian headers and the scaling', () => {
    const header = readNiftiHeader(makeNifti({ bigEndian: true, slope: 2, intercept: -10 }));
    expect(header.bigEndian).toBe(true);
    expect([header.slope, header.intercept]).toEqual([2, -10]);
    expect(header.geometry.dimensions).toEqual([4, 3, 5]);
  });

  it('refuses types that are no picture, and affines that cannot be', () => {
    expect(() => readNiftiHeader(makeNifti({ datatype: 32 }))).toThrow(IbisError);
    expect(() => readNiftiHeader(makeNifti({ sform: Array<number>(12).fill(0) }))).toThrow(
      IbisError,
    );
  });
});
