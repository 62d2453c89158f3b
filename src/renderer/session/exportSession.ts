import type { ExportFormat } from '../../contract/exportFormats.js';
import { call } from '../ui/client.js';
import { useSessionStore } from './sessionStore.js';

/** Asks for a folder and writes the chosen formats there. Dismissing the dialog does nothing. */
export async function exportSession(formats: readonly ExportFormat[]): Promise<void> {
  const store = useSessionStore();
  const sessionId = store.session?.sessionId;
  if (sessionId === undefined || store.exporting) return;
  store.exportProblem = '';
  const folder = await call('pickExportFolder', {});
  if (!folder.ok) store.exportProblem = folder.error.message;
  if (!folder.ok || folder.value === null) return;
  store.exporting = true;
  store.exportResult = null;
  const reply = await call('exportSession', {
    sessionId,
    formats: [...formats],
    outDir: folder.value,
  });
  store.exporting = false;
  if (reply.ok) store.exportResult = reply.value;
  else store.exportProblem = reply.error.message;
}

export async function revealFile(path: string): Promise<void> {
  const reply = await call('revealInFolder', { path });
  if (!reply.ok) useSessionStore().exportProblem = reply.error.message;
}
