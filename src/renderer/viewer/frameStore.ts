import type { ImageId } from '../../domain/brand.js';
import { frameByteLength } from '../../domain/pixels.js';
import type { ImageInfo, PixelArray } from '../../domain/study.js';
import { readFramePixels } from './framePixels.js';

export interface FrameStoreOptions {
  /** Bytes of one frame; rejects when it cannot be had. */
  readonly fetchFrame: (imageId: ImageId, signal: AbortSignal) => Promise<ArrayBuffer>;
  /** Frames beyond this many bytes push out those used longest ago. */
  readonly budgetBytes: number;
  /** Prefetches at once; a request from the screen may add two more. */
  readonly concurrency: number;
  readonly onFrame: (imageId: ImageId) => void;
}

/** Raw frames of the open series in memory, bounded; what the screen asks for goes before what is prefetched. */
export interface FrameStore {
  get(imageId: ImageId): PixelArray | undefined;
  has(imageId: ImageId): boolean;
  /** The frame for the screen, newest request first. */
  request(image: ImageInfo): Promise<PixelArray>;
  /** Replaces what is fetched ahead, in this order; it stops where the memory ends. */
  prefetch(images: readonly ImageInfo[]): void;
  readonly usedBytes: () => number;
  close(): void;
}

interface Waiting {
  readonly image: ImageInfo;
  readonly promise: Promise<PixelArray>;
  readonly resolve: (pixels: PixelArray) => void;
  readonly reject: (reason: unknown) => void;
}

export function createFrameStore(options: FrameStoreOptions): FrameStore {
  const frames = new Map<ImageId, PixelArray>(); // oldest use first
  const failed = new Set<ImageId>(); // not prefetched again; the screen may ask again
  const wanted = new Map<ImageId, Waiting>(); // from the screen, oldest first
  const inFlight = new Map<ImageId, Promise<PixelArray>>();
  const abort = new AbortController();
  let ahead: ImageInfo[] = []; // next is last
  let usedBytes = 0;

  const touch = (imageId: ImageId): PixelArray | undefined => {
    const pixels = frames.get(imageId);
    if (pixels !== undefined) {
      frames.delete(imageId);
      frames.set(imageId, pixels);
    }
    return pixels;
  };

  const keep = (imageId: ImageId, pixels: PixelArray): void => {
    frames.set(imageId, pixels);
    usedBytes += pixels.byteLength;
    for (const [oldest, old] of frames) {
      if (usedBytes <= options.budgetBytes || oldest === imageId) break;
      frames.delete(oldest);
      usedBytes -= old.byteLength;
    }
  };

  const load = (image: ImageInfo): Promise<PixelArray> => {
    const promise = options.fetchFrame(image.imageId, abort.signal).then((buffer) => {
      const pixels = readFramePixels(image, buffer);
      if (pixels === null) throw new Error('a frame has another size than its header says');
      keep(image.imageId, pixels);
      return pixels;
    });
    inFlight.set(image.imageId, promise);
    promise
      .then(
        () => {
          options.onFrame(image.imageId);
        },
        () => {
          failed.add(image.imageId);
        },
      )
      .finally(() => {
        inFlight.delete(image.imageId);
        pump();
      });
    return promise;
  };

  const pump = (): void => {
    while (!abort.signal.aborted && wanted.size > 0 && inFlight.size < options.concurrency + 2) {
      const newest = [...wanted.values()].at(-1);
      if (newest === undefined) break;
      wanted.delete(newest.image.imageId);
      (inFlight.get(newest.image.imageId) ?? load(newest.image)).then(
        newest.resolve,
        newest.reject,
      );
    }
    while (!abort.signal.aborted && inFlight.size < options.concurrency) {
      const next = ahead.pop();
      if (next === undefined) break;
      const { imageId } = next;
      if (frames.has(imageId) || inFlight.has(imageId) || failed.has(imageId)) continue;
      if (usedBytes + frameByteLength(next) > options.budgetBytes) {
        ahead = [];
        break;
      }
      void load(next).catch(() => undefined); // told when the screen asks for it
    }
  };

  return {
    get: touch,
    has: (imageId) => frames.has(imageId),
    request(image) {
      const { imageId } = image;
      const pixels = touch(imageId);
      if (pixels !== undefined) return Promise.resolve(pixels);
      const flying = inFlight.get(imageId);
      if (flying !== undefined) return flying;
      const known = wanted.get(imageId);
      if (known !== undefined) {
        wanted.delete(imageId);
        wanted.set(imageId, known); // newest again
        return known.promise;
      }
      let resolve: Waiting['resolve'] = () => undefined;
      let reject: Waiting['reject'] = () => undefined;
      const promise = new Promise<PixelArray>((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
      });
      wanted.set(imageId, { image, promise, resolve, reject });
      pump();
      return promise;
    },
    prefetch(images) {
      ahead = images.toReversed();
      pump();
    },
    usedBytes: () => usedBytes,
    close() {
      abort.abort();
      for (const { reject } of wanted.values())
        reject(new DOMException('The series was closed.', 'AbortError'));
      wanted.clear();
      ahead = [];
      frames.clear();
      usedBytes = 0;
    },
  };
}

/** Images in the order in which a reader at `centre` needs them: nearest first. */
export function nearestFirst(images: readonly ImageInfo[], centre: number): readonly ImageInfo[] {
  return images
    .map((image, index) => ({ image, distance: Math.abs(index - centre) }))
    .sort((a, b) => a.distance - b.distance)
    .map(({ image }) => image);
}
