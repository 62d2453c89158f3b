import type { ExportResult, Reply } from '../../contract/channels.js';
import type { ExportFormat } from '../../contract/exportFormats.js';
import { SESSION_FILE_SUFFIX } from '../../contract/sessionFileSuffix.js';
import type { SegmentationSession } from '../../domain/session.js';
import { deidentificationOfExports } from '../deidentify/deidentificationStore.js';
import { call } from '../ui/client.js';
import { useSessionStore } from './sessionStore.js';

/** What of a session is exported. */
export interface WantedExport {
  readonly formats: readonly ExportFormat[];
  /** The whole session as one file, with or without the images of its series; null: not. */
  readonly sessionFile: 'included' | 'referenced' | null;
}

const LONGEST_NAME = 40;

/** 'Segment the left putamen.' -> 'segment-the-left-putamen': a name that every file system takes. */
const fileNameOf = (request: string): string =>
  request
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replaceAll(/^-|-$/g, '') || 'session';

/** Asks for a folder and writes what is wanted there. Dismissing the dialog does nothing. */
export async function exportSession({ formats, sessionFile }: WantedExport): Promise<void> {
  const store = useSessionStore();
  const { session } = store;
  if (session === null || store.exporting) return;
  const { sessionId } = session;
  store.exportProblem = '';
  const folder = await call('pickExportFolder', {});
  if (!folder.ok) store.exportProblem = folder.error.message;
  if (!folder.ok || folder.value === null) return;
  store.exporting = true;
  store.exportResult = null;
  const replies: Reply<ExportResult>[] = [];
  if (formats.length > 0)
    replies.push(
      await call('exportSession', {
        sessionId,
        formats: [...formats],
        outDir: folder.value,
        deidentify: deidentificationOfExports(),
      }),
    );
  if (sessionFile !== null)
    replies.push(await exportSessionFile(session, { folder: folder.value, images: sessionFile }));
  store.exporting = false;
  const written = replies.flatMap((reply) => (reply.ok ? [reply.value] : []));
  const failed = replies.flatMap((reply) => (reply.ok ? [] : [reply.error.message]));
  store.exportProblem = failed.join(' ');
  if (written.length > 0)
    store.exportResult = {
      files: written.flatMap(({ files }) => files),
      notes: [...new Set(written.flatMap(({ notes }) => notes))],
    };
}

async function exportSessionFile(
  { sessionId, settings }: SegmentationSession,
  { folder, images }: { readonly folder: string; readonly images: 'included' | 'referenced' },
): Promise<Reply<ExportResult>> {
  const deidentify = deidentificationOfExports();
  // The request may name someone.
  const name = deidentify === null ? fileNameOf(settings.target.text) : 'session';
  const file = `${folder}/${name}${SESSION_FILE_SUFFIX}`;
  const reply = await call('exportSessionFile', { sessionId, file, images, deidentify });
  if (!reply.ok) return reply;
  return { ok: true, value: { files: [reply.value.file], notes: reply.value.notes } };
}
