import { parentPort } from 'node:worker_threads';

import { toErrorShape } from '../../contract/errors.js';
import type { IbisErrorShape } from '../../contract/errors.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { computeDisplaySurface } from './displaySurface.js';
import type { DisplaySurface } from './displaySurface.js';

/** Entry of the thread that computes surfaces, one after the other. */
export interface SurfaceRequest {
  readonly requestId: number;
  readonly slices: SegmentSlices;
  readonly geometry: VolumeGeometry;
}
export type SurfaceReply = { readonly requestId: number } & (
  | { readonly ok: true; readonly surface: DisplaySurface }
  | { readonly ok: false; readonly error: IbisErrorShape }
);

const port = parentPort;
if (port === null) throw new Error('surfaceWorker must be started as a worker');

port.on('message', ({ requestId, slices, geometry }: SurfaceRequest) => {
  const send = (reply: SurfaceReply, buffers: ArrayBuffer[] = []): void =>
    port.postMessage(reply, buffers);
  try {
    const surface = computeDisplaySurface(slices, geometry);
    const { points, normals, triangles } = surface;
    const buffers = [points, normals, triangles]
      .map(({ buffer }) => buffer)
      .filter((buffer) => buffer instanceof ArrayBuffer);
    send({ requestId, ok: true, surface }, buffers);
  } catch (thrown) {
    send({ requestId, ok: false, error: toErrorShape(thrown) });
  }
});
