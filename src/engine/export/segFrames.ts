import { dot } from '../../domain/geometry.js';
import { hasPlane, imageOfSlice, referenceImage, toCodeItem } from './derivedObject.js';
import { dcm } from './segmentCodes.js';
import type { SourceHeader } from './sourceHeader.js';
import type { SourceImage, VolumeSource } from './types.js';
import { createUid, formatDecimal } from './writeDicom.js';

/** Where the frames of a segmentation lie: functional groups and dimensions. */

/** One frame: the source slice that it lies on, and its segment where it holds only one. */
export interface SegFrame {
  readonly k: number;
  readonly segmentNumber: number | null;
}

interface FramedSource {
  readonly source: VolumeSource;
  readonly header: SourceHeader;
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

function describePixelMeasures(
  { source, header }: FramedSource,
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

export function describeFunctionalGroups(input: FramedSource, frames: readonly SegFrame[]): object {
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
export function describeDimensions(planes: boolean, bySegment: boolean): object {
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
