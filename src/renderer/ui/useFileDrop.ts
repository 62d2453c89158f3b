import { onBeforeUnmount, onMounted, ref } from 'vue';
import type { Ref } from 'vue';

import { openPaths } from '../worklist/openPaths.js';
import { pathsOfDrop } from './client.js';

/** Files and folders dropped anywhere in the window are opened. */
export function useFileDrop(target: Ref<HTMLElement | null>): {
  readonly isDragging: Ref<boolean>;
} {
  const isDragging = ref(false);
  // Entering a child leaves its parent: only a balance of zero means that the pointer has left.
  let depth = 0;
  const holdsFiles = (event: DragEvent): boolean =>
    event.dataTransfer?.types.includes('Files') === true;

  const onEnter = (event: DragEvent): void => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth += 1;
    isDragging.value = true;
  };
  const onOver = (event: DragEvent): void => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = 'copy';
  };
  const onLeave = (): void => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) isDragging.value = false;
  };
  const onDrop = (event: DragEvent): void => {
    depth = 0;
    isDragging.value = false;
    if (!holdsFiles(event) || event.dataTransfer === null) return;
    event.preventDefault();
    const paths = pathsOfDrop(event.dataTransfer);
    if (paths.length > 0) void openPaths(paths);
  };

  onMounted(() => {
    target.value?.addEventListener('dragenter', onEnter);
    target.value?.addEventListener('dragover', onOver);
    target.value?.addEventListener('dragleave', onLeave);
    target.value?.addEventListener('drop', onDrop);
  });
  onBeforeUnmount(() => {
    target.value?.removeEventListener('dragenter', onEnter);
    target.value?.removeEventListener('dragover', onOver);
    target.value?.removeEventListener('dragleave', onLeave);
    target.value?.removeEventListener('drop', onDrop);
  });
  return { isDragging };
}
