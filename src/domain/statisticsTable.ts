import type { CodedConcept, Segment } from './segmentation.js';
import type { SegmentStatistics } from './segmentStatistics.js';

/** The same for files and for the clipboard. */
const COLUMNS = [
  'segment',
  'label',
  'category',
  'type',
  'modifier',
  'voxels',
  'volume_mm3',
  'volume_ml',
  'mean',
  'sd',
  'min',
  'max',
  'unit',
  'longest_axis_mm',
  'second_axis_mm',
  'third_axis_mm',
] as const;

const formatCode = (code: CodedConcept | null): string =>
  code === null ? '' : `${code.scheme}:${code.value}`;

/** Six digits tell more than was measured; no noise of the last ones is shown. */
const formatNumber = (value: number | null | undefined): string =>
  value == null ? '' : String(Number(value.toPrecision(6)));

/**
 * A head and a line a segment: voxels, mm³ and mL, mean, standard deviation (of all its voxels), smallest and largest
 * modality value and their unit, longest axis in mm between voxel centres, longest extent across it and the extent
 * across both. Empty cells where there is nothing to measure.
 */
export function tabulateStatistics(
  segments: readonly Segment[],
  statistics: readonly SegmentStatistics[],
): readonly (readonly string[])[] {
  const lines = segments.map((segment) => {
    const measured = statistics.find(
      ({ segmentNumber }) => segmentNumber === segment.segmentNumber,
    );
    const values = measured?.values;
    const volumeMl = measured?.volumeMl ?? null;
    return [
      String(segment.segmentNumber),
      segment.segmentLabel,
      formatCode(segment.category),
      formatCode(segment.type),
      formatCode(segment.modifier),
      String(measured?.voxelCount ?? ''),
      formatNumber(volumeMl && 1000 * volumeMl),
      formatNumber(volumeMl),
      formatNumber(values?.mean),
      formatNumber(values?.deviation),
      formatNumber(values?.minimum),
      formatNumber(values?.maximum),
      values?.unit ?? '',
      formatNumber(measured?.longestAxisMm),
      formatNumber(measured?.acrossAxesMm?.[0]),
      formatNumber(measured?.acrossAxesMm?.[1]),
    ];
  });
  return [COLUMNS, ...lines];
}
