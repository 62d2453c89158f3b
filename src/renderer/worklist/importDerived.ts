import type { MethodResults } from '../../contract/channels.js';
import type { SeriesId } from '../../domain/brand.js';
import type { DerivedFile, Refusal } from '../../domain/study.js';
import { layReport } from '../measure/measureFiles.js';
import { showImported } from '../segmentation/showImported.js';
import { call } from '../ui/client.js';
import { usePanelStore } from '../ui/panelStore.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { openSeries } from './openSeries.js';
import { useWorklistStore } from './worklistStore.js';

type Imported = MethodResults['importSegmentation'];

/** An archive of a trial holds thousands: more at once is not meant as "show me these". */
const MOST_AT_ONCE = 20;

interface Outcome {
  /** In the order of the files. */
  readonly segmentations: readonly (Imported & { readonly fileName: string })[];
  readonly reportSeries: readonly SeriesId[];
  readonly refused: readonly Refusal[];
}

const refuse = (code: string, reason: string) => ({ code, reason });

function importSegmentation({ path }: DerivedFile) {
  const seriesId = useWorklistStore().series?.seriesId ?? null;
  const phaseIndex = useViewerStore().position?.phaseIndex ?? 0;
  const search = 'named-first';
  return call('importSegmentation', { seriesId, phaseIndex, path, search, keepKnown: true });
}

/** Gives the series that the report lies on. */
async function importReport({ path, seriesInstanceUIDs }: DerivedFile) {
  const { studies } = useWorklistStore();
  const named = studies
    .flatMap((study) => study.series)
    .find(({ seriesInstanceUID }) => seriesInstanceUIDs.includes(seriesInstanceUID));
  if (named === undefined)
    return refuse(
      'does-not-fit',
      `It holds measurements on the series ${seriesInstanceUIDs[0] ?? '(not named)'}, which is not open: open its images first.`,
    );
  const problem = await layReport(named.seriesId, path);
  return problem === '' ? named.seriesId : refuse('refused', problem);
}

async function importAll(files: readonly DerivedFile[]): Promise<Outcome> {
  const store = useWorklistStore();
  const segmentations: Outcome['segmentations'][number][] = [];
  const reportSeries: SeriesId[] = [];
  const refused: Refusal[] = [];
  const job = { jobId: crypto.randomUUID(), total: files.length, cancelling: false };
  for (const [done, file] of files.entries()) {
    const { fileName } = file;
    const isCancelled = store.job?.cancelling === true;
    if (isCancelled || done >= MOST_AT_ONCE) {
      const why = isCancelled
        ? 'Importing was cancelled before it.'
        : `It is one of ${String(files.length)} segmentations and reports in there: only the first ${String(MOST_AT_ONCE)} were imported. Drop it by itself to import it.`;
      refused.push({ fileName, ...refuse('cancelled', why) });
      continue;
    }
    store.job = { ...job, label: fileName, done };
    if (file.kind === 'segmentation') {
      const reply = await importSegmentation(file);
      if (reply.ok) segmentations.push({ ...reply.value, fileName });
      else refused.push({ fileName, ...refuse(reply.error.code, reply.error.message) });
    } else {
      const outcome = await importReport(file);
      if (typeof outcome === 'string') reportSeries.push(outcome);
      else refused.push({ fileName, ...outcome });
    }
  }
  store.job = null;
  return { segmentations, reportSeries, refused };
}

/** With the file that they are about, where there are several. */
const listNotes = ({ segmentations }: Outcome): readonly string[] =>
  segmentations.flatMap(({ fileName, notes }) =>
    notes.map((note) => (segmentations.length === 1 ? note : `${fileName}: ${note}`)),
  );

/** What is on the series on screen is shown there; else the first one, on its own. */
async function showOutcome(outcome: Outcome): Promise<void> {
  const shownId = useWorklistStore().series?.seriesId;
  const { segmentations, reportSeries } = outcome;
  const segmentation =
    segmentations.find((one) => one.segmentation.seriesId === shownId) ?? segmentations[0];
  const reportOn = reportSeries.find((seriesId) => seriesId === shownId) ?? reportSeries[0];
  if (segmentation !== undefined)
    await showImported({ ...segmentation, notes: listNotes(outcome) });
  else if (reportOn !== undefined) {
    await openSeries(reportOn);
    usePanelStore().rightTab = 'measure';
  }
}

/**
 * Segmentations and reports that were opened, perhaps with their images, are laid on the open series that they were made
 * on. What fits on none is listed with the reason. True: at least one was.
 */
export async function importDerived(files: readonly DerivedFile[]): Promise<boolean> {
  const store = useWorklistStore();
  const outcome = await importAll(files);
  store.refused = [...store.refused, ...outcome.refused];
  await showOutcome(outcome);
  return outcome.segmentations.length + outcome.reportSeries.length > 0;
}
