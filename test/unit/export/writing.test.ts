import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { voxelToWorld } from '../../../src/domain/geometry.js';
import type { VolumeGeometry } from '../../../src/domain/geometry.js';
import { emptyMask, packMask } from '../../../src/domain/mask.js';
import { computeSlicePlane, imageToVoxel } from '../../../src/domain/plane.js';
import { packFrames } from '../../../src/engine/export/dicomSeg.js';
import { computeMaskFrames } from '../../../src/engine/export/maskFrames.js';
import { computeRasAffine } from '../../../src/engine/export/nifti.js';
import { describeSegment } from '../../../src/engine/export/segmentCodes.js';
import { createUid, formatDecimal } from '../../../src/engine/export/writeDicom.js';

describe('decimal strings', () => {
  it('fit 16 characters and lose no more than their last digits', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), (value) => {
        const text = formatDecimal(value);
        expect(text.length).toBeLessThanOrEqual(16);
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-8);
      }),
    );
  });

  it('of small numbers have an exponent where it leaves room for more digits', () => {
    expect(formatDecimal(-0.0000010000112100001122)).toBe('-1.00001121e-6');
    expect(formatDecimal(-1.23456789012345e-300)).toBe('-1.23456789e-300');
  });

  it('give back what a source file had written', () => {
    for (const text of ['0.9999999999999', '-98.7654321', '0', '-1.2246467991e-1', '703.5'])
      expect(Number(formatDecimal(Number(text)))).toBe(Number(text));
  });
});

describe('new UIDs', () => {
  it('are valid, at most 64 characters, and never the same', () => {
    const uids = Array.from({ length: 200 }, createUid);
    for (const uid of uids) expect(uid).toMatch(/^2\.25\.(0|[1-9]\d{0,38})$/);
    expect(new Set(uids).size).toBe(200);
  });
});

describe('packed frames', () => {
  it('follow each other bit by bit, without a gap at the end of a frame, to an even length', () => {
    const ones = packMask({ width: 3, height: 3, data: new Uint8Array(9).fill(1) });
    const zeros = packMask(emptyMask(3, 3));
    // 27 bits: 9 ones, 9 zeros, 9 ones.
    expect([...packFrames([ones, zeros, ones], 9)]).toEqual([0xff, 0x01, 0xfc, 0x07]);
    expect(packFrames([packMask(emptyMask(8, 1))], 8)).toHaveLength(2);
  });
});

const geometry: VolumeGeometry = {
  dimensions: [4, 3, 5],
  spacingMm: [0.5, 2, 3],
  origin: [10, -20, 30],
  direction: [
    [0, 1, 0],
    [0, 0, -1],
    [-1, 0, 0],
  ],
  orientationKnown: true,
};

describe('putting a slice mask back into its grid', () => {
  it.each(['acquired', 'axial', 'coronal', 'sagittal'] as const)(
    'sets exactly the voxels under the mask: %s',
    (axis) => {
      const plane = computeSlicePlane(geometry, axis);
      fc.assert(
        fc.property(fc.nat(), fc.nat(), fc.nat(), (a, b, c) => {
          const mask = emptyMask(plane.width, plane.height);
          const point = { column: a % plane.width, row: b % plane.height };
          mask.data[point.row * plane.width + point.column] = 1;
          const sliceIndex = c % plane.sliceCount;
          const { i, j, k } = imageToVoxel(plane, sliceIndex, point);
          const frames = computeMaskFrames({ geometry, plane, sliceIndex }, mask);
          expect([...frames.keys()]).toEqual([k]);
          expect([...(frames.get(k) ?? [])].flatMap((v, at) => (v === 1 ? [at] : []))).toEqual([
            j * 4 + i,
          ]);
        }),
      );
    },
  );

  it('gives its slices in ascending order and none for an empty mask', () => {
    const plane = computeSlicePlane(geometry, 'axial');
    const mask = emptyMask(plane.width, plane.height);
    expect(computeMaskFrames({ geometry, plane, sliceIndex: 1 }, mask).size).toBe(0);
    mask.data.fill(1);
    const ks = [...computeMaskFrames({ geometry, plane, sliceIndex: 1 }, mask).keys()];
    expect(ks).toEqual(ks.toSorted((a, b) => a - b));
    expect(ks.length).toBeGreaterThan(1);
  });
});

describe('the RAS affine', () => {
  it('is the LPS position of a voxel with x and y turned', () => {
    const voxel = { i: 3, j: 1, k: 2 };
    const world = voxelToWorld(geometry, voxel);
    const ras = computeRasAffine(geometry).map(
      ([a = 0, b = 0, c = 0, d = 0]) => a * voxel.i + b * voxel.j + c * voxel.k + d,
    );
    expect(ras).toEqual([-world.x, -world.y, world.z]);
  });
});

describe('what a request is called in codes', () => {
  it.each([
    ['Segment the left ventricle.', 'left ventricle', '87878005', null],
    ['outline the LV cavity', 'left ventricle', '87878005', null],
    ['left lateral ventricle', 'left lateral ventricle', '66720007', 'Left'],
    ['Where is the foetal head?', 'fetal head', '69536005', null],
    ['Segment the anterior hippocampus.', 'anterior hippocampus', '5366008', null],
    ['the right hippocampus please', 'right hippocampus', '5366008', 'Right'],
    ['both hippocampi, left and right', 'hippocampus', '5366008', null],
    ['right caudate nucleus', 'right caudate nucleus', '11000004', 'Right'],
    ['brain stem', 'brain stem', '119238007', null],
    ['a lesion of the left hippocampus', 'lesion', '52988006', null],
    ['the tumor in the liver', 'tumour', '108369006', null],
    ['the thing here', 'the thing here', '85756007', null],
    ['', 'target', '85756007', null],
  ])('%j is %s', (request, label, code, side) => {
    const segment = describeSegment(request);
    expect(segment.label).toBe(label);
    expect(segment.type.value).toBe(code);
    expect(segment.modifier?.meaning ?? null).toBe(side);
  });

  it('keeps a label within 64 characters and free of backslashes, which would split it', () => {
    const { label } = describeSegment(`a\\b\n${'long '.repeat(40)}`);
    expect(label.length).toBeLessThanOrEqual(64);
    expect(label).not.toMatch(/[\\\n]/);
  });
});
