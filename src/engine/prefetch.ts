import type { PrefetchTarget } from '../contract/reviewChannels.js';
import type { BatchCase } from '../domain/batchCase.js';
import { findCaseSlice } from './batch/runCase.js';
import type { BatchEngine } from './batch/runCase.js';
import type { Segmenter } from './agent/types.js';
import type { Foreground } from './foreground.js';
import { countSlices } from './openedInput.js';
import { logFault } from './log.js';
import type { SliceRequest, SliceSource } from './slices.js';
import { getSession, getSessionSource } from './store/index.js';
import type { Store } from './store/index.js';
import type { Studies } from './studies.js';

/** Reads, decodes and encodes the case that will be opened next, while nobody waits for anything. */
export interface Prefetch {
  fetch(target: PrefetchTarget): void;
  stop(): void;
}

interface NextSlice {
  readonly request: SliceRequest;
  readonly segmenterId: string;
}

export function createPrefetch(options: {
  readonly store: Store;
  readonly studies: Studies;
  readonly slices: SliceSource;
  readonly foreground: Foreground;
  readonly getSegmenter: (id: string) => Promise<Segmenter>;
  readonly findBatchCase: (target: Extract<PrefetchTarget, { kind: 'batch-case' }>) => {
    readonly batchCase: BatchCase;
    readonly segmenterId: string;
  };
}): Prefetch {
  const { store, studies, slices, foreground } = options;
  let current = new AbortController();

  const openSource = async (sourcePaths: readonly string[]): Promise<void> => {
    await studies.openInBackground(sourcePaths, 'prefetch', 'prefetch');
  };

  const inBackground: Pick<BatchEngine, 'open' | 'getSeries'> = {
    open: ({ path }) => studies.openInBackground([path], 'prefetch', 'prefetch'),
    getSeries: async (seriesId) => studies.getSeries(seriesId),
  };

  const findSlice = async (target: PrefetchTarget): Promise<NextSlice> => {
    switch (target.kind) {
      case 'session': {
        const { settings } = getSession(store, target.sessionId);
        const source = getSessionSource(store, target.sessionId);
        if (!studies.isOpen(source.seriesId)) await openSource(source.sourcePaths);
        return { request: settings, segmenterId: settings.segmenterId };
      }
      case 'series': {
        const { seriesId, segmenterId } = target;
        const [phaseIndex, axis] = [0, 'acquired' as const]; // as the viewer opens a series
        const sliceIndex = countSlices(studies.getSeries(seriesId), phaseIndex, axis) >> 1;
        return { request: { seriesId, phaseIndex, axis, sliceIndex, window: null }, segmenterId };
      }
      case 'batch-case': {
        const { batchCase, segmenterId } = options.findBatchCase(target);
        const place = await findCaseSlice(inBackground, batchCase);
        return { request: { ...place, window: null }, segmenterId };
      }
    }
  };

  const fetch = async (target: PrefetchTarget, signal: AbortSignal): Promise<void> => {
    await foreground.whenFree();
    signal.throwIfAborted();
    slices.forget(studies.closeBackground('prefetch'));
    const { request, segmenterId } = await findSlice(target);
    const { seriesId, phaseIndex } = request;
    await foreground.whenFree();
    signal.throwIfAborted();
    await slices.loadVolume(seriesId, phaseIndex, signal);
    const slice = await slices.prepare(request, signal);
    await foreground.whenFree();
    signal.throwIfAborted();
    const segmenter = await options.getSegmenter(segmenterId);
    await segmenter.encode(slice.image, signal);
  };

  return {
    fetch: (target) => {
      current.abort();
      current = new AbortController();
      const { signal } = current;
      fetch(target, signal).catch((thrown: unknown) => {
        // Nothing is lost: what is wrong with the case is said when it is opened.
        if (!signal.aborted) logFault('prefetch', thrown);
      });
    },
    stop: () => {
      current.abort();
    },
  };
}
