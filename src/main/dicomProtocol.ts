import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

import type { Reply } from '../contract/channels.js';
import type { ResolvedResource } from '../contract/engineMessages.js';

const CHUNK_BYTES = 1 << 20; // a 512 x 512 slice of 16 bits is half of this: one read

/** `dicom://local/frame/<imageId>` -> `frame/<imageId>`; null for any other address. */
export function resourceOfAddress(address: string): string | null {
  const match = /^dicom:\/\/local\/((?:frame|thumbnail)\/[A-Za-z0-9._~-]{1,256})$/.exec(address);
  return match?.[1] ?? null;
}

/**
 * Answers a dicom:// request: the engine resolves the opaque id to a stretch of a file, and the bytes go from
 * the disk to the renderer without passing through an IPC message.
 */
export async function serveDicomResource(
  address: string,
  options: {
    readonly resolve: (resource: string) => Promise<Reply<ResolvedResource>>;
    /** The one page that may read it. */
    readonly rendererOrigin: string;
  },
): Promise<Response> {
  // Chromium blocks a fetch from app:// to dicom:// without both (electron#51152).
  const access = {
    'access-control-allow-origin': options.rendererOrigin,
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
  };
  const refuse = (status: number, message: string): Response =>
    new Response(message, {
      status,
      headers: {
        ...access,
        'content-type': 'text/plain; charset=utf-8',
        'cache-control': 'no-store',
      },
    });

  const resource = resourceOfAddress(address);
  if (resource === null) return refuse(400, 'Not an address of an image.');
  const reply = await options.resolve(resource);
  if (!reply.ok) {
    const status =
      reply.error.code === 'not-found' ? 404 : reply.error.code === 'engine-stopped' ? 503 : 500;
    return refuse(status, reply.error.message);
  }
  const { file, offset, length, contentType } = reply.value;
  // Looked at before the answer starts: a file that was moved or cut short since must not end as a half image.
  const size = await stat(file).then(
    (facts) => facts.size,
    () => -1,
  );
  if (size < offset + length)
    return refuse(410, 'The file has moved or changed since it was opened.');
  const headers = {
    ...access,
    'content-type': contentType,
    'content-length': String(length),
    'cache-control': resource.startsWith('frame/')
      ? 'private, max-age=31536000, immutable'
      : 'no-cache',
  };
  if (length === 0) return new Response(null, { headers });
  const stream = createReadStream(file, {
    start: offset,
    end: offset + length - 1,
    highWaterMark: CHUNK_BYTES,
  });
  return new Response(Readable.toWeb(stream) as ReadableStream<Uint8Array>, { headers }); // Node's own type of the same stream
}
