import type { SegmentationData, SegmentSource } from '../../domain/segmentation.js';
import { algorithmTypes } from './algorithmType.js';
import type { SegAlgorithm, SegSegment } from './segDataset.js';
import type { Software } from './types.js';

type SegmentVoxels = SegmentationData['segments'][number];

const algorithmOf = (source: SegmentSource, { name }: Software): SegAlgorithm =>
  source === 'manual'
    ? { algorithmType: algorithmTypes.manual }
    : {
        algorithmType: algorithmTypes[source],
        algorithmName: name,
      };

/** Segments as a DICOM SEG describes them, with the numbers that they have. */
export const toSegSegments = <S extends SegmentVoxels>(
  segments: readonly S[],
  software: Software,
): readonly (SegSegment & Pick<S, 'slices'>)[] =>
  segments.map(({ segment, slices }) => ({
    segmentNumber: segment.segmentNumber,
    label: segment.segmentLabel,
    description: '',
    category: segment.category,
    type: segment.type,
    modifier: segment.modifier,
    colour: segment.colour,
    algorithm: algorithmOf(segment.source, software),
    slices,
  }));

/** BINARY wants the numbers 1, 2, 3, ...: gaps of removed segments are closed, in the order of the numbers. */
export const numberFromOne = (segments: readonly SegmentVoxels[]): readonly SegmentVoxels[] =>
  segments
    .toSorted((a, b) => a.segment.segmentNumber - b.segment.segmentNumber)
    .map((entry, n) => ({ ...entry, segment: { ...entry.segment, segmentNumber: n + 1 } }));
