import { availableParallelism } from 'node:os';
import path from 'node:path';

import { verifyModel } from './models.js';
import { computeMaskLogits } from './maskLogits.js';
import { startWorkerHost } from './workerHost.js';
import type { SegmenterManifest } from '../../contract/manifest.js';
import type { Segmenter } from '../agent/types.js';
import type { InstalledModel } from './models.js';

const CACHE_LIMIT_BYTES = 1 << 30;
const MAX_THREADS = 8; // more gain nothing on models of this size

export const defaultThreads = (): number => Math.min(MAX_THREADS, availableParallelism());

/** Whether there is anything to encode ahead: a net that takes image and prompts together keeps nothing. */
export const keepsEmbeddings = (manifest: SegmenterManifest): boolean => manifest.kind === 'sam';

export interface LoadedSegmenter extends Segmenter {
  close(): Promise<void>;
}

/**
 * Verifies the files, then loads the model into a worker thread of its own. `segment` is foreground work and
 * waits for at most one background `encode`. Rejects with an IbisError.
 */
export async function createSegmenter({
  model,
  cacheDir,
  provider = 'cpu',
  cacheLimitBytes = CACHE_LIMIT_BYTES,
}: {
  readonly model: InstalledModel<SegmenterManifest>;
  /** Embeddings go to `<cacheDir>/embeddings`; null keeps them in memory only. */
  readonly cacheDir: string | null;
  readonly provider?: string;
  readonly cacheLimitBytes?: number;
}): Promise<LoadedSegmenter> {
  const { manifest, filesDir } = model;
  await verifyModel(model);
  const host = startWorkerHost();
  try {
    await host.call({
      kind: 'loadSegmenter',
      filesDir,
      manifest,
      execution: { provider, intraOpThreads: defaultThreads() },
      cache:
        cacheDir === null
          ? null
          : { folder: path.join(cacheDir, 'embeddings'), limitBytes: cacheLimitBytes },
    });
  } catch (thrown) {
    await host.close();
    throw thrown;
  }
  return {
    manifest,
    segment: (slice, prompts, previousLowResLogits, signal) =>
      host.call({ kind: 'segment', slice, prompts, previousLowResLogits }, { signal }),
    toLogits: (mask) => computeMaskLogits(mask, manifest),
    encode: async (slice, signal) => {
      if (!keepsEmbeddings(manifest)) return;
      await host.call({ kind: 'encode', slice }, { signal, priority: 'background' });
    },
    close: () => host.close(),
  };
}
