import { tabulateStatistics } from '../../domain/statisticsTable.js';
import { useSegmentationStore } from '../segmentation/segmentationStore.js';
import { call } from '../ui/client.js';
import { useMeasuresStore } from './measuresStore.js';

/** Measures the active segment as it is now. */
export async function measureActive(): Promise<void> {
  const segmentation = useSegmentationStore();
  const { shown, active } = segmentation;
  if (shown === null || active === null) return;
  const { segmentationId } = shown;
  const { segmentNumber } = active;
  const reply = await call('computeSegmentStatistics', { segmentationId, segmentNumber });
  if (reply.ok) useMeasuresStore().measured = { segmentationId, statistics: reply.value };
  else segmentation.problem = reply.error.message;
}

/** The measures of all segments as a table that a spreadsheet takes over: cells between tabs. */
export async function copyMeasures(): Promise<void> {
  const segmentation = useSegmentationStore();
  const { shown } = segmentation;
  if (shown === null) return;
  const { segmentationId, segments } = shown;
  const statistics = [];
  for (const { segmentNumber } of segments) {
    const reply = await call('computeSegmentStatistics', { segmentationId, segmentNumber });
    if (!reply.ok) {
      segmentation.problem = reply.error.message;
      return;
    }
    statistics.push(reply.value);
  }
  const lines = tabulateStatistics(segments, statistics);
  const clean = (cell: string): string => cell.replace(/[\t\r\n]+/g, ' ');
  const text = lines.map((cells) => cells.map(clean).join('\t')).join('\n');
  const reply = await call('copyText', { text });
  if (reply.ok) useMeasuresStore().copied = true;
  else segmentation.problem = reply.error.message;
}
