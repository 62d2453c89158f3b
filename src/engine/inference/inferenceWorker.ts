import { parentPort, type MessagePort } from 'node:worker_threads';

import { IbisError, toErrorShape } from '../../contract/errors.js';
import type { ProbeRequest } from './probeProtocol.js';
import type { PolicySession } from './policySession.js';
import type { SegmenterSession } from './segmenterSession.js';
import type {
  FromWorker,
  InferenceRequest,
  InferenceResults,
  RequestKind,
  ToWorker,
} from './workerProtocol.js';

/**
 * A thread that owns the sessions of one model: `run()` of onnxruntime-node blocks the thread it is called on.
 * Asked through workerHost.ts, one request at a time. Forked as a process instead, it tries out one execution
 * provider (providers.ts) and is done.
 */
let segmenter: SegmenterSession | null = null;
let policy: PolicySession | null = null;

interface Hooks {
  readonly onText: (text: string) => void;
  readonly isCancelled: () => boolean;
}

async function answer(
  request: InferenceRequest,
  hooks: Hooks,
): Promise<InferenceResults[RequestKind]> {
  switch (request.kind) {
    case 'loadSegmenter':
      segmenter = await (await import('./segmenterSession.js')).openSegmenterSession(request);
      return null;
    case 'encode':
      await loaded(segmenter).encode(request.slice);
      return null;
    case 'segment':
      return loaded(segmenter).segment(request);
    case 'loadPolicy':
      policy = await (await import('./policySession.js')).openPolicySession(request);
      return null;
    case 'generate':
      return loaded(policy).generate(request, hooks);
    case 'close':
      await segmenter?.release();
      await policy?.release();
      return null;
  }
}

function loaded<T>(session: T | null): T {
  if (session === null) throw new Error('the worker was asked before its model was loaded');
  return session;
}

function serve(port: MessagePort): void {
  const send = (message: FromWorker): void => {
    port.postMessage(message);
  };
  port.on('message', ({ callId, request, cancelFlag }: ToWorker) => {
    const flag = new Int32Array(cancelFlag);
    const hooks: Hooks = {
      onText: (text) => {
        send({ kind: 'text', callId, text });
      },
      isCancelled: () => Atomics.load(flag, 0) !== 0,
    };
    answer(request, hooks)
      .then(
        (value) => {
          send({ kind: 'result', callId, value });
        },
        (thrown: unknown) => {
          const { code, message } = toErrorShape(thrown);
          const error =
            thrown instanceof IbisError
              ? { code, message }
              : { code: 'model-failed' as const, message: `The model failed: ${message}` };
          send({ kind: 'error', callId, error });
        },
      )
      .finally(() => {
        if (request.kind === 'close') port.close();
      });
  });
}

function serveProbe(): void {
  // The parent is our own engine: providers.ts, probeInChild.
  process.once('message', (request) => {
    void import('./probe.js')
      .then(({ probeProvider }) => probeProvider(request as ProbeRequest)) // sent by probeInChild
      .then((reply) => process.send?.(reply));
  });
}

if (parentPort !== null) serve(parentPort);
else if (process.send !== undefined) serveProbe();
else throw new Error('inferenceWorker runs as a worker thread or a forked process only');
