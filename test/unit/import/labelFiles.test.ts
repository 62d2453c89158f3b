import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { IbisError } from '../../../src/contract/errors.js';
import { readSegmentation } from '../../../src/engine/import/index.js';
import type { SeriesGrid } from '../../../src/engine/import/index.js';
import { listVoxels } from '../../contract/segmentations/segmentationCase.js';
import { axialGrid } from '../../fixtures/axialGrid.js';
import { makeNifti } from '../../fixtures/makeNifti.js';

const geometry = axialGrid([2, 3, 2], { spacingMm: [1, 2, 3], origin: [5, 6, 7] });
const series: SeriesGrid = {
  geometry,
  seriesInstanceUID: '',
  frameOfReferenceUID: '',
  images: [],
};
// Two segments and background, i fastest.
const labels = [0, 1, 1, 0, 0, 2, 2, 0, 0, 0, 0, 1];
const expected = { 1: ['1,0,0', '0,1,0', '1,2,1'], 2: ['1,2,0', '0,0,1'] };
const lps = [-1, 0, 0, -5, 0, -2, 0, -6, 0, 0, 3, 7]; // the grid in NIfTI's RAS

const read = async (fileName: string, bytes: Uint8Array) =>
  (await readSegmentation({ bytes, fileName, table: null }, series)).data;

const refusal = async (fileName: string, bytes: Uint8Array): Promise<string> => {
  try {
    await read(fileName, bytes);
  } catch (thrown) {
    if (thrown instanceof IbisError) return thrown.message;
    throw thrown;
  }
  return 'read';
};

const bytesOf = (array: Float32Array | Int16Array | BigInt64Array | Float64Array): Uint8Array =>
  new Uint8Array(array.buffer);

const swap16 = (bytes: Uint8Array): Uint8Array => Uint8Array.from(Buffer.from(bytes).swap16());

const nifti = (datatype: number, voxels: Uint8Array, more = {}): Uint8Array =>
  makeNifti({ dimensions: [2, 3, 2], spacing: [1, 2, 3], sform: lps, datatype, voxels, ...more });

describe('a NIfTI labelmap of others', () => {
  it.each([
    ['8 bits', nifti(2, Uint8Array.from(labels))],
    ['16 bits', nifti(4, bytesOf(Int16Array.from(labels)))],
    [
      '16 bits, big endian',
      nifti(4, swap16(bytesOf(Int16Array.from(labels))), { bigEndian: true }),
    ],
    ['floats', nifti(16, bytesOf(Float32Array.from(labels)))],
    ['doubles', nifti(64, bytesOf(Float64Array.from(labels)))],
    ['64 bits', nifti(1024, bytesOf(BigInt64Array.from(labels.map(BigInt))))],
    [
      'floats out of a slope and an intercept',
      nifti(16, bytesOf(Float32Array.from(labels, (label) => label * 2 - 4)), {
        slope: 0.5,
        intercept: 2,
      }),
    ],
    ['gzip', gzipSync(nifti(2, Uint8Array.from(labels)))],
  ])('is read whatever holds its whole numbers: %s', async (_, bytes) => {
    const data = await read('labels.nii', bytes);
    expect(listVoxels(data)).toEqual(expected);
    expect(data.segmentationLabel).toBe('labels');
    expect(data.segments.map(({ segment }) => segment.segmentLabel)).toEqual([
      'Segment 1',
      'Segment 2',
    ]);
  });

  it('is refused where it holds probabilities, several volumes, or names no place', async () => {
    const fractions = bytesOf(Float32Array.from(labels, (label) => label / 3));
    expect(await refusal('p.nii', nifti(16, fractions))).toContain('not whole numbers');
    const negative = bytesOf(Int16Array.from(labels, (label) => -label));
    expect(await refusal('n.nii', nifti(4, negative))).toContain('not whole numbers');
    const two = makeNifti({ dimensions: [2, 3, 2, 2], sform: lps });
    expect(await refusal('4d.nii', two)).toContain('holds 2 volumes');
    const placeless = makeNifti({ dimensions: [2, 3, 2], spacing: [1, 2, 3] });
    expect(await refusal('x.nii', placeless)).not.toBe('read');
    expect(await refusal('short.nii', nifti(2, Uint8Array.from(labels.slice(2))))).toContain(
      'cut short',
    );
  });
});

const nrrd = (lines: readonly string[], voxels: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`NRRD0005\n# by hand\n${lines.join('\n')}\n\n`), voxels]);
const inLps = [
  'dimension: 3',
  'sizes: 2 3 2',
  'space: left-posterior-superior',
  'space directions: (1,0,0) (0,2,0) (0,0,3)',
  'space origin: (5,6,7)',
];

describe('an NRRD of others', () => {
  it.each([
    ['raw', nrrd(['type: uchar', 'encoding: raw', ...inLps], Uint8Array.from(labels))],
    ['gzip', nrrd(['type: uint8', 'encoding: gz', ...inLps], gzipSync(Uint8Array.from(labels)))],
    [
      'big endian',
      nrrd(
        ['type: short', 'endian: big', 'encoding: raw', ...inLps],
        swap16(bytesOf(Int16Array.from(labels))),
      ),
    ],
    [
      'in RAS, line ends of Windows',
      nrrd(
        [
          'type: unsigned char\r',
          'dimension: 3\r',
          'sizes: 2 3 2\r',
          'space: RAS\r',
          'space directions: (-1,0,0) (0,-2,0) (0,0,3)\r',
          'space origin: (-5,-6,7)\r',
          'encoding: raw\r',
        ],
        Uint8Array.from(labels),
      ),
    ],
  ])('is laid on the series: %s', async (_, bytes) => {
    const text = Buffer.from(bytes).toString('latin1');
    const fixed = text.includes('\r\n')
      ? Buffer.from(text.replace('\n\n', '\n\r\n'), 'latin1')
      : bytes;
    expect(listVoxels(await read('labels.nrrd', fixed))).toEqual(expected);
  });

  it('as 3D Slicer 4 wrote it has a layer a segment, with names and colours', async () => {
    const layered = Uint8Array.from(
      labels.flatMap((label) => [Number(label === 1), Number(label === 2)]),
    );
    const data = await read(
      'old.seg.nrrd',
      nrrd(
        [
          ...['type: unsigned char', 'encoding: raw', 'dimension: 4', 'sizes: 2 2 3 2'],
          ...[
            'space: LPS',
            'space directions: none (1,0,0) (0,2,0) (0,0,3)',
            'space origin: (5,6,7)',
          ],
          ...['Segment0_ID:=a', 'Segment0_Name:=Liver', 'Segment0_Color:=1 0.5 0'],
          ...['Segment1_ID:=b', 'Segment1_Name:=Tumour: left', 'Segment1_Color:=0 0 1'],
        ],
        layered,
      ),
    );
    expect(listVoxels(data)).toEqual(expected);
    expect(
      data.segments.map(({ segment: { segmentLabel, colour } }) => [segmentLabel, colour]),
    ).toEqual([
      ['Liver', '#ff8000'],
      ['Tumour: left', '#0000ff'],
    ]);
  });
});
