import type { MeasurementFormat } from '../../contract/measurementChannels.js';
import { call } from '../ui/client.js';
import { doFileAct, readPickedFile, writeToPickedFolder } from '../ui/fileActs.js';
import { formatCount } from '../ui/format.js';
import { noteAct } from './measureHistory.js';
import { useMeasureStore } from './measureStore.js';

/** Asks for a DICOM SR and lays its measurements on the series; the engine announces them. */
export function importMeasurements(): Promise<void> {
  const store = useMeasureStore();
  return doFileAct(store, () => {
    const { seriesId } = store;
    return readPickedFile(async (path) => {
      if (seriesId === null) return '';
      const reply = await call('importMeasurements', { seriesId, path });
      if (!reply.ok) return reply.error.message;
      const { measurements, notes } = reply.value;
      noteAct(
        seriesId,
        `import ${formatCount(measurements.length, 'measurement')}`,
        measurements.map((after) => ({
          measurementId: after.measurementId,
          before: null,
          after,
        })),
      );
      if (store.seriesId === seriesId) store.importNotes = notes;
      return '';
    });
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
