import type { MeasurementFormat } from '../../contract/measurementChannels.js';
import { deidentificationOfExports } from '../deidentify/deidentificationStore.js';
import { call } from '../ui/client.js';
import { useMeasureStore } from './measureStore.js';

/** Asks for a DICOM SR and lays its measurements on the series; the engine announces them. */
export const importMeasurements = (): Promise<void> =>
  filing(async () => {
    const store = useMeasureStore();
    const { seriesId } = store;
    const picked = await call('pickFiles', { kind: 'files' });
    if (!picked.ok) return picked.error.message;
    const [path] = picked.value;
    if (path === undefined || seriesId === null) return '';
    const reply = await call('importMeasurements', { seriesId, path });
    if (!reply.ok) return reply.error.message;
    if (store.seriesId === seriesId) store.importNotes = reply.value.notes;
    return '';
  });

/** Asks for a folder and writes the chosen formats there. Dismissing the dialog does nothing. */
export const exportMeasurements = (formats: readonly MeasurementFormat[]): Promise<void> =>
  filing(async () => {
    const store = useMeasureStore();
    const { seriesId } = store;
    if (seriesId === null) return '';
    const folder = await call('pickExportFolder', {});
    if (!folder.ok) return folder.error.message;
    if (folder.value === null) return '';
    const reply = await call('exportMeasurements', {
      seriesId,
      formats: [...formats],
      outDir: folder.value,
      deidentify: deidentificationOfExports(),
    });
    if (!reply.ok) return reply.error.message;
    store.exported = reply.value;
    return '';
  });

/** One file act at a time; it says what went wrong, or ''. */
async function filing(act: () => Promise<string>): Promise<void> {
  const store = useMeasureStore();
  if (store.filing) return;
  store.filing = true;
  store.problem = '';
  store.exported = null;
  store.importNotes = [];
  const problem = await act();
  store.filing = false;
  store.problem = problem;
}
