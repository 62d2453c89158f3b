import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  AutoModelForImageTextToText,
  AutoProcessor,
  env,
  InterruptableStoppingCriteria,
  RawImage,
  TextStreamer,
} from '@huggingface/transformers';
import { z } from 'zod';

import { IbisError } from '../../contract/errors.js';
import { checkSignature, createSessionOptions } from './onnx.js';
import type { ByteImage } from '../../domain/resize.js';
import type { Generated, RequestOf } from './workerProtocol.js';

/** A loaded multimodal language model. Lives in a worker thread. */
export interface PolicySession {
  /**
   * Greedy. `onText` gets the whole text so far after each token; generation ends within one token once
   * `isCancelled` says so.
   */
  generate(
    prompt: RequestOf<'generate'>,
    hooks: { readonly onText: (text: string) => void; readonly isCancelled: () => boolean },
  ): Promise<Generated>;
  release(): Promise<void>;
}

const configSchema = z.object({
  max_position_embeddings: z.number().optional(),
  text_config: z.object({ max_position_embeddings: z.number().optional() }).optional(),
});

export async function openPolicySession({
  filesDir,
  manifest,
  execution,
}: RequestOf<'loadPolicy'>): Promise<PolicySession> {
  env.allowRemoteModels = false;
  env.allowLocalModels = true;
  env.useFSCache = false;
  env.useBrowserCache = false;
  env.localModelPath = path.dirname(filesDir);
  const folderName = path.basename(filesDir);
  const { policy, sessions } = manifest;
  const processor = await AutoProcessor.from_pretrained(folderName);
  const model = await AutoModelForImageTextToText.from_pretrained(folderName, {
    dtype: policy.dtype as 'fp32', // checked by transformers.js, which names those that it knows
    device: execution.provider as 'cpu', // checked likewise
    session_options: createSessionOptions(execution),
  });
  const named: Readonly<Record<string, unknown>> = model.sessions;
  for (const signature of [sessions.visionEncoder, sessions.embedTokens, sessions.decoder])
    checkSignature(findSession(named, signature.file), signature);
  const config = configSchema.parse(
    JSON.parse(readFileSync(path.join(filesDir, 'config.json'), 'utf8')),
  );
  const contextTokens =
    config.text_config?.max_position_embeddings ?? config.max_position_embeddings ?? Infinity;
  const tokenizer = processor.tokenizer;
  if (tokenizer === undefined)
    throw new IbisError(
      'model-failed',
      'The policy has no tokenizer. Fetch the whole model folder.',
    );
  const endIds = readEndIds(model.generation_config);
  // Tags such as <think> may be special tokens of a tokenizer: only what ends the turn is dropped.
  const decode = (ids: readonly number[]): string =>
    tokenizer
      .decode(
        ids.filter((id) => !endIds.has(id)),
        { skip_special_tokens: false, clean_up_tokenization_spaces: false },
      )
      .replace(/\uFFFD+$/, ''); // half of a character, until its next token

  return {
    generate: async ({ systemPrompt, userPrompt, image }, { onText, isCancelled }) => {
      const inputs: unknown = await processor(
        formatChat(processor, systemPrompt, userPrompt),
        [new RawImage(new Uint8ClampedArray(image.data), image.width, image.height, 3)],
        { add_special_tokens: false },
      );
      const { input_ids: promptIds, pixel_values: pixels } = modelInputsSchema.parse(inputs);
      checkPixels(pixels.dims, image);
      const promptTokenCount = promptIds.dims.at(-1) ?? 0;
      const room = contextTokens - promptTokenCount;
      if (room < 1)
        throw new IbisError('model-failed', 'The request is too long for this policy. Shorten it.');
      const tokenIds: number[] = [];
      const stop = new InterruptableStoppingCriteria();
      const streamer = new TextStreamer(tokenizer, {
        skip_prompt: true,
        callback_function: () => undefined, // words are decoded below, tags included
        token_callback_function: (tokens) => {
          tokenIds.push(...tokens.map(Number));
          if (isCancelled()) stop.interrupt();
          else onText(decode(tokenIds));
        },
      });
      await model.generate({
        ...(inputs as Record<string, unknown>), // parsed above; the rest goes to the model unread
        do_sample: false,
        max_new_tokens: Math.min(policy.maxNewTokens, room),
        streamer,
        stopping_criteria: stop,
      });
      return { text: decode(tokenIds), tokenIds, promptTokenCount };
    },
    release: async () => {
      await model.dispose();
    },
  };
}

const tensorShape = z.object({ dims: z.array(z.number()) });
const modelInputsSchema = z.object({ input_ids: tensorShape, pixel_values: tensorShape });

/** The model's own chat template, with the image before the words. */
function formatChat(
  processor: Awaited<ReturnType<typeof AutoProcessor.from_pretrained>>,
  systemPrompt: string,
  userPrompt: string,
): string {
  const messages = [
    ...(systemPrompt === ''
      ? []
      : [{ role: 'system', content: [{ type: 'text', text: systemPrompt }] }]),
    { role: 'user', content: [{ type: 'image' }, { type: 'text', text: userPrompt }] },
  ];
  // Its type knows no image parts; the templates of all multimodal models do.
  const text: unknown = processor.apply_chat_template(messages, {
    add_generation_prompt: true,
    tokenize: false,
  });
  if (typeof text === 'string') return text;
  throw new IbisError(
    'model-failed',
    'The policy has no chat template. Fetch the whole model folder.',
  );
}

/**
 * The pixels were resized once, as in training. Idefics3 gives [1, 1, 3, h, w]; Qwen gives rows of patches,
 * each pixel twice (two frames). Any other number means that the processor resized them again.
 */
function checkPixels(dims: readonly number[], image: ByteImage): void {
  const values = dims.reduce((product, size) => product * size, 1);
  const perImage = 3 * image.width * image.height;
  if (values === perImage || values === 2 * perImage) return;
  throw new IbisError(
    'model-manifest',
    `The policy's image processor does not take ${String(image.width)} x ${String(image.height)} pixels as they are. Correct the image size in its manifest or its preprocessor_config.json.`,
  );
}

type SessionLike = Parameters<typeof checkSignature>[0];

/** transformers.js names sessions by their files: 'model' or 'decoder_model_merged' for the decoder. */
function findSession(sessions: Readonly<Record<string, unknown>>, file: string): SessionLike {
  const stem = path.basename(file, '.onnx');
  const name = Object.keys(sessions)
    .filter((candidate) => stem.startsWith(candidate))
    .sort((a, b) => b.length - a.length)[0];
  const session =
    name === undefined && stem.startsWith('decoder') ? sessions['model'] : sessions[name ?? ''];
  if (typeof session === 'object' && session !== null && 'inputMetadata' in session)
    return session as SessionLike; // an InferenceSession, which transformers.js does not type
  throw new IbisError(
    'model-signature',
    `The policy was loaded without "${file}". Its manifest and files do not fit together.`,
  );
}

const idsSchema = z.union([z.number(), z.array(z.number())]).nullish();

function readEndIds(generationConfig: unknown): ReadonlySet<number> {
  const parsed = z
    .object({ eos_token_id: idsSchema, pad_token_id: idsSchema })
    .safeParse(generationConfig);
  if (!parsed.success) return new Set();
  return new Set([parsed.data.eos_token_id ?? [], parsed.data.pad_token_id ?? []].flat());
}
