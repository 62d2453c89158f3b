import type { ExportResult, Reply } from '../../contract/channels.js';
import type { Deidentification } from '../../contract/deidentification.js';
import { deidentificationOfExports } from '../deidentify/deidentificationStore.js';
import { call } from './client.js';

/** What a panel that reads and writes files keeps of the last such act. */
interface FileActStore {
  filing: boolean;
  /** Why it was not done; '' when it was. */
  problem: string;
  exported: ExportResult | null;
  importNotes: readonly string[];
}

/** One file act at a time; it says what went wrong, or ''. */
export async function doFileAct(store: FileActStore, act: () => Promise<string>): Promise<void> {
  if (store.filing) return;
  store.filing = true;
  store.problem = '';
  store.exported = null;
  store.importNotes = [];
  const problem = await act();
  store.filing = false;
  store.problem = problem;
}

/** Asks for one file and has it read. Dismissing the dialog does nothing. Gives what went wrong, or ''. */
export async function readPickedFile(read: (path: string) => Promise<string>): Promise<string> {
  const picked = await call('pickFiles', { kind: 'files' });
  if (!picked.ok) return picked.error.message;
  const [path] = picked.value;
  return path === undefined ? '' : read(path);
}

/** Asks for a folder and has it written to. Dismissing the dialog does nothing. Gives what went wrong, or ''. */
export async function writeToPickedFolder(
  store: FileActStore,
  write: (where: {
    readonly outDir: string;
    readonly deidentify: Deidentification | null;
  }) => Promise<Reply<ExportResult>>,
): Promise<string> {
  const folder = await call('pickExportFolder', {});
  if (!folder.ok) return folder.error.message;
  if (folder.value === null) return '';
  const reply = await write({ outDir: folder.value, deidentify: deidentificationOfExports() });
  if (!reply.ok) return reply.error.message;
  store.exported = reply.value;
  return '';
}
