import type { IbisErrorShape } from '../../contract/errors.js';
import type { PolicyManifest, SegmenterManifest } from '../../contract/manifest.js';
import type { ByteImage } from '../../domain/resize.js';
import type { SegmenterPrompts, SegmenterReply, SliceImage } from '../agent/types.js';

/** How a session runs. */
export interface Execution {
  readonly provider: string; // as onnxruntime-node names it: 'cpu', 'webgpu', ...
  readonly intraOpThreads: number;
}

/** What a worker can be asked. One request runs at a time: `run()` of onnxruntime-node blocks its thread. */
export type InferenceRequest =
  | {
      readonly kind: 'loadSegmenter';
      readonly filesDir: string;
      readonly manifest: SegmenterManifest;
      readonly execution: Execution;
      /** Null: embeddings are kept in memory only. */
      readonly cache: { readonly folder: string; readonly limitBytes: number } | null;
    }
  | { readonly kind: 'encode'; readonly slice: SliceImage }
  | {
      readonly kind: 'segment';
      readonly slice: SliceImage;
      readonly prompts: SegmenterPrompts;
      readonly previousLowResLogits: Float32Array | null;
    }
  | {
      readonly kind: 'loadPolicy';
      readonly filesDir: string;
      readonly manifest: PolicyManifest;
      readonly execution: Execution;
    }
  | {
      readonly kind: 'generate';
      readonly systemPrompt: string;
      readonly userPrompt: string;
      readonly image: ByteImage; // RGB, already of the manifest's size
    }
  | { readonly kind: 'close' };

export interface Generated {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly promptTokenCount: number;
}

export interface InferenceResults {
  loadSegmenter: null;
  encode: null;
  segment: SegmenterReply;
  loadPolicy: null;
  generate: Generated;
  close: null;
}
export type RequestKind = InferenceRequest['kind'];
export type RequestOf<K extends RequestKind> = Extract<InferenceRequest, { kind: K }>;

export interface ToWorker {
  readonly callId: number;
  readonly request: InferenceRequest;
  /** int32 [1]: non-zero once cancelled; read between tokens, while no message can come in. */
  readonly cancelFlag: SharedArrayBuffer;
}

export type FromWorker =
  | { readonly kind: 'text'; readonly callId: number; readonly text: string }
  | {
      readonly kind: 'result';
      readonly callId: number;
      readonly value: InferenceResults[RequestKind];
    }
  | { readonly kind: 'error'; readonly callId: number; readonly error: IbisErrorShape };
