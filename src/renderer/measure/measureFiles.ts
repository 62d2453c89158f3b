import type { MeasurementFormat } from '../../contract/measurementChannels.js';
import type { SeriesId } from '../../domain/brand.js';
import { call } from '../ui/client.js';
import { doFileAct, readPickedFile, writeToPickedFolder } from '../ui/fileActs.js';
import { formatCount } from '../ui/format.js';
import { noteAct } from './measureHistory.js';
import { useMeasureStore } from './measureStore.js';

/** Lays the measurements of a DICOM SR on a series; the engine announces them. Gives what went wrong, or ''. */
export async function layReport(seriesId: SeriesId, path: string): Promise<string> {
  const store = useMeasureStore();
  const reply = await call('importMeasurements', { seriesId, path });
  if (!reply.ok) return reply.error.message;
  const { measurements, notes } = reply.value;
  if (measurements.length > 0)
    noteAct(
      seriesId,
      `import ${formatCount(measurements.length, 'measurement')}`,
      measurements.map((after) => ({ measurementId: after.measurementId, before: null, after })),
    );
  if (store.seriesId === seriesId) store.importNotes = notes;
  return '';
}

/** Asks for a DICOM SR of the series on screen. */
export function importMeasurements(): Promise<void> {
  const store = useMeasureStore();
  return doFileAct(store, () => {
    const { seriesId } = store;
    return readPickedFile(async (path) => (seriesId === null ? '' : layReport(seriesId, path)));
  });
}

/** Asks for a folder and writes the chosen formats there. */
export function exportMeasurements(formats: readonly MeasurementFormat[]): Promise<void> {
  const store = useMeasureStore();
  return doFileAct(store, async () => {
    const { seriesId } = store;
    if (seriesId === null) return '';
    return writeToPickedFolder(store, (where) =>
      call('exportMeasurements', { seriesId, formats: [...formats], ...where }),
    );
  });
}
