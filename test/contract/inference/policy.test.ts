import { readFileSync } from 'node:fs';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { blendOverlay } from '../../../src/domain/overlay.js';
import { emptyMask } from '../../../src/domain/mask.js';
import { resizeBilinear } from '../../../src/domain/resize.js';
import { createSliceImage } from '../../../src/engine/agent/sliceImage.js';
import { getPolicyModel, loadModels } from '../../../src/engine/inference/models.js';
import { createPolicy } from '../../../src/engine/inference/policy.js';
import { repository } from './models.js';
import type { Observation, SliceImage } from '../../../src/engine/agent/types.js';
import type { LoadedPolicy } from '../../../src/engine/inference/policy.js';

const fixtures = path.join(repository, 'test/fixtures/policies');
const signal = new AbortController().signal;

const expectedSchema = z.object({
  steps: z.array(
    z.object({
      width: z.number(),
      height: z.number(),
      request: z.string(),
      orientation: z.string(),
      history: z.array(z.string()),
      promptTokenIds: z.array(z.number()),
      tokenIds: z.array(z.number()),
    }),
  ),
});

/** The ramp that make.py and export_for_runner.py draw. */
function drawRamp(width: number, height: number): SliceImage {
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      rgb.set(
        [(5 * column + 3 * row) % 256, (7 * column) % 256, (11 * row) % 256],
        3 * (row * width + column),
      );
  return createSliceImage(width, height, rgb);
}

const readExpected = (id: string) =>
  expectedSchema.parse(JSON.parse(readFileSync(path.join(fixtures, id, 'expected.json'), 'utf8')));

const toObservation = (step: z.infer<typeof expectedSchema>['steps'][number]): Observation => ({
  slice: drawRamp(step.width, step.height),
  mask: null,
  request: step.request,
  orientation: step.orientation,
  history: step.history,
  error: '',
});

const loadTiny = async (id: string): Promise<LoadedPolicy> =>
  createPolicy({ model: getPolicyModel(await loadModels([fixtures]), id) });

/** Byte-level tokens: ids of the fixtures' vocabulary back to text, by the tokenizer file alone. */
function decodeBytes(id: string, tokenIds: readonly number[]): string {
  const { model } = z
    .object({ model: z.object({ vocab: z.record(z.string(), z.number()) }) })
    .parse(JSON.parse(readFileSync(path.join(fixtures, id, 'tokenizer.json'), 'utf8')));
  const tokens = new Map(Object.entries(model.vocab).map(([token, index]) => [index, token]));
  // GPT-2's alphabet: printable bytes stand for themselves, the others for the characters from 256 on.
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  const bytes = new Map<string, number>();
  for (let byte = 0, next = 256; byte < 256; byte++)
    bytes.set(String.fromCodePoint(printable(byte) ? byte : next++), byte);
  const written = tokenIds.flatMap((token) => Array.from(tokens.get(token) ?? '?'));
  return Buffer.from(written.map((character) => bytes.get(character) ?? 63)).toString();
}

describe.each([
  'tiny-idefics3',
  'tiny-qwen2.5-vl',
  'tiny-qwen3-vl',
  'tiny-smolvlm',
  'tiny-smolvlm-q4',
])('the policy runner with %s', (id) => {
  let policy: LoadedPolicy;
  const { steps } = readExpected(id);
  beforeAll(async () => {
    policy = await loadTiny(id);
  });
  afterAll(async () => {
    await policy.close();
  });

  it.each(steps)('writes token for token what Python writes for "$request"', async (step) => {
    const texts: string[] = [];
    const reply = await policy.nextAction(toObservation(step), {
      signal,
      seed: 0,
      onText: (text) => texts.push(text),
    });
    const text = decodeBytes(id, step.tokenIds).replace(/\uFFFD+$/, '');
    expect(reply.text).toBe(text);
    expect(reply.tokenCount).toBe(step.tokenIds.length);
    expect(texts).toHaveLength(step.tokenIds.length);
    expect(texts.at(-1)).toBe(text);
    expect(texts.every((part, t) => part.startsWith((texts[t - 1] ?? '').slice(0, -3)))).toBe(true);
  });

  it('sees the mask: another overlay gives other words', async () => {
    const [step] = steps;
    if (step === undefined) throw new Error('no steps');
    const observation = toObservation(step);
    const mask = emptyMask(step.width, step.height);
    mask.data.fill(1);
    const without = await policy.nextAction(observation, { signal, seed: 0 });
    const withMask = await policy.nextAction({ ...observation, mask }, { signal, seed: 0 });
    const drawn = createSliceImage(
      step.width,
      step.height,
      blendOverlay(observation.slice.rgb, mask, { rgb: [34, 139, 34], alpha: 0.4 }),
    );
    const asImage = await policy.nextAction({ ...observation, slice: drawn }, { signal, seed: 0 });
    expect(withMask.text).not.toBe(without.text);
    expect(withMask.text).toBe(asImage.text);
  });

  it('stops within one token of a cancel, and answers the next request', async () => {
    const [step] = steps;
    if (step === undefined) throw new Error('no steps');
    const controller = new AbortController();
    let heard = 0;
    const pending = policy.nextAction(toObservation(step), {
      signal: controller.signal,
      seed: 0,
      onText: () => {
        if (++heard === 3) controller.abort();
      },
    });
    await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
    expect(heard).toBe(3);
    const reply = await policy.nextAction(toObservation(step), { signal, seed: 0 });
    expect(reply.tokenCount).toBe(step.tokenIds.length);
  });

  it('refuses a request that does not fit into its context', async () => {
    const [step] = steps;
    if (step === undefined) throw new Error('no steps');
    const observation = { ...toObservation(step), request: 'Segment it. '.repeat(40) };
    await expect(policy.nextAction(observation, { signal, seed: 0 })).rejects.toMatchObject({
      code: 'model-failed',
      message: 'The request is too long for this policy. Shorten it.',
    });
  });
});

describe('a loop written by hand on onnxruntime-node', () => {
  it('gives the tokens that the runner gives', async () => {
    const id = 'tiny-idefics3';
    const [step] = readExpected(id).steps;
    if (step === undefined) throw new Error('no steps');
    const folder = path.join(fixtures, id, 'onnx');
    const open = (name: string) => InferenceSession.create(path.join(folder, `${name}.onnx`));
    const [vision, embed, decoder] = await Promise.all([
      open('vision_encoder'),
      open('embed_tokens'),
      open('decoder_model_merged'),
    ]);
    const floats = (tensor: Tensor | undefined): Float32Array => {
      if (tensor?.data instanceof Float32Array) return tensor.data;
      throw new Error('no float32');
    };
    const integers = (values: readonly number[]): Tensor =>
      new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);

    const image = drawRamp(step.width, step.height);
    const resized = resizeBilinear({ ...image, channels: 3, data: image.rgb }, 32, 32).data;
    const pixels = Float32Array.from({ length: 3 * 32 * 32 }, (_, at) => {
      const level = resized[(at % 1024) * 3 + Math.floor(at / 1024)] ?? 0;
      return (level / 255 - 0.5) / 0.5;
    });
    const features = floats(
      (await vision.run({ pixel_values: new Tensor('float32', pixels, [1, 1, 3, 32, 32]) }))[
        'image_features'
      ],
    );
    const embedTokens = async (ids: readonly number[]): Promise<Float32Array> =>
      floats((await embed.run({ input_ids: integers(ids) }))['inputs_embeds']).slice();
    const prompt = step.promptTokenIds;
    let embeddings = await embedTokens(prompt);
    let seen = 0;
    prompt.forEach((token, at) => {
      if (token !== 3) return; // <image>
      embeddings.set(features.subarray(seen * 32, (seen + 1) * 32), at * 32);
      seen++;
    });
    let past: Record<string, Tensor> = Object.fromEntries(
      decoder.inputNames
        .filter((name) => name.startsWith('past_key_values'))
        .map((name) => [name, new Tensor('float32', new Float32Array(0), [1, 1, 0, 16])]),
    );
    const written: number[] = [];
    let total = 0;
    while (written.length < 24) {
      const length = embeddings.length / 32;
      total += length;
      const outputs = await decoder.run({
        inputs_embeds: new Tensor('float32', embeddings, [1, length, 32]),
        attention_mask: integers(Array.from({ length: total }, () => 1)),
        position_ids: integers(Array.from({ length }, (_, at) => total - length + at)),
        ...past,
      });
      const logits = floats(outputs['logits']);
      const token = logits.indexOf(logits.reduce((best, logit) => Math.max(best, logit)));
      written.push(token);
      if (token === 1) break; // <end_of_utterance>
      past = Object.fromEntries(
        Object.entries(outputs)
          .filter(([name]) => name.startsWith('present'))
          .map(([name, tensor]) => [name.replace('present', 'past_key_values'), tensor]),
      );
      embeddings = await embedTokens([token]);
    }
    const policy = await loadTiny(id);
    const reply = await policy.nextAction(toObservation(step), { signal, seed: 0 });
    await policy.close();
    expect(decodeBytes(id, written).replace(/\uFFFD+$/, '')).toBe(reply.text);
    expect(written).toHaveLength(reply.tokenCount);
  });
});
