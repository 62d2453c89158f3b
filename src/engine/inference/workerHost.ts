import { Worker } from 'node:worker_threads';

import { IbisError, toErrorShape } from '../../contract/errors.js';
import { workerEntry } from '../workerEntry.js';
import { refuseTelemetry } from './telemetry.js';
import type { FromWorker, InferenceResults, RequestKind, RequestOf } from './workerProtocol.js';

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Background requests wait until no foreground request does. */
  readonly priority?: 'foreground' | 'background';
  readonly onText?: (text: string) => void;
}

/** A worker thread with a queue in front of it. */
export interface WorkerHost {
  /**
   * Rejects with AbortError as soon as `signal` aborts, also while the model is running (its answer is then
   * dropped), and with 'model-failed' when the thread dies.
   */
  call<K extends RequestKind>(
    request: RequestOf<K>,
    options?: CallOptions,
  ): Promise<InferenceResults[K]>;
  close(): Promise<void>;
}

interface Job {
  readonly callId: number;
  readonly request: RequestOf<RequestKind>;
  readonly isBackground: boolean;
  readonly cancelFlag: SharedArrayBuffer;
  readonly onText: (text: string) => void;
  readonly resolve: (value: InferenceResults[RequestKind]) => void;
  readonly reject: (reason: unknown) => void;
}

const CLOSE_TIMEOUT_MS = 20_000; // longer than any single run

export function startWorkerHost(): WorkerHost {
  refuseTelemetry();
  const worker = new Worker(workerEntry('inferenceWorker'), { name: 'ibis-inference' });
  const queue: Job[] = [];
  let running: Job | null = null;
  let nextCallId = 1;
  let fault: IbisError | null = null;

  const sendNext = (): void => {
    if (running !== null || fault !== null) return;
    const foreground = queue.findIndex((job) => !job.isBackground);
    const [job] = queue.splice(foreground < 0 ? 0 : foreground, 1);
    if (job === undefined) return;
    running = job;
    const { callId, request, cancelFlag } = job;
    worker.postMessage({ callId, request, cancelFlag });
  };

  const fail = (reason: IbisError): void => {
    fault ??= reason;
    running?.reject(fault);
    running = null;
    for (const job of queue.splice(0)) job.reject(fault);
  };

  worker.on('message', (message: FromWorker) => {
    if (running?.callId !== message.callId) return;
    if (message.kind === 'text') {
      running.onText(message.text);
      return;
    }
    if (message.kind === 'result') running.resolve(message.value);
    else running.reject(new IbisError(message.error.code, message.error.message));
    running = null;
    sendNext();
  });
  worker.on('error', (thrown: unknown) => {
    fail(
      new IbisError('model-failed', `The model's thread stopped: ${toErrorShape(thrown).message}`),
    );
  });
  worker.on('exit', () => {
    fail(new IbisError('model-failed', 'The model was closed.'));
  });
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      resolve();
    });
  });

  const call: WorkerHost['call'] = (request, options = {}) =>
    new Promise((resolve, reject) => {
      const { signal } = options;
      if (fault !== null) {
        reject(fault);
        return;
      }
      if (signal?.aborted === true) {
        reject(new DOMException('Cancelled.', 'AbortError'));
        return;
      }
      const cancelFlag = new SharedArrayBuffer(4);
      let isCancelled = false;
      const onAbort = (): void => {
        isCancelled = true;
        Atomics.store(new Int32Array(cancelFlag), 0, 1);
        const waiting = queue.indexOf(job);
        if (waiting >= 0) queue.splice(waiting, 1);
        reject(new DOMException('Cancelled.', 'AbortError'));
      };
      const settle = (): void => {
        signal?.removeEventListener('abort', onAbort);
      };
      const job: Job = {
        callId: nextCallId++,
        request,
        isBackground: options.priority === 'background',
        cancelFlag,
        onText: (text) => {
          if (!isCancelled) options.onText?.(text);
        },
        resolve: (value) => {
          settle();
          // The worker answers a request with the result of its kind: inferenceWorker.ts, `answer`.
          resolve(value as never);
        },
        reject: (reason) => {
          settle();
          reject(reason instanceof Error ? reason : new Error(String(reason)));
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      queue.push(job);
      sendNext();
    });

  return {
    call,
    close: async () => {
      if (fault !== null) return;
      void call({ kind: 'close' }).catch(() => undefined); // it may have died on its own
      // Never terminated: a thread that is stopped inside a run of the model takes the whole process down
      // (SIGABRT). It ends by itself when the run does; a program that is ending need not wait for that.
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          worker.unref();
          resolve();
        }, CLOSE_TIMEOUT_MS);
      });
      await Promise.race([exited, late]);
      clearTimeout(timer);
    },
  };
}
