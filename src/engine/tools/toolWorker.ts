import { parentPort } from 'node:worker_threads';

import { toErrorShape } from '../../contract/errors.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import { runTool } from './runTool.js';
import type { ToolOutput, ToolRequest } from './toolRequest.js';

/** Entry of the tool worker: one tool at a time, voxels handed over without a copy. */
export type ToolReply =
  | { readonly kind: 'progress'; readonly share: number } // 0 to 1
  | { readonly kind: 'done'; readonly output: ToolOutput }
  | { readonly kind: 'failed'; readonly error: IbisErrorShape };

const PROGRESS_INTERVAL_MS = 80; // about as often as a bar can be seen to move

const port = parentPort;
if (port === null) throw new Error('toolWorker must be started as a worker');

/** The memory of all masks, to be handed over. */
function listBuffers({ changed, created }: ToolOutput): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const slices of [...changed.values(), ...created])
    for (const { bits } of slices.values())
      if (bits.buffer instanceof ArrayBuffer) buffers.add(bits.buffer);
  return [...buffers];
}

port.on('message', (request: ToolRequest) => {
  let lastSentMs = 0;
  const send = (reply: ToolReply, buffers: ArrayBuffer[] = []): void =>
    port.postMessage(reply, buffers);
  try {
    const output = runTool(request, (share) => {
      const now = performance.now();
      if (now - lastSentMs < PROGRESS_INTERVAL_MS) return;
      lastSentMs = now;
      send({ kind: 'progress', share });
    });
    send({ kind: 'done', output }, listBuffers(output));
  } catch (thrown) {
    send({ kind: 'failed', error: toErrorShape(thrown) });
  }
});
