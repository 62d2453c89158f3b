import type { OpenPathsResult, Reply } from '../../contract/channels.js';
import type { OpenedSessionFile } from '../../contract/sessionFileChannels.js';
import type { SessionId } from '../../domain/brand.js';
import { SESSION_FILE_SUFFIX } from '../../contract/sessionFileSuffix.js';
import { openStoredSession } from '../session/openStoredSession.js';
import { useSessionStore } from '../session/sessionStore.js';
import { call } from '../ui/client.js';
import { importDerived } from './importDerived.js';
import { loadSessions, loadStudies } from './loadWorklist.js';
import { openSeries } from './openSeries.js';
import { useWorklistStore } from './worklistStore.js';

/** What was opened since the window was, so that a restarted engine can be given it again. */
let openedPaths: readonly string[] = [];
let isDemoOpened = false;

export async function openByDialog(kind: 'files' | 'folder'): Promise<void> {
  const store = useWorklistStore();
  const picked = await call('pickFiles', { kind });
  if (!picked.ok) store.openProblem = picked.error.message;
  else if (picked.value.length > 0) await openPaths(picked.value);
}

const isSessionFile = (file: string): boolean => file.toLowerCase().endsWith(SESSION_FILE_SUFFIX);

/**
 * Opens files and folders, lists what could be read and what could not, and shows the first series. Segmentations and
 * reports come after the images that were opened with them, and files of whole sessions last.
 */
export async function openPaths(paths: readonly string[]): Promise<void> {
  const store = useWorklistStore();
  if (store.job !== null) {
    store.openProblem = 'Something is being opened already. Wait for it, or cancel it first.';
    return;
  }
  const sessionFiles = paths.filter(isSessionFile);
  const images = paths.filter((file) => !isSessionFile(file));
  if (images.length > 0) await openImages(images);
  if (sessionFiles.length > 0) await openSessionFiles(sessionFiles);
}

async function openImages(paths: readonly string[]): Promise<void> {
  const store = useWorklistStore();
  const result = await runOpening((jobId) => call('openPaths', { paths: [...paths], jobId }));
  if (result === null) return;
  openedPaths = [...new Set([...openedPaths, ...paths])];
  const first = result.studies[0]?.series[0];
  if (first !== undefined) await openSeries(first.seriesId);
  const isSomethingLaid = result.derived.length > 0 && (await importDerived(result.derived));
  if (first !== undefined || isSomethingLaid) return;
  store.openProblem =
    result.derived.length > 0
      ? 'What is in there could not be laid on open images. The list below says why.'
      : 'Nothing in there is an image that Ibis can read. The list below says why.';
}

const bringsNothing = ({ fate, segmentations, measurements }: OpenedSessionFile): boolean =>
  fate === 'already-there' &&
  [segmentations, measurements].every(({ added, continued }) => added + continued === 0);

/** Takes sessions in, and shows the last of them. One that is refused does not keep the others out. */
async function openSessionFiles(files: readonly string[]): Promise<void> {
  const store = useWorklistStore();
  const problems: string[] = [];
  let shown: SessionId | null = null;
  for (const file of files) {
    const name = file.split(/[\\/]/).at(-1) ?? file;
    const jobId = crypto.randomUUID();
    store.job = { jobId, label: name, done: 0, total: null, cancelling: false };
    const reply = await call('openSessionFile', { file, jobId });
    store.job = null;
    if (!reply.ok) problems.push(`${name}: ${reply.error.message}`);
    else {
      shown = reply.value.sessionId;
      if (bringsNothing(reply.value))
        problems.push(`${name}: all of it is here already, and was left as it is.`);
    }
  }
  store.openProblem = problems.join(' ');
  await Promise.all([loadStudies(), loadSessions()]);
  if (shown !== null) await openStoredSession(shown);
}

/** The bundled study, with its request written ready to run. */
export async function openDemoStudy(): Promise<void> {
  if (useWorklistStore().job !== null) return;
  const demo = await runOpening(() => call('openDemoStudy', {}));
  if (demo === null || demo.seriesId === null) return;
  isDemoOpened = true;
  const { seriesId, axis, sliceIndex, prompt } = demo;
  await openSeries(seriesId, { axis, sliceIndex, phaseIndex: 0 });
  const session = useSessionStore();
  if (session.session === null) session.request = prompt;
}

export async function cancelOpening(): Promise<void> {
  const store = useWorklistStore();
  if (store.job === null) return;
  store.job = { ...store.job, cancelling: true };
  const reply = await call('cancelJob', { jobId: store.job.jobId });
  if (!reply.ok) store.openProblem = reply.error.message;
}

/** After the engine was restarted: what was open is opened again. */
export async function reopenPaths(): Promise<void> {
  if (isDemoOpened) await runOpening(() => call('openDemoStudy', {}));
  if (openedPaths.length > 0)
    await runOpening((jobId) => call('openPaths', { paths: [...openedPaths], jobId }));
  await loadStudies();
}

/** Null: it failed or was cancelled, and the worklist says so. */
async function runOpening<R extends OpenPathsResult>(
  open: (jobId: string) => Promise<Reply<R>>,
): Promise<R | null> {
  const store = useWorklistStore();
  const jobId = crypto.randomUUID();
  store.job = { jobId, label: '', done: 0, total: null, cancelling: false };
  store.openProblem = '';
  store.refused = [];
  const reply = await open(jobId);
  store.job = null;
  if (!reply.ok) {
    store.openProblem = reply.error.message;
    return null;
  }
  if (reply.value.cancelled) {
    store.openProblem = 'Opening was cancelled. Nothing of it was opened.';
    return null;
  }
  store.refused = reply.value.refused;
  await loadStudies();
  return reply.value;
}
