import type { SegmentationData } from '../../domain/segmentation.js';
import type { SegmentStatistics } from '../../domain/segmentStatistics.js';
import { tabulateStatistics } from '../../domain/statisticsTable.js';
import { encodeCsv } from './csv.js';

export const encodeStatistics = (
  { segments }: SegmentationData,
  statistics: readonly SegmentStatistics[],
): string =>
  encodeCsv(
    tabulateStatistics(
      segments.map(({ segment }) => segment),
      statistics,
    ),
  );
