import { assertNever } from '../../domain/result.js';
import type { SegmenterReply, SliceImage } from '../agent/types.js';
import type { RequestOf } from './workerProtocol.js';

export type SegmenterPrompt = Omit<RequestOf<'segment'>, 'kind'>;

/** A loaded segmenter of any kind. Lives in a worker thread. */
export interface SegmenterSession {
  /** Makes the answers on this slice quick; nothing to do where no embedding is kept. */
  encode(slice: SliceImage): Promise<void>;
  segment(prompt: SegmenterPrompt): Promise<SegmenterReply>;
  release(): Promise<void>;
}

/** Files that are verified already, and how to run them. */
export type LoadRequest = Omit<RequestOf<'loadSegmenter'>, 'kind'>;

export async function openSegmenterSession(request: LoadRequest): Promise<SegmenterSession> {
  const { manifest } = request;
  switch (manifest.kind) {
    case 'sam':
      return (await import('./samSession.js')).openSamSession(manifest, request);
    case 'click-net':
      return (await import('./clickSession.js')).openClickSession(manifest, request);
    default:
      return assertNever(manifest);
  }
}
