import { onBeforeUnmount, onMounted } from 'vue';

import { chordOf, findHotkey, isHotkeyAllowed } from './hotkeys.js';
import type { FocusKind, HotkeyId } from './hotkeys.js';
import { useHotkeyStore } from './hotkeyStore.js';
import { keepForField } from './typeAhead.js';

const NAVIGABLE =
  '[role=slider],[role=listbox],[role=menu],[role=menuitem],[role=option],[role=tab],[role=radio],[role=separator],[role=combobox]';

/**
 * What gives the keyboard back to the image as soon as the mouse lets it go: else a ring would stay on it, a slider
 * and a tab would keep the arrows. The keyboard's own way there is Tab. Menus and dialogs look after themselves.
 */
const GIVES_BACK = 'button:not([aria-haspopup]),[role=tab],[role=slider]';

function describeFocus(element: Element | null, cameByPointer: boolean): FocusKind {
  const editsText =
    element instanceof HTMLTextAreaElement ||
    (element instanceof HTMLInputElement &&
      !element.readOnly &&
      !['checkbox', 'radio', 'range', 'button'].includes(element.type)) ||
    (element instanceof HTMLElement && element.isContentEditable);
  // Whose menu was chosen from with the mouse gets the focus back: Space and Enter are for the image again.
  const isDone = cameByPointer && !element?.matches('[aria-haspopup][aria-expanded=true]');
  const pressable =
    !isDone &&
    element !== null &&
    element.matches('button,a,[role=button],[type=checkbox],[type=radio]');
  const navigable =
    element !== null && (element.matches('[type=range]') || element.closest(NAVIGABLE) !== null);
  return { editsText, pressable, navigable };
}

/** The window's only key listener: looks the chord up and calls the action. */
export function useHotkeys(actions: Readonly<Record<HotkeyId, () => void>>): void {
  const store = useHotkeyStore();
  let cameByPointer = false;
  const onPointerDown = (): void => {
    cameByPointer = true;
  };
  const onPointerUp = (): void => {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || !focused.matches(GIVES_BACK)) return;
    if (focused.closest('[role=dialog],[role=menu],.el-popper') === null) focused.blur();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === 'Tab') cameByPointer = false;
    // Menus prevent the default of keys that they have used. Cornerstone does so with every key, used or not.
    const isOnImage =
      event.target instanceof Element && event.target.closest('.viewer-area') !== null;
    if (event.defaultPrevented && !isOnImage) return;
    const chord = chordOf(event);
    if (chord === null) return;
    // An open dialog or menu closes itself with Escape and keeps the other keys from the image.
    if (document.querySelector('.el-overlay:not([style*="display: none"]) [role=dialog]') !== null)
      return;
    const focus = describeFocus(document.activeElement, cameByPointer);
    if (!focus.editsText && keepForField(event)) {
      event.preventDefault();
      return;
    }
    if (!isHotkeyAllowed(chord, focus)) return;
    const id = findHotkey(store.table, chord);
    if (id === null) return;
    event.preventDefault();
    actions[id]();
  };
  onMounted(() => {
    window.addEventListener('keydown', onKeyDown);
    window.addEventListener('pointerdown', onPointerDown, { capture: true });
    window.addEventListener('pointerup', onPointerUp);
  });
  onBeforeUnmount(() => {
    window.removeEventListener('keydown', onKeyDown);
    window.removeEventListener('pointerdown', onPointerDown, { capture: true });
    window.removeEventListener('pointerup', onPointerUp);
  });
}
