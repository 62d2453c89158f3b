import type { ModelStatus } from '../../contract/channels.js';
import { call } from '../ui/client.js';
import { useModelsStore } from './modelsStore.js';

/** The remembered model if it is still there, else the first that may be used, else the first. */
export function chooseModel(models: readonly ModelStatus[], remembered: string): string {
  const kept = models.find((model) => model.id === remembered);
  const usable = models.find((model) => model.problem === null);
  return (kept ?? usable ?? models[0])?.id ?? '';
}

export async function loadModels(): Promise<void> {
  const store = useModelsStore();
  const reply = await call('listModels', {});
  store.loaded = true;
  if (!reply.ok) {
    store.problem = reply.error.message;
    return;
  }
  store.problem = '';
  store.models = reply.value;
  store.policyId = chooseModel(store.policies, store.policyId);
  store.segmenterId = chooseModel(store.segmenters, store.segmenterId);
}
