import { computeSlicePlane } from '../domain/plane.js';
import type { Segmenter } from './agent/types.js';
import { keepsEmbeddings } from './inference/segmenter.js';
import { logFault } from './log.js';
import type { SliceRequest, SliceSource } from './slices.js';

const REST_MS = 400; // a reader who is scrolling must not find the cores taken
const NEIGHBOUR_OFFSETS = [0, 1, -1, 2, -2];

/** Encodes the slice on screen and its neighbours while nothing else is to do. */
export interface IdleEncoding {
  noteShown(request: SliceRequest, segmenterId: string): void;
  stop(): void;
}

export function createIdleEncoding(options: {
  readonly slices: SliceSource;
  readonly getSegmenter: (id: string) => Promise<Segmenter>;
  /** True while a session works: the models then have better things to do. */
  readonly isBusy: () => boolean;
}): IdleEncoding {
  let current = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const encodeAround = async (
    request: SliceRequest,
    segmenterId: string,
    signal: AbortSignal,
  ): Promise<void> => {
    const segmenter = await options.getSegmenter(segmenterId);
    // Where nothing is kept, this loads the model, and the neighbours need not be decoded for it.
    const offsets = keepsEmbeddings(segmenter.manifest) ? NEIGHBOUR_OFFSETS : [0];
    const shown = await options.slices.prepare(request, signal);
    const info = shown.series.volumes[request.phaseIndex];
    const count =
      info?.geometry == null
        ? (info?.images.length ?? 0)
        : computeSlicePlane(info.geometry, request.axis).sliceCount;
    for (const offset of offsets) {
      const sliceIndex = request.sliceIndex + offset;
      if (sliceIndex < 0 || sliceIndex >= count) continue;
      if (signal.aborted || options.isBusy()) return;
      const slice =
        offset === 0 ? shown : await options.slices.prepare({ ...request, sliceIndex }, signal);
      await segmenter.encode(slice.image, signal);
    }
  };

  const stop = (): void => {
    clearTimeout(timer);
    current.abort();
  };

  return {
    noteShown: (request, segmenterId) => {
      stop();
      current = new AbortController();
      const { signal } = current;
      timer = setTimeout(() => {
        if (options.isBusy()) return;
        encodeAround(request, segmenterId, signal).catch((thrown: unknown) => {
          // Nothing is lost: the slice is encoded when it is needed, and a real fault shows then.
          if (!signal.aborted) logFault('encode-ahead', thrown);
        });
      }, REST_MS);
    },
    stop,
  };
}
