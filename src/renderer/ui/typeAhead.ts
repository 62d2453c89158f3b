import { nextTick } from 'vue';

import type { KeyPress } from './hotkeys.js';

/**
 * A name field that opens upon an act stands there only after the engine's answer. What is typed until then is written
 * into it, instead of pressing the hotkeys of those letters.
 */
export interface HeldKeys {
  readonly text: string;
  /** Enter or Escape was pressed after the text: the field is left as it opens, and later keys are hotkeys again. */
  readonly ending: 'named' | 'dropped' | null;
}

const nothingHeld: HeldKeys = { text: '', ending: null };

/** After one more key; null: the key is no part of a name. */
export function holdKey(held: HeldKeys, press: KeyPress): HeldKeys | null {
  if (held.ending !== null || press.ctrlKey || press.metaKey || press.altKey) return null;
  if (press.key === 'Enter') return { ...held, ending: 'named' };
  if (press.key === 'Escape') return { ...held, ending: 'dropped' };
  const characters = Array.from(held.text);
  if (press.key === 'Backspace') return { ...held, text: characters.slice(0, -1).join('') };
  return Array.from(press.key).length === 1 ? { ...held, text: held.text + press.key } : null;
}

let held: HeldKeys | null = null;

/** Holds what is typed while `open` works, for the field that it opens. Without one the keys are dropped. */
export async function holdKeysWhile(open: () => Promise<void>): Promise<void> {
  held = nothingHeld;
  try {
    await open();
    await nextTick(); // the field stands there, and has taken them
  } finally {
    held = null;
  }
}

/** Whether the key was kept for a field to come; one that repeats itself is that of the act, still down. */
export function keepForField(press: KeyPress & { readonly repeat: boolean }): boolean {
  const next = held === null ? null : holdKey(held, press);
  if (next === null) return false;
  if (!press.repeat) held = next;
  return true;
}

/** For the field that has opened. */
export function takeHeldKeys(): HeldKeys {
  const taken = held ?? nothingHeld;
  held = null;
  return taken;
}
