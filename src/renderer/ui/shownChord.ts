import { showChord } from './hotkeys.js';
import type { HotkeyId } from './hotkeys.js';
import { useHotkeyStore } from './hotkeyStore.js';

/** The first chord of an action as this platform writes it; '' when it has none. Follows the user's table. */
export function shownChord(id: HotkeyId): string {
  const chord = useHotkeyStore().table[id][0];
  return chord === undefined ? '' : showChord(chord, window.ibis.platform);
}

/** 'Accept (Ctrl Enter)', for tooltips. */
export function withChord(label: string, id: HotkeyId): string {
  const chord = shownChord(id);
  return chord === '' ? label : `${label} (${chord})`;
}
