import { add, scale } from '../../domain/geometry.js';
import type { Vec3 } from '../../domain/geometry.js';
import type { ImagePoint } from '../../domain/plane.js';
import type { SegmentationData } from '../../domain/segmentation.js';
import { IMPLICIT_LITTLE } from '../dicom/readHeader.js';
import { algorithmTypes } from './algorithmType.js';
import { parseColour } from './displayColour.js';
import { traceOutlines } from './outlines.js';
import {
  describeDerivedSeries,
  hasPlane,
  imageOfSlice,
  listReferencedImages,
  referenceImage,
  toCodeItem,
} from './derivedObject.js';
import type { SegHeaderInput } from './segDataset.js';
import { RESEARCH_NOTICE } from './types.js';
import type { SourceImage, VolumeSource } from './types.js';
import { createUid, encodeDicom, formatDateTime, formatDecimal } from './writeDicom.js';

const STRUCTURE_SET_STORAGE = '1.2.840.10008.5.1.4.1.1.481.3';
const DETACHED_STUDY = '1.2.840.10008.3.1.2.3.1'; // what RT Referenced Study Sequence names by custom

export interface RtStructInput extends Pick<
  SegHeaderInput,
  'source' | 'header' | 'software' | 'now'
> {
  readonly data: SegmentationData;
}

type SegmentVoxels = SegmentationData['segments'][number];

/** To a millionth of a millimetre: a thousandth of the smallest pixels there are. */
const formatPoint = (point: Vec3): readonly string[] =>
  point.map((value) => formatDecimal(Number(value.toFixed(6))));

/** A point of a slice image in the patient: by the image's own corner, as slices need not be equally spaced. */
function toWorld(
  { geometry }: VolumeSource,
  image: SourceImage,
  { column, row }: ImagePoint,
): Vec3 {
  const { direction, spacingMm } = geometry;
  return add(
    image.info.position ?? geometry.origin,
    add(scale(direction[0], column * spacingMm[0]), scale(direction[1], row * spacingMm[1])),
  );
}

const referenceFrame = (image: SourceImage): object => ({
  ...referenceImage(image),
  ...(image.frameCount > 1 ? { ReferencedFrameNumber: String(image.info.frameNumber) } : {}),
});

function describeContours(source: VolumeSource, { slices }: SegmentVoxels): readonly object[] {
  return [...slices]
    .sort(([a], [b]) => a - b)
    .flatMap(([k, mask]) => {
      const image = imageOfSlice(source, k);
      return traceOutlines(mask).map((outline) => ({
        ContourImageSequence: [referenceFrame(image)],
        ContourGeometricType: 'CLOSED_PLANAR',
        NumberOfContourPoints: String(outline.length),
        ContourData: outline.flatMap((point) => formatPoint(toWorld(source, image, point))),
      }));
    });
}

/** Whether each slice of the source says where it lies: without it there is nothing to draw contours in. */
export const hasPlaces = ({ images }: VolumeSource): boolean => images.every(hasPlane);

/**
 * An RTSTRUCT (Part 10) of the segments: CLOSED_PLANAR contours in the planes of the source's images, holes as keyholes.
 * A new instance of a new series in the source's study.
 */
export function encodeRtStruct(input: RtStructInput): Uint8Array {
  const { source, header, data, now } = input;
  const { segments } = data;
  const { date, time } = formatDateTime(now);
  const frameOfReferenceUID =
    header.frameOfReferenceUID === '' ? createUid() : header.frameOfReferenceUID;
  const touched = new Set(segments.flatMap(({ slices }) => [...slices.keys()]));
  return encodeDicom(
    {
      ...describeDerivedSeries({ ...input, seriesDescription: data.segmentationLabel }, 'RTSTRUCT'),
      SOPClassUID: STRUCTURE_SET_STORAGE,
      SOPInstanceUID: createUid(),
      OperatorsName: '',
      FrameOfReferenceUID: frameOfReferenceUID,
      PositionReferenceIndicator: header.positionReferenceIndicator,
      StructureSetLabel: 'Ibis',
      StructureSetName: data.segmentationLabel.slice(0, 64),
      StructureSetDescription: RESEARCH_NOTICE,
      StructureSetDate: date,
      StructureSetTime: time,
      ReferencedFrameOfReferenceSequence: [
        {
          FrameOfReferenceUID: frameOfReferenceUID,
          RTReferencedStudySequence: [
            {
              ReferencedSOPClassUID: DETACHED_STUDY,
              ReferencedSOPInstanceUID: header.studyInstanceUID,
              RTReferencedSeriesSequence: [
                {
                  SeriesInstanceUID: header.seriesInstanceUID,
                  ContourImageSequence: listReferencedImages(source, touched).map(referenceImage),
                },
              ],
            },
          ],
        },
      ],
      StructureSetROISequence: segments.map(({ segment }) => ({
        ROINumber: String(segment.segmentNumber),
        ReferencedFrameOfReferenceUID: frameOfReferenceUID,
        ROIName: segment.segmentLabel,
        ROIGenerationAlgorithm: algorithmTypes[segment.source],
      })),
      ROIContourSequence: segments.map((entry) => {
        const contours = describeContours(source, entry);
        return {
          ROIDisplayColor: parseColour(entry.segment.colour).map(String),
          ReferencedROINumber: String(entry.segment.segmentNumber),
          ...(contours.length === 0 ? {} : { ContourSequence: contours }),
        };
      }),
      RTROIObservationsSequence: segments.map(({ segment }, n) => ({
        ObservationNumber: String(n + 1),
        ReferencedROINumber: String(segment.segmentNumber),
        RTROIIdentificationCodeSequence: [
          {
            ...toCodeItem(segment.type),
            ...(segment.modifier === null
              ? {}
              : { SegmentedPropertyTypeModifierCodeSequence: [toCodeItem(segment.modifier)] }),
          },
        ],
        SegmentedPropertyCategoryCodeSequence: [toCodeItem(segment.category)],
        RTROIInterpretedType: '',
        ROIInterpreter: '',
      })),
      ApprovalStatus: 'UNAPPROVED',
    },
    IMPLICIT_LITTLE,
  );
}
