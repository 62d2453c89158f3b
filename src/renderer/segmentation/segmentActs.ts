import type { MethodParams } from '../../contract/channels.js';
import type { SegmentationId } from '../../domain/brand.js';
import type { OverlapPolicy, Segment, Segmentation } from '../../domain/segmentation.js';
import { inTurn } from '../session/inTurn.js';
import { useSessionStore } from '../session/sessionStore.js';
import { call } from '../ui/client.js';
import { capitalise } from '../ui/format.js';
import { holdKeysWhile } from '../ui/typeAhead.js';
import { dropRerun } from '../volume/rerun.js';
import { useSegmentationStore } from './segmentationStore.js';
import { chooseSegmentation } from './takeSegmentation.js';

type ChangingMethod =
  | 'addSegment'
  | 'changeSegment'
  | 'removeSegment'
  | 'paintSegment'
  | 'addSessionMask'
  | 'moveSegment'
  | 'renameSegmentation'
  | 'setOverlapPolicy'
  | 'undoSegmentation'
  | 'redoSegmentation';

const MAX_LABEL = 64; // characters of DICOM's LO

/** The engine announces what has changed; here only what went wrong is kept. Null: it did. */
export async function change<M extends ChangingMethod>(
  method: M,
  params: MethodParams<M>,
): Promise<Segmentation | null> {
  const store = useSegmentationStore();
  store.problem = '';
  store.note = '';
  const reply = await call(method, params);
  if (reply.ok) return reply.value;
  store.problem = reply.error.message;
  return null;
}

export function tell(sentence: string): null {
  useSegmentationStore().problem = sentence;
  return null;
}

/** The shown segmentation, or a new one of the volume on screen: made when it is first needed. */
async function ensureSegmentation(): Promise<SegmentationId | null> {
  const store = useSegmentationStore();
  if (store.shown !== null) return store.shown.segmentationId;
  if (store.volume === null) return tell('Open a series first: segments lie over its images.');
  const reply = await call('createSegmentation', {
    ...store.volume,
    segmentationLabel: 'Segmentation',
  });
  if (!reply.ok) return tell(reply.error.message);
  chooseSegmentation(reply.value);
  return reply.value.segmentationId;
}

const nextLabel = (): string => {
  const labels = useSegmentationStore().shown?.segments.map((each) => each.segmentLabel) ?? [];
  let number = labels.length + 1;
  while (labels.includes(`Segment ${String(number)}`)) number++;
  return `Segment ${String(number)}`;
};

/** As a DICOM label may be written. */
const asLabel = (text: string): string =>
  capitalise(text.replace(/[\\\p{Cc}]+/gu, ' ').trim()).slice(0, MAX_LABEL);

/** The new segment is the active one; null: it could not be added. */
async function addActive(segmentLabel: string): Promise<Segment | null> {
  const store = useSegmentationStore();
  const segmentationId = await ensureSegmentation();
  if (segmentationId === null) return null;
  const added = (await change('addSegment', { segmentationId, segmentLabel }))?.segments.at(-1);
  if (added === undefined) return null;
  store.chosenSegment = added.segmentNumber;
  return added;
}

/** Its name is written next: what is typed already counts. */
export const addSegment = (): Promise<void> =>
  holdKeysWhile(() =>
    inTurn(async () => {
      const added = await addActive(nextLabel());
      if (added !== null) useSegmentationStore().renaming = added.segmentNumber;
    }),
  );

const withShown = (
  act: (segmentationId: SegmentationId) => Promise<Segmentation | null>,
): Promise<void> =>
  inTurn(async () => {
    const { shown } = useSegmentationStore();
    if (shown !== null) await act(shown.segmentationId);
  });

type SegmentChange = MethodParams<'changeSegment'>['change'];
export const changeSegment = (segmentNumber: number, wanted: SegmentChange): Promise<void> =>
  withShown((segmentationId) =>
    change('changeSegment', { segmentationId, segmentNumber, change: wanted }),
  );

export const removeSegment = (segmentNumber: number): Promise<void> =>
  withShown((segmentationId) => change('removeSegment', { segmentationId, segmentNumber }));

/** To a place in the list, from 0. */
export const moveSegment = (segmentNumber: number, toIndex: number): Promise<void> =>
  withShown((segmentationId) => change('moveSegment', { segmentationId, segmentNumber, toIndex }));

export const renameSegmentation = (segmentationLabel: string): Promise<void> =>
  withShown((segmentationId) =>
    change('renameSegmentation', { segmentationId, segmentationLabel }),
  );

/** Another one over the same volume, shown at once. */
export const addSegmentation = (): Promise<void> =>
  inTurn(async () => {
    const { volume, list } = useSegmentationStore();
    if (volume === null) return;
    const segmentationLabel = `Segmentation ${String(list.length + 1)}`;
    const reply = await call('createSegmentation', { ...volume, segmentationLabel });
    if (reply.ok) chooseSegmentation(reply.value);
    else tell(reply.error.message);
  });

/** For good, with its history: whoever calls this has asked. */
export const deleteSegmentation = (segmentationId: SegmentationId): Promise<void> =>
  inTurn(async () => {
    const reply = await call('deleteSegmentation', { segmentationId });
    if (!reply.ok) tell(reply.error.message);
  });

export const setOverlap = (overlap: OverlapPolicy): Promise<void> =>
  withShown((segmentationId) => change('setOverlapPolicy', { segmentationId, overlap }));

export const undoSegmentation = (): Promise<void> => step('undoSegmentation');
export const redoSegmentation = (): Promise<void> => step('redoSegmentation');
function step(method: 'undoSegmentation' | 'redoSegmentation'): Promise<void> {
  dropRerun(); // who goes back does not want what was just taken back done again
  return withShown((segmentationId) => change(method, { segmentationId }));
}

/** The mask of the session in the agent's panel, into a segment of its own or the active one. */
export const addSessionMask = (into: 'new' | 'active'): Promise<void> =>
  inTurn(async () => {
    const store = useSegmentationStore();
    const { session, check } = useSessionStore();
    if (session === null) return;
    const label = asLabel(check?.targetName ?? session.settings.target.text);
    const segment = into === 'active' ? store.active : await addActive(label || nextLabel());
    if (segment === null || store.shown === null) return;
    const { segmentationId } = store.shown;
    const { segmentNumber } = segment;
    const { sessionId } = session;
    await change('addSessionMask', { segmentationId, segmentNumber, sessionId });
  });

/**
 * The segment that something is drawn on: the active one, or the first, made for it. Null, with the reason in the panel,
 * where there is nothing to erase from, or where what is drawn would not be seen.
 */
export async function requireActive(makesFirst: boolean): Promise<Segment | null> {
  const store = useSegmentationStore();
  if (store.active === null && !makesFirst)
    return tell('There is no segment to change. Add one first.');
  const segment = store.active ?? (await addActive(nextLabel()));
  if (segment?.visible === false)
    return tell(`“${segment.segmentLabel}” is hidden. Show it to draw on it.`);
  return segment;
}
