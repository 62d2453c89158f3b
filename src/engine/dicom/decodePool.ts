import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { IbisError, type IbisErrorShape } from '../../contract/errors.js';
import { workerEntry } from '../workerEntry.js';
import type { FrameSource } from './types.js';

export interface DecodeRequest {
  readonly requestId: number;
  readonly source: FrameSource;
}
export type DecodeReply =
  | { readonly requestId: number; readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly requestId: number; readonly ok: false; readonly error: IbisErrorShape };

export interface DecodePool {
  /** Decoded bytes of a frame (see ImageInfo). Rejects with IbisError. */
  decode(source: FrameSource, signal?: AbortSignal): Promise<Uint8Array>;
  close(): Promise<void>;
}

interface Job {
  readonly source: FrameSource;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  cancelled: boolean;
}

interface Slot {
  readonly worker: Worker;
  job: Job | null;
  timer: NodeJS.Timeout | null;
}

const cancelled = (): IbisError => new IbisError('cancelled', 'Cancelled.');

/**
 * Workers that decode one frame each, started when first needed. A frame that takes longer than `timeoutMs`
 * is given up and its worker ended: a broken file must not hang the engine. An idle pool keeps nothing alive.
 */
export function createDecodePool({
  size = availableParallelism(),
  timeoutMs = 30_000,
  entry = () => workerEntry('decodeWorker'),
}: { size?: number; timeoutMs?: number; entry?: () => URL } = {}): DecodePool {
  const slots: Slot[] = [];
  const queue: Job[] = [];
  let nextRequestId = 1;
  let closed = false;

  const finish = (slot: Slot, settle: (job: Job) => void): void => {
    const { job } = slot;
    if (slot.timer !== null) clearTimeout(slot.timer);
    slot.timer = null;
    slot.job = null;
    if (job !== null) settle(job);
  };

  const drop = (slot: Slot, error: IbisError): void => {
    const at = slots.indexOf(slot);
    if (at >= 0) slots.splice(at, 1);
    finish(slot, (job) => {
      job.reject(error);
    });
    void slot.worker.terminate();
    pump();
  };

  const startWorker = (): Slot => {
    const slot: Slot = { worker: new Worker(entry()), job: null, timer: null };
    slot.worker.on('message', (reply: DecodeReply) => {
      slot.worker.unref();
      finish(slot, (job) => {
        if (reply.ok) job.resolve(reply.bytes);
        else job.reject(new IbisError(reply.error.code, reply.error.message));
      });
      pump();
    });
    // Out of memory in a codec ends up here: the frame is refused, the next one gets a new worker.
    slot.worker.on('error', (cause) => {
      drop(
        slot,
        new IbisError('broken-file', 'The file is damaged: an image in it cannot be decoded.', {
          cause,
        }),
      );
    });
    slots.push(slot);
    return slot;
  };

  const run = (slot: Slot, job: Job): void => {
    slot.job = job;
    slot.worker.ref();
    slot.timer = setTimeout(() => {
      drop(
        slot,
        new IbisError(
          'broken-file',
          'The file is damaged: decoding an image in it takes too long.',
        ),
      );
    }, timeoutMs);
    slot.worker.postMessage({ requestId: nextRequestId++, source: job.source });
  };

  function pump(): void {
    while (queue.length > 0 && !closed) {
      const free =
        slots.find((slot) => slot.job === null) ??
        (slots.length < size ? startWorker() : undefined);
      if (free === undefined) return;
      const job = queue.shift();
      if (job === undefined) return;
      if (job.cancelled) continue;
      run(free, job);
    }
  }

  return {
    decode: (source, signal) =>
      new Promise((resolve, reject) => {
        if (closed || signal?.aborted === true) {
          reject(cancelled());
          return;
        }
        const job: Job = { source, resolve, reject, cancelled: false };
        signal?.addEventListener(
          'abort',
          () => {
            job.cancelled = true;
            reject(cancelled());
          },
          { once: true },
        );
        queue.push(job);
        try {
          pump();
        } catch (thrown) {
          reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
        }
      }),
    close: async () => {
      closed = true;
      for (const job of queue.splice(0)) job.reject(cancelled());
      const ending = slots.splice(0);
      for (const slot of ending)
        finish(slot, (job) => {
          job.reject(cancelled());
        });
      await Promise.all(ending.map((slot) => slot.worker.terminate()));
    },
  };
}
