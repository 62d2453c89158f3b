import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Vec3 } from '../../../src/domain/geometry.js';
import { add, cross, normalise, scale } from '../../../src/domain/geometry.js';
import { encodeDicom, formatDecimal } from '../../../src/engine/export/writeDicom.js';

/** A made-up series: as a scanner might store it, in whatever orientation. */
export interface SourceShape {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  readonly columnDirection: Vec3; // DICOM's row cosines
  readonly rowDirection: Vec3;
  readonly spacingMm: Vec3; // between columns, rows, slices
  readonly origin: Vec3;
  /** From slice to slice; default the normal. Not along it: a tilted gantry. */
  readonly sliceDirection?: Vec3;
  /** File order and instance numbers run against the normal. */
  readonly reversed?: boolean;
  /** One enhanced multi-frame file, its frames shuffled, instead of one file a slice. */
  readonly multiFrame?: boolean;
  /** No position and orientation, as ultrasound and screenshots have none. */
  readonly withoutPlane?: boolean;
  readonly patientName?: string;
  /** Of several series in one study and frame of reference; default 1. */
  readonly series?: number;
}

export const axialShape: SourceShape = {
  columns: 23,
  rows: 17,
  slices: 9,
  columnDirection: [1, 0, 0],
  rowDirection: [0, 1, 0],
  spacingMm: [0.75, 0.75, 3],
  origin: [-100.5, 33.25, 700],
};
const obliqueColumn: Vec3 = normalise([0.9, 0.3, -0.2]);
/** Oblique, with pixels that are no squares and slices further apart. */
export const obliqueShape: SourceShape = {
  ...axialShape,
  columnDirection: obliqueColumn,
  rowDirection: normalise(cross([0.1, -0.4, 0.95], obliqueColumn)),
  spacingMm: [0.625, 1.5, 4.4],
  origin: [12.3456789, -98.7654321, 0.123456789],
};

const FIRST_SERIES = 3;

const FIXED = {
  StudyInstanceUID: '1.2.826.0.1.3680043.2.1125.1',
  SeriesInstanceUID: '1.2.826.0.1.3680043.2.1125.1.1',
  FrameOfReferenceUID: '1.2.826.0.1.3680043.2.1125.1.2',
  PatientID: 'IBIS-TEST',
  PatientBirthDate: '19700101',
  PatientSex: 'O',
  StudyDate: '20240131',
  StudyTime: '120000',
  StudyID: '1',
  AccessionNumber: '',
  ReferringPhysicianName: '',
  StudyDescription: 'Made for a test',
  SeriesDescription: 'Made for a test',
  SeriesNumber: String(FIRST_SERIES),
  PositionReferenceIndicator: '',
  SamplesPerPixel: 1,
  PhotometricInterpretation: 'MONOCHROME2',
  BitsAllocated: 16,
  BitsStored: 16,
  HighBit: 15,
  PixelRepresentation: 0,
  _vrMap: { PixelData: 'OW' },
};

/** A value in [0, 1000) that looks random: any flip or shift of the image makes another one. */
const speckle = (pixel: number, k: number): number => {
  let mixed = Math.imul(pixel + 1, 0x9e3779b1) ^ Math.imul(k + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 13)) >>> 0) % 1000;
};

/** Writes the series into `folder`. */
export function writeSource(folder: string, shape: SourceShape): void {
  mkdirSync(folder, { recursive: true });
  const { columns, rows, slices, columnDirection, rowDirection, spacingMm, origin } = shape;
  const step = shape.sliceDirection ?? cross(columnDirection, rowDirection);
  const positionOf = (k: number): readonly string[] =>
    add(origin, scale(step, k * spacingMm[2])).map(formatDecimal);
  const orientation = [...columnDirection, ...rowDirection].map(formatDecimal);
  const pixelSpacing = [formatDecimal(spacingMm[1]), formatDecimal(spacingMm[0])];
  const pixelsOf = (ks: readonly number[]): ArrayBuffer =>
    Uint16Array.from({ length: columns * rows * ks.length }, (_, p) => {
      const k = ks[Math.floor(p / (columns * rows))] ?? 0;
      return speckle(p % (columns * rows), k);
    }).buffer;
  const order = Array.from({ length: slices }, (_, k) => (shape.reversed ? slices - 1 - k : k));
  const { series = 1 } = shape;
  const uidOfSeries =
    series === 1 ? FIXED.SeriesInstanceUID : `${FIXED.StudyInstanceUID}.1${String(series)}`;
  const common = {
    ...FIXED,
    ...(series === 1
      ? {}
      : {
          SeriesInstanceUID: uidOfSeries,
          SeriesNumber: String(FIRST_SERIES + series - 1),
          SeriesDescription: `Series ${String(series)}`,
        }),
    PatientName: shape.patientName ?? 'Test^Ibis',
    Rows: rows,
    Columns: columns,
  };
  if (shape.multiFrame === true) {
    const shuffled = order.toSorted((a, b) => ((a * 7) % slices) - ((b * 7) % slices));
    const file = encodeDicom({
      ...common,
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4.1', // Enhanced MR
      SOPInstanceUID: '1.2.826.0.1.3680043.2.1125.1.1.1',
      Modality: 'MR',
      InstanceNumber: '1',
      NumberOfFrames: String(slices),
      SharedFunctionalGroupsSequence: [
        {
          PixelMeasuresSequence: [
            { PixelSpacing: pixelSpacing, SliceThickness: formatDecimal(spacingMm[2]) },
          ],
          PlaneOrientationSequence: [{ ImageOrientationPatient: orientation }],
        },
      ],
      PerFrameFunctionalGroupsSequence: shuffled.map((k) => ({
        PlanePositionSequence: [{ ImagePositionPatient: positionOf(k) }],
      })),
      PixelData: pixelsOf(shuffled),
    });
    writeFileSync(path.join(folder, 'multi.dcm'), file);
    return;
  }
  order.forEach((k, n) => {
    const file = encodeDicom({
      ...common,
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.4', // MR
      SOPInstanceUID: `${uidOfSeries}.${String(n + 1)}`,
      Modality: shape.withoutPlane === true ? 'US' : 'MR',
      InstanceNumber: String(n + 1),
      SliceThickness: formatDecimal(spacingMm[2]),
      ...(shape.withoutPlane === true
        ? {}
        : {
            ImagePositionPatient: positionOf(k),
            ImageOrientationPatient: orientation,
            PixelSpacing: pixelSpacing,
          }),
      PixelData: pixelsOf([k]),
    });
    writeFileSync(path.join(folder, `${String(n).padStart(3, '0')}.dcm`), file);
  });
}
