import { formatObservation, renderObservation } from '../agent/observation.js';
import { verifyModel } from './models.js';
import { defaultThreads } from './segmenter.js';
import { startWorkerHost } from './workerHost.js';
import type { PolicyManifest } from '../../contract/manifest.js';
import type { Policy } from '../agent/types.js';
import type { InstalledModel } from './models.js';

export interface LoadedPolicy extends Policy {
  close(): Promise<void>;
}

/**
 * Verifies the files, then loads the model into a worker thread of its own. Decoding is greedy: the seed of a
 * session changes nothing yet and is kept for policies that sample. Rejects with an IbisError.
 */
export async function createPolicy({
  model,
  provider = 'cpu',
}: {
  readonly model: InstalledModel<PolicyManifest>;
  readonly provider?: string;
}): Promise<LoadedPolicy> {
  const { manifest, filesDir } = model;
  await verifyModel(model);
  const host = startWorkerHost();
  try {
    await host.call({
      kind: 'loadPolicy',
      filesDir,
      manifest,
      execution: { provider, intraOpThreads: defaultThreads() },
    });
  } catch (thrown) {
    await host.close();
    throw thrown;
  }
  return {
    manifest,
    nextAction: async (observation, { onText, signal }) => {
      const begun = performance.now();
      const { text, tokenIds } = await host.call(
        {
          kind: 'generate',
          systemPrompt: manifest.policy.systemPrompt,
          userPrompt: formatObservation(observation, manifest.policy),
          image: renderObservation(observation, manifest.policy),
        },
        { signal, ...(onText === undefined ? {} : { onText }) },
      );
      return { text, tokenCount: tokenIds.length, elapsedMs: performance.now() - begun };
    },
    close: () => host.close(),
  };
}
