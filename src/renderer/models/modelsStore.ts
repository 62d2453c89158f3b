import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';

import type { ModelStatus } from '../../contract/channels.js';
import { parseText, usePersisted } from '../ui/persisted.js';

/** The models found on this machine and which two the next session uses. */
export const useModelsStore = defineStore('models', () => {
  const models = shallowRef<readonly ModelStatus[]>([]);
  const loaded = ref(false);
  const problem = ref('');
  const policyId = usePersisted('policyId', parseText(''));
  const segmenterId = usePersisted('segmenterId', parseText(''));

  const policies = computed(() => models.value.filter((model) => model.role === 'policy'));
  const segmenters = computed(() => models.value.filter((model) => model.role === 'segmenter'));
  const policy = computed(
    () => policies.value.find((model) => model.id === policyId.value) ?? null,
  );
  const segmenter = computed(
    () => segmenters.value.find((model) => model.id === segmenterId.value) ?? null,
  );
  return {
    models,
    loaded,
    problem,
    policyId,
    segmenterId,
    policies,
    segmenters,
    policy,
    segmenter,
  };
});
