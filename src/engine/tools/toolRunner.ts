import { Worker } from 'node:worker_threads';

import { IbisError } from '../../contract/errors.js';
import { workerEntry } from '../workerEntry.js';
import type { OnProgress } from './distance.js';
import type { ToolOutput, ToolRequest } from './toolRequest.js';
import type { ToolReply } from './toolWorker.js';

export interface ToolRunner {
  /**
   * Runs a tool in a thread of its own; the next one waits until it is done. The memory of `values` is handed over and
   * gone here. Rejects with the tool's own IbisError, with 'cancelled' as soon as `signal` aborts, and with 'failed' when
   * the thread runs out of memory.
   */
  run(
    request: ToolRequest,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: OnProgress },
  ): Promise<ToolOutput>;
  close(): Promise<void>;
}

const cancelled = (): IbisError => new IbisError('cancelled', 'Cancelled.');

/** Rejects when the signal aborts, else never settles. */
const rejectOnAbort = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(cancelled());
    signal.addEventListener('abort', () => reject(cancelled()), { once: true });
  });

/**
 * One worker, started when first needed. Cancelling ends it in the middle of whatever it computes; the next tool gets a
 * new one.
 */
export function createToolRunner({
  entry = () => workerEntry('toolWorker'),
}: { entry?: () => URL } = {}): ToolRunner {
  let worker: Worker | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const closing = new AbortController();

  const runNow = (
    request: ToolRequest,
    onProgress: OnProgress | undefined,
    signal: AbortSignal,
  ): Promise<ToolOutput> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(cancelled());
        return;
      }
      const used = worker ?? new Worker(entry(), { name: 'ibis-tools' });
      worker = used;
      used.ref();
      const settle = (): void => {
        used.off('message', onMessage).off('error', onDeath).off('exit', onDeath);
        signal.removeEventListener('abort', onAbort);
        used.unref(); // an idle worker keeps no program alive
      };
      const drop = (reason: IbisError): void => {
        settle();
        worker = null;
        void used.terminate();
        reject(reason);
      };
      const onAbort = (): void => drop(cancelled());
      const onDeath = (cause: unknown): void =>
        drop(
          new IbisError('failed', 'The tool stopped: it may have run out of memory.', { cause }),
        );
      const onMessage = (reply: ToolReply): void => {
        if (reply.kind === 'progress') {
          onProgress?.(reply.share);
          return;
        }
        settle();
        if (reply.kind === 'done') resolve(reply.output);
        else reject(new IbisError(reply.error.code, reply.error.message));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      used.on('message', onMessage).on('error', onDeath).on('exit', onDeath);
      const buffer = request.values?.data.buffer;
      used.postMessage(request, buffer instanceof ArrayBuffer ? [buffer] : []);
    });

  return {
    run: (request, { signal, onProgress } = {}) => {
      const either = AbortSignal.any(
        signal === undefined ? [closing.signal] : [signal, closing.signal],
      );
      const turn = last.then(() => runNow(request, onProgress, either));
      last = turn.catch(() => undefined);
      return Promise.race([turn, rejectOnAbort(either)]); // also while it waits for its turn
    },
    close: async () => {
      closing.abort();
      await last;
      await worker?.terminate();
    },
  };
}
