import type { SegmentSource } from '../../domain/segmentation.js';

/** DICOM's terms for who drew a segment: Segment Algorithm Type, ROI Generation Algorithm. */
export const algorithmTypes = {
  manual: 'MANUAL',
  semiautomatic: 'SEMIAUTOMATIC',
  automatic: 'AUTOMATIC',
} as const satisfies Readonly<Record<SegmentSource, string>>;

export const segmentSources: readonly SegmentSource[] = ['manual', 'semiautomatic', 'automatic'];

/** Null for anything but one of the three terms. */
export const readAlgorithmType = (term: string): SegmentSource | null =>
  segmentSources.find((source) => algorithmTypes[source] === term) ?? null;
