import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

import { IbisError, toErrorShape } from '../../contract/errors.js';
import { decodeFrame } from './decodeFrame.js';
import type { DecodeReply, DecodeRequest } from './decodePool.js';
import type { ReadAt } from './encapsulated.js';

/** Entry of a decode worker: one frame at a time, pixels sent back without a copy. */
const port = parentPort;
if (port === null) throw new Error('decodeWorker must be started as a worker');

function withFile<T>(file: string, use: (readAt: ReadAt) => Promise<T>): Promise<T> {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (cause) {
    throw new IbisError('not-found', 'The file of this image is no longer there.', { cause });
  }
  const readAt: ReadAt = (offset, length) => {
    const bytes = new Uint8Array(length);
    const read = readSync(descriptor, bytes, 0, length, offset);
    return read === length ? bytes : bytes.subarray(0, read);
  };
  return use(readAt).finally(() => {
    closeSync(descriptor);
  });
}

async function answer(request: DecodeRequest): Promise<DecodeReply> {
  try {
    const bytes = await withFile(request.source.file, (readAt) =>
      decodeFrame(request.source, readAt),
    );
    // A buffer of its own, which can be handed over.
    const { buffer } = bytes;
    const whole =
      buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
        ? new Uint8Array(buffer)
        : new Uint8Array(bytes);
    return { requestId: request.requestId, ok: true, bytes: whole };
  } catch (thrown) {
    // What a codec or a parser throws on rubbish is the file's fault, not ours.
    const error =
      thrown instanceof IbisError
        ? toErrorShape(thrown)
        : {
            code: 'broken-file' as const,
            message: 'The file is damaged: an image in it cannot be decoded.',
          };
    return { requestId: request.requestId, ok: false, error };
  }
}

port.on('message', (request: DecodeRequest) => {
  void answer(request).then((reply) => {
    port.postMessage(reply, reply.ok ? [reply.bytes.buffer] : []);
  });
});
