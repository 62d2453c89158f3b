import type { CodedConcept, SegmentationData } from '../../domain/segmentation.js';
import type { SegmentStatistics } from '../../domain/segmentStatistics.js';

const COLUMNS = [
  'segment',
  'label',
  'category',
  'type',
  'modifier',
  'voxels',
  'volume_ml',
  'mean',
  'sd',
  'min',
  'max',
  'unit',
  'longest_axis_mm',
] as const;

/** RFC 4180: quoted where it must be. */
const quote = (cell: string): string =>
  /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

const formatCode = (code: CodedConcept | null): string =>
  code === null ? '' : `${code.scheme}:${code.value}`;

/** Six digits tell more than was measured; no noise of the last ones is shown. */
const formatNumber = (value: number | null | undefined): string =>
  value == null ? '' : String(Number(value.toPrecision(6)));

/**
 * A line a segment: voxels, mL, mean, standard deviation (of all its voxels), smallest and largest modality value and
 * their unit, longest axis in mm between voxel centres. Empty cells where there is nothing to measure.
 */
export function encodeStatistics(
  { segments }: SegmentationData,
  statistics: readonly SegmentStatistics[],
): string {
  const lines = segments.map(({ segment }) => {
    const measured = statistics.find(
      ({ segmentNumber }) => segmentNumber === segment.segmentNumber,
    );
    const values = measured?.values;
    return [
      String(segment.segmentNumber),
      segment.segmentLabel,
      formatCode(segment.category),
      formatCode(segment.type),
      formatCode(segment.modifier),
      String(measured?.voxelCount ?? ''),
      formatNumber(measured?.volumeMl),
      formatNumber(values?.mean),
      formatNumber(values?.deviation),
      formatNumber(values?.minimum),
      formatNumber(values?.maximum),
      values?.unit ?? '',
      formatNumber(measured?.longestAxisMm),
    ];
  });
  return [COLUMNS, ...lines].map((cells) => `${cells.map(quote).join(',')}\r\n`).join('');
}
