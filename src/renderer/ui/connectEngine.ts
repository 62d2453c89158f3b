import type { IbisEvent } from '../../contract/channels.js';
import { assertNever } from '../../domain/result.js';
import { haltBatches, loadBatches, receiveBatch } from '../batch/batchActs.js';
import { receiveMeasurement } from '../measure/measureActs.js';
import { loadModels } from '../models/loadModels.js';
import { receiveToolProgress } from '../segmentation/segmentToolActs.js';
import { receiveSegmentation } from '../segmentation/takeSegmentation.js';
import { applySessionEvent } from '../session/sessionEvents.js';
import { useSessionStore } from '../session/sessionStore.js';
import { showSession } from '../session/showSession.js';
import { loadSessions, loadStudies } from '../worklist/loadWorklist.js';
import { openDemoStudy, openPaths, reopenPaths } from '../worklist/openPaths.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { haltPropagation, receivePropagatedSlice } from '../volume/propagationActs.js';
import { call, onEngineEvent } from './client.js';
import { useEngineStore } from './engineStore.js';

/** Listens to the engine and, as soon as it is ready, asks it for everything that the window lists. */
export function connectEngine(address: URL): () => void {
  let isFirstStart = true;
  const onReady = async (): Promise<void> => {
    await loadAppInfo();
    await Promise.all([loadModels(), loadSessions(), loadBatches()]);
    if (isFirstStart) await openAtStart(address);
    else await resumeAfterRestart();
    isFirstStart = false;
  };
  const stop = onEngineEvent((event) => {
    receive(event, onReady);
  });
  void call('getEngineState', {}).then((reply) => {
    const engine = useEngineStore();
    if (!reply.ok) engine.state = { kind: 'stopped', reason: reply.error.message };
    // The event may have come first: then everything is being loaded already.
    else if (engine.state.kind === 'starting') setEngineState(reply.value, onReady);
  });
  return stop;
}

function setEngineState(
  state: ReturnType<typeof useEngineStore>['state'],
  onReady: () => Promise<void>,
): void {
  const engine = useEngineStore();
  const becameReady = state.kind === 'ready' && engine.state.kind !== 'ready';
  engine.state = state;
  if (state.kind !== 'starting') engine.restarting = false;
  if (state.kind === 'stopped') haltWhatRan();
  if (becameReady) void onReady();
}

/** A stopped engine runs nothing: marks of work under way would be lies. Everything stored is still there. */
function haltWhatRan(): void {
  const store = useSessionStore();
  useWorklistStore().job = null;
  haltBatches();
  haltPropagation();
  store.streaming = null;
  store.held = null;
  store.busy = false;
  if (store.session?.runState === 'running')
    store.session = { ...store.session, runState: 'paused' };
}

function receive(event: IbisEvent, onReady: () => Promise<void>): void {
  const store = useSessionStore();
  switch (event.kind) {
    case 'engineStateChanged':
      setEngineState(event.state, onReady);
      return;
    case 'providerNoted':
      useEngineStore().provider = event.provider;
      return;
    case 'jobProgressed': {
      const worklist = useWorklistStore();
      const { jobId, label, done, total } = event;
      if (worklist.job?.jobId === jobId) worklist.job = { ...worklist.job, label, done, total };
      receiveToolProgress(event);
      return;
    }
    case 'policyTextGrew':
      if (store.session?.sessionId === event.sessionId)
        store.streaming = { stepIndex: event.stepIndex, text: event.text };
      return;
    case 'stepSaved':
    case 'sessionChanged':
      if (store.session?.sessionId === event.sessionId) {
        store.session = applySessionEvent(store.session, event);
        if (event.kind === 'stepSaved' || event.runState !== 'running') store.streaming = null;
        if (event.kind === 'sessionChanged' && event.runState !== 'running') store.held = null;
      }
      if (event.kind === 'sessionChanged' && event.runState !== 'running') void loadSessions();
      return;
    case 'runHeld':
      if (store.session?.sessionId !== event.sessionId) return;
      store.held = event.reason;
      if (event.reason !== null) store.streaming = null; // that turn makes no step
      return;
    case 'segmentationChanged':
    case 'segmentationDeleted':
      receiveSegmentation(event);
      return;
    case 'measurementChanged':
    case 'measurementDeleted':
      receiveMeasurement(event);
      return;
    case 'slicePropagated':
      receivePropagatedSlice(event);
      return;
    case 'batchChanged':
    case 'batchCaseChanged':
      receiveBatch(event);
      return;
    default:
      assertNever(event);
  }
}

async function loadAppInfo(): Promise<void> {
  const engine = useEngineStore();
  const reply = await call('getAppInfo', {});
  engine.problem = reply.ok ? '' : reply.error.message;
  if (!reply.ok) return;
  engine.info = reply.value;
  engine.provider = reply.value.provider;
  useSessionStore().interrupted = reply.value.interruptedSessions;
}

/** `?open=PATH` (repeated) and `?demo=1` come from main: what the program was started with. */
async function openAtStart(address: URL): Promise<void> {
  await loadStudies();
  const paths = address.searchParams.getAll('open');
  if (paths.length > 0) await openPaths(paths);
  else if (address.searchParams.get('demo') === '1') await openDemoStudy();
}

/** Nothing stored was lost: the studies are opened again and the session is where it stopped. */
async function resumeAfterRestart(): Promise<void> {
  const store = useSessionStore();
  const sessionId = store.session?.sessionId;
  store.interrupted = store.interrupted.filter((summary) => summary.sessionId !== sessionId);
  await reopenPaths();
  if (sessionId === undefined) return;
  const reply = await call('getSession', { sessionId });
  if (reply.ok) showSession(reply.value);
  else store.problem = reply.error;
}

export async function restartEngine(): Promise<void> {
  const engine = useEngineStore();
  engine.restarting = true;
  const reply = await call('restartEngine', {});
  if (reply.ok) return;
  engine.restarting = false;
  engine.state = { kind: 'stopped', reason: reply.error.message };
}
