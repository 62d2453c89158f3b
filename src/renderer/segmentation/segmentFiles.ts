import type { SegmentationFormat } from '../../contract/segmentationFormats.js';
import { call } from '../ui/client.js';
import { doFileAct, readPickedFile, writeToPickedFolder } from '../ui/fileActs.js';
import { useSegmentationStore } from './segmentationStore.js';
import { showImported } from './showImported.js';

/** Asks for a file of another program and shows what is in it as a segmentation of its own. */
export function importSegmentation(): Promise<void> {
  const store = useSegmentationStore();
  return doFileAct(store, () => {
    store.note = '';
    const { volume } = store;
    return readPickedFile(async (path) => {
      if (volume === null) return '';
      const search = 'here-first';
      const reply = await call('importSegmentation', { ...volume, path, search });
      if (!reply.ok) return reply.error.message;
      if (store.volume !== volume) return ''; // the user went on; it is stored
      await showImported(reply.value);
      return '';
    });
  });
}

/** Asks for a folder and writes the chosen formats there. */
export function exportSegmentation(formats: readonly SegmentationFormat[]): Promise<void> {
  const store = useSegmentationStore();
  return doFileAct(store, async () => {
    store.note = '';
    const segmentationId = store.shown?.segmentationId;
    if (segmentationId === undefined) return '';
    return writeToPickedFolder(store, (where) =>
      call('exportSegmentation', { segmentationId, formats: [...formats], ...where }),
    );
  });
}
