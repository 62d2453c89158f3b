import path from 'node:path';

import type { ModelStatus } from '../contract/channels.js';
import { IbisError } from '../contract/errors.js';
import type { PolicyManifest, SegmenterManifest } from '../contract/manifest.js';
import type { Policy, Segmenter, SliceImage } from './agent/types.js';
import {
  describeModel,
  getPolicyModel,
  getSegmenterModel,
  loadModels,
  loadVerifiedModels,
  verifyModel,
} from './inference/models.js';
import type { InstalledModel, ModelEntry } from './inference/models.js';
import { createPolicy } from './inference/policy.js';
import type { LoadedPolicy } from './inference/policy.js';
import { computeMaskLogits } from './inference/maskLogits.js';
import { createSegmenter } from './inference/segmenter.js';
import type { LoadedSegmenter } from './inference/segmenter.js';
import type { SessionModel } from './store/index.js';

/** The installed models; each is verified and loaded once, on first use. */
export interface ModelPool {
  /** For the models page: every file read through. */
  describe(): Promise<readonly ModelStatus[]>;
  /** Rejects with the model's error where it may not be used. */
  getPolicyManifest(id: string): Promise<PolicyManifest>;
  /** What a session stores of its models. Rejects unless every file has the hash of its manifest. */
  verify(policyId: string, segmenterId: string): Promise<readonly SessionModel[]>;
  /** Usable at once; loads with the first call and again after a crash. */
  getPolicy(id: string): Promise<Policy>;
  getSegmenter(id: string): Promise<Segmenter>;
  /**
   * Starts to load both and to encode the slice, which takes longer than the policy's first turn, so that the
   * first step need not wait. Failures show at that step.
   */
  warm(policyId: string, segmenterId: string, slice: SliceImage): void;
  close(): Promise<void>;
}

const hashesOf = (role: SessionModel['role'], model: InstalledModel): SessionModel => ({
  role,
  modelId: model.manifest.id,
  files: Object.fromEntries(model.manifest.files.map((file) => [file.path, file.sha256])),
});

/** Loads once, and again after a failure: a worker that died takes its model with it. */
function createSlot<T extends { close(): Promise<void> }>(
  load: () => Promise<T>,
): { use: <R>(work: (loaded: T) => Promise<R>) => Promise<R>; close: () => Promise<void> } {
  let loading: Promise<T> | null = null;
  let closed = false;
  const drop = async (): Promise<void> => {
    const dropped = loading;
    loading = null;
    await dropped?.then((loaded) => loaded.close()).catch(() => undefined); // it had failed already
  };
  return {
    use: async (work) => {
      // Work ahead of need may still come while the engine ends: no model is loaded for it.
      if (closed) throw new IbisError('cancelled', 'The engine is closing.');
      loading ??= load();
      try {
        return await work(await loading);
      } catch (thrown) {
        const cancelled = thrown instanceof Error && thrown.name === 'AbortError';
        if (!cancelled) await drop();
        throw thrown;
      }
    },
    close: () => {
      closed = true;
      return drop();
    },
  };
}

export function createModelPool(options: {
  /** Folders of model folders; earlier ones win. */
  readonly roots: readonly string[];
  readonly cacheDir: string | null;
  /** How a model is to run, as onnxruntime-node names it. */
  readonly chooseProvider: (model: InstalledModel) => Promise<string>;
}): ModelPool {
  const load = (): Promise<readonly ModelEntry[]> => loadModels(options.roots);
  const policies = new Map<string, ReturnType<typeof createSlot<LoadedPolicy>>>();
  const segmenters = new Map<string, ReturnType<typeof createSlot<LoadedSegmenter>>>();

  const policySlot = (id: string): ReturnType<typeof createSlot<LoadedPolicy>> => {
    const slot =
      policies.get(id) ??
      createSlot(async () => {
        const model = getPolicyModel(await load(), id);
        return createPolicy({ model, provider: await options.chooseProvider(model) });
      });
    policies.set(id, slot);
    return slot;
  };
  const segmenterSlot = (id: string): ReturnType<typeof createSlot<LoadedSegmenter>> => {
    const slot =
      segmenters.get(id) ??
      createSlot(async () => {
        const model = getSegmenterModel(await load(), id);
        const provider = await options.chooseProvider(model);
        return createSegmenter({ model, cacheDir: options.cacheDir, provider });
      });
    segmenters.set(id, slot);
    return slot;
  };

  const getPolicyManifest = async (id: string): Promise<PolicyManifest> =>
    getPolicyModel(await load(), id).manifest;

  return {
    describe: async () => (await loadVerifiedModels(options.roots)).map(describeModel),
    getPolicyManifest,
    verify: async (policyId, segmenterId) => {
      const entries = await load();
      const segmenter = getSegmenterModel(entries, segmenterId);
      await verifyModel(segmenter);
      if (policyId === '') return [hashesOf('segmenter', segmenter)];
      const policy = getPolicyModel(entries, policyId);
      await verifyModel(policy);
      return [hashesOf('policy', policy), hashesOf('segmenter', segmenter)];
    },
    getPolicy: async (id) => ({
      manifest: await getPolicyManifest(id),
      nextAction: (observation, how) =>
        policySlot(id).use((policy) => policy.nextAction(observation, how)),
    }),
    getSegmenter: async (id) => {
      const manifest: SegmenterManifest = getSegmenterModel(await load(), id).manifest;
      return {
        manifest,
        segment: (...given) => segmenterSlot(id).use((segmenter) => segmenter.segment(...given)),
        toLogits: (mask) => computeMaskLogits(mask, manifest),
        encode: (...given) => segmenterSlot(id).use((segmenter) => segmenter.encode(...given)),
      };
    },
    warm: (policyId, segmenterId, slice) => {
      const { signal } = new AbortController(); // never aborted: the slice is about to be needed
      const loading = [
        segmenterSlot(segmenterId).use((segmenter) => segmenter.encode(slice, signal)),
      ];
      if (policyId !== '') loading.push(policySlot(policyId).use(async () => undefined));
      void Promise.allSettled(loading);
    },
    close: async () => {
      const slots = [...policies.values(), ...segmenters.values()];
      await Promise.all(slots.map((slot) => slot.close()));
    },
  };
}

export const modelRoots = (resourcesDir: string, dataDir: string): readonly string[] => [
  path.join(resourcesDir, 'models'),
  path.join(dataDir, 'models'), // what the user adds
];
