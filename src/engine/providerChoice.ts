import type { IbisEvent, ProviderStatus } from '../contract/channels.js';
import type { InstalledModel } from './inference/models.js';
import { chooseProvider, listAvailableProviders } from './inference/providers.js';

/** How models run on this machine: tried out once for each model, told to the user. */
export interface ProviderChoice {
  /** Name for onnxruntime-node: 'cpu', 'webgpu', ... */
  choose(model: InstalledModel): Promise<string>;
  describe(): Promise<ProviderStatus>;
}

export function createProviderChoice(emit: (event: IbisEvent) => void): ProviderChoice {
  const chosen = new Map<string, Promise<ProviderStatus>>();

  const describe = async (): Promise<ProviderStatus> => {
    const found = await Promise.all(chosen.values());
    if (found.length === 0)
      return { available: await listAvailableProviders(), used: 'cpu', note: '' };
    return {
      available: found[0]?.available ?? [],
      used: [...new Set(found.map(({ used }) => used))].join(', '),
      note: [...new Set(found.map(({ note }) => note))].filter((note) => note !== '').join(' '),
    };
  };

  return {
    choose: async (model) => {
      const { id } = model.manifest;
      const known = chosen.get(id);
      const choice = known ?? chooseProvider({ model });
      chosen.set(id, choice);
      try {
        const { used } = await choice;
        if (known === undefined)
          void describe().then((provider) => {
            emit({ kind: 'providerNoted', provider });
          });
        return used;
      } catch (thrown) {
        chosen.delete(id); // a file that was damaged: asked again when it was put right
        throw thrown;
      }
    },
    describe,
  };
}
