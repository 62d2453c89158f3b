import { defineStore } from 'pinia';
import { ref, shallowRef } from 'vue';

import type { AppInfo, EngineState, ProviderStatus } from '../../contract/channels.js';

/** What is known of the engine: whether it answers, and on what it computes. */
export const useEngineStore = defineStore('engine', () => ({
  state: shallowRef<EngineState>({ kind: 'starting' }),
  info: shallowRef<AppInfo | null>(null),
  provider: shallowRef<ProviderStatus | null>(null),
  /** True while a restart asked for by the user is under way. */
  restarting: ref(false),
  /** Why the last question to the engine about itself failed; '' when it did not. */
  problem: ref(''),
}));
