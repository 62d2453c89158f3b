// Writes the demo study: Colin27 (Debian's mricron-data, BSD-3-Clause) as a DICOM MR series of axial slices.
//   node scripts/makeDemoStudy.mjs [ch2.nii.gz] [folder]
// The same input gives the same bytes: UIDs are derived from names and dates are fixed.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

import dcmjs from 'dcmjs';
import * as nifti from 'nifti-reader-js';

const source = process.argv[2] ?? '/usr/share/mricron/templates/ch2.nii.gz';
const folder =
  process.argv[3] ?? path.join(import.meta.dirname, '..', 'resources', 'demo', 'colin27');

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
const MR_IMAGE_STORAGE = '1.2.840.10008.5.1.4.1.1.4';

/** UUID-derived UID (PS3.5 B.2) from a name, so that it never changes. */
function uidOf(name) {
  const hex = createHash('sha256').update(`ibis demo ${name}`).digest('hex').slice(0, 32);
  return `2.25.${BigInt(`0x${hex}`)}`;
}

const bytes = gunzipSync(readFileSync(source));
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const header = nifti.readHeader(buffer);
const [, columns, rows, slices] = header.dims;
if (header.numBitsPerVoxel !== 8) throw new Error('this script expects the 8-bit ch2.nii.gz');
const voxels = new Uint8Array(nifti.readImage(header, buffer));
const affine = header.affine; // voxel -> RAS mm; diagonal for this file
const isDiagonal = [0, 1, 2].every((r) => [0, 1, 2].every((c) => r === c || affine[r][c] === 0));
if (!isDiagonal || affine[0][0] <= 0 || affine[1][1] <= 0 || affine[2][2] <= 0)
  throw new Error('this script expects the axes of ch2.nii.gz: right, anterior, superior');

// RAS -> LPS: DICOM columns run to the patient's left and rows to posterior, so both are reversed.
const originLps = (k) => [
  -(affine[0][3] + affine[0][0] * (columns - 1)),
  -(affine[1][3] + affine[1][1] * (rows - 1)),
  affine[2][3] + affine[2][2] * k,
];
function slicePixels(k) {
  const pixels = new Uint8Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      pixels[row * columns + column] =
        voxels[(k * rows + (rows - 1 - row)) * columns + (columns - 1 - column)];
  return pixels;
}

const studyUid = uidOf('study');
const seriesUid = uidOf('series');
const frameOfReferenceUid = uidOf('frame of reference');
const decimal = (value) => String(Number(value.toFixed(6)));

mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (name.endsWith('.dcm')) rmSync(path.join(folder, name));

// Slices above the head are all zero and left out at the end only: k stays the NIfTI file's own.
let sliceCount = slices;
while (sliceCount > 1 && slicePixels(sliceCount - 1).every((value) => value === 0)) sliceCount--;

for (let k = 0; k < sliceCount; k++) {
  const sopInstanceUid = uidOf(`slice ${k}`);
  const dataset = {
    _meta: {
      FileMetaInformationVersion: { Value: [new Uint8Array([0, 1]).buffer], vr: 'OB' },
      MediaStorageSOPClassUID: { Value: [MR_IMAGE_STORAGE], vr: 'UI' },
      MediaStorageSOPInstanceUID: { Value: [sopInstanceUid], vr: 'UI' },
      TransferSyntaxUID: { Value: [EXPLICIT_LITTLE_ENDIAN], vr: 'UI' },
      ImplementationClassUID: { Value: [uidOf('implementation')], vr: 'UI' },
      ImplementationVersionName: { Value: ['IBIS_DEMO'], vr: 'SH' },
    },
    _vrMap: { PixelData: 'OW' },
    SpecificCharacterSet: 'ISO_IR 192',
    ImageType: ['DERIVED', 'SECONDARY', 'OTHER'],
    SOPClassUID: MR_IMAGE_STORAGE,
    SOPInstanceUID: sopInstanceUid,
    StudyDate: '20211015', // of the packaged file
    SeriesDate: '20211015',
    StudyTime: '000000',
    SeriesTime: '000000',
    AccessionNumber: '',
    Modality: 'MR',
    Manufacturer: 'Ibis demo',
    ReferringPhysicianName: '',
    StudyDescription: 'Colin27 head (demo)',
    SeriesDescription: 'T1 MNI space 1 mm',
    DerivationDescription: 'Converted from ch2.nii.gz of mricron-data (BSD-3-Clause), 8 bit',
    PatientName: 'Demo^Colin27',
    PatientID: 'DEMO-COLIN27',
    PatientBirthDate: '',
    PatientSex: 'M',
    PatientIdentityRemoved: 'YES',
    DeidentificationMethod: 'Public template, no patient data',
    BodyPartExamined: 'HEAD',
    ScanningSequence: 'GR',
    SequenceVariant: 'NONE',
    ScanOptions: '',
    MRAcquisitionType: '3D',
    SliceThickness: decimal(affine[2][2]),
    SpacingBetweenSlices: decimal(affine[2][2]),
    RepetitionTime: '',
    EchoTime: '',
    EchoTrainLength: '',
    PatientPosition: 'HFS',
    StudyInstanceUID: studyUid,
    SeriesInstanceUID: seriesUid,
    StudyID: '1',
    SeriesNumber: '1',
    InstanceNumber: String(k + 1),
    ImagePositionPatient: originLps(k).map(decimal),
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
    FrameOfReferenceUID: frameOfReferenceUid,
    PositionReferenceIndicator: '',
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows,
    Columns: columns,
    PixelSpacing: [decimal(affine[1][1]), decimal(affine[0][0])],
    BitsAllocated: 8,
    BitsStored: 8,
    HighBit: 7,
    PixelRepresentation: 0,
    // The 1st to 99th percentile of the whole volume, which is what the policy was shown in training.
    WindowCenter: '82',
    WindowWidth: '164',
    PixelData: slicePixels(k).buffer,
  };
  const file = dcmjs.data.datasetToBuffer(dataset);
  writeFileSync(path.join(folder, `slice-${String(k).padStart(3, '0')}.dcm`), file);
}
console.log(`${sliceCount} slices of ${columns} x ${rows} written`);
