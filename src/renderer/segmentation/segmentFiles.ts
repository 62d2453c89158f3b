import type { SegmentationFormat } from '../../contract/segmentationFormats.js';
import { deidentificationOfExports } from '../deidentify/deidentificationStore.js';
import { call } from '../ui/client.js';
import { useSegmentationStore } from './segmentationStore.js';
import { chooseSegmentation } from './takeSegmentation.js';

/** Asks for a file of another program and shows what is in it as a segmentation of its own. */
export const importSegmentation = (): Promise<void> =>
  filing(async () => {
    const store = useSegmentationStore();
    const { volume } = store;
    const picked = await call('pickFiles', { kind: 'files' });
    if (!picked.ok) return picked.error.message;
    const [path] = picked.value;
    if (path === undefined || volume === null) return '';
    const reply = await call('importSegmentation', { ...volume, path });
    if (!reply.ok) return reply.error.message;
    if (store.volume !== volume) return ''; // the user went on; it is stored
    chooseSegmentation(reply.value.segmentation);
    store.importNotes = reply.value.notes;
    return '';
  });

/** Asks for a folder and writes the chosen formats there. Dismissing the dialog does nothing. */
export const exportSegmentation = (formats: readonly SegmentationFormat[]): Promise<void> =>
  filing(async () => {
    const store = useSegmentationStore();
    const segmentationId = store.shown?.segmentationId;
    if (segmentationId === undefined) return '';
    const folder = await call('pickExportFolder', {});
    if (!folder.ok) return folder.error.message;
    if (folder.value === null) return '';
    const reply = await call('exportSegmentation', {
      segmentationId,
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
  const store = useSegmentationStore();
  if (store.filing) return;
  store.filing = true;
  store.problem = '';
  store.note = '';
  store.exported = null;
  store.importNotes = [];
  const problem = await act();
  store.filing = false;
  store.problem = problem;
}
