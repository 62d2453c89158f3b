import type { Series } from '../../domain/study.js';
import { createFrameStore } from './frameStore.js';
import type { FrameStore } from './frameStore.js';
import { closeSource, openSource } from './ibisImages.js';
import { frameBudgetBytes } from './initViewer.js';
import { createSeriesSource } from './seriesSource.js';
import type { SeriesSource } from './seriesSource.js';

const PREFETCHES = 4;

/** The series on screen: its frames, fetched as they are needed, and the source that cuts slices out of them. */
export interface OpenedSeries {
  readonly source: () => SeriesSource | null;
  readonly frames: () => FrameStore | null;
  /** In place of the one before. */
  open(series: Series): SeriesSource;
  close(): void;
}

export function createOpenedSeries(options: {
  readonly frameBase: string;
  readonly onFrame: () => void;
  readonly onProblem: (sentence: string) => void;
}): OpenedSeries {
  const { frameBase, onFrame, onProblem } = options;
  let source: SeriesSource | null = null;
  let store: FrameStore | null = null;

  const loadFrame = async (imageId: string, signal: AbortSignal): Promise<ArrayBuffer> => {
    const reply = await fetch(frameBase + imageId, { signal });
    if (reply.ok) return reply.arrayBuffer();
    const sentence = await reply.text();
    onProblem(sentence === '' ? 'An image could not be read.' : sentence);
    throw new Error(sentence);
  };

  const close = (): void => {
    store?.close();
    if (source !== null) closeSource(source);
    source = null;
    store = null;
  };

  return {
    source: () => source,
    frames: () => store,
    open(series) {
      close();
      const budgetBytes = frameBudgetBytes();
      store = createFrameStore({
        fetchFrame: loadFrame,
        budgetBytes,
        concurrency: PREFETCHES,
        onFrame,
      });
      source = createSeriesSource(series, store, budgetBytes);
      openSource(source);
      return source;
    },
    close,
  };
}
