import { Worker } from 'node:worker_threads';

import { IbisError } from '../../contract/errors.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { workerEntry } from '../workerEntry.js';
import type { DisplaySurface } from './displaySurface.js';
import type { SurfaceReply } from './surfaceWorker.js';

export interface SurfaceRunner {
  /** In a thread of its own, in turn. Rejects with IbisError. */
  run(slices: SegmentSlices, geometry: VolumeGeometry): Promise<DisplaySurface>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (surface: DisplaySurface) => void;
  readonly reject: (reason: IbisError) => void;
}

/** One worker, started when first needed; one that dies is replaced by the next request. */
export function createSurfaceRunner(): SurfaceRunner {
  let worker: Worker | null = null;
  let nextId = 1;
  const waiting = new Map<number, Waiting>();

  const giveUp = (): void => {
    worker = null;
    const reason = new IbisError(
      'failed',
      'The surface could not be computed: there may have been too little memory.',
    );
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  };

  const start = (): Worker => {
    const started = new Worker(workerEntry('surfaceWorker'), { name: 'ibis-surfaces' });
    const isCurrent = (): boolean => worker === started;
    started.on('message', (reply: SurfaceReply) => {
      const asker = waiting.get(reply.requestId);
      waiting.delete(reply.requestId);
      if (waiting.size === 0) started.unref(); // an idle worker keeps no program alive
      if (reply.ok) asker?.resolve(reply.surface);
      else asker?.reject(new IbisError(reply.error.code, reply.error.message));
    });
    started.on('error', () => isCurrent() && giveUp());
    started.on('exit', () => isCurrent() && giveUp());
    return started;
  };

  return {
    run: (slices, geometry) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        worker.ref();
        const requestId = nextId++;
        waiting.set(requestId, { resolve, reject });
        worker.postMessage({ requestId, slices, geometry });
      }),
    close: async () => {
      const running = worker;
      giveUp();
      await running?.terminate();
    },
  };
}
