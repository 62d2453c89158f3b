import { defineStore } from 'pinia';
import { ref } from 'vue';

import { parseHotkeys } from './hotkeys.js';
import { usePersisted } from './persisted.js';

/** The user's table of keys, and whether its list is open. */
export const useHotkeyStore = defineStore('hotkeys', () => ({
  table: usePersisted('hotkeys', parseHotkeys),
  listShown: ref(false),
}));
