import { onBeforeUnmount, watch } from 'vue';
import type { Ref } from 'vue';

/** What floats over the window closes with Escape wherever the focus is, and that Escape does nothing else. */
export function closeOnEscape(shown: Ref<boolean>): void {
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    shown.value = false;
  };
  const stopListening = (): void => {
    window.removeEventListener('keydown', onKeyDown, { capture: true });
  };
  watch(shown, (isShown) => {
    if (isShown) window.addEventListener('keydown', onKeyDown, { capture: true });
    else stopListening();
  });
  onBeforeUnmount(stopListening);
}
