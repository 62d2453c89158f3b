import { shallowRef } from 'vue';
import type { ShallowRef } from 'vue';

import type { CanvasPoint } from './canvasMap.js';
import { readCursor } from './interactions.js';
import type { Presses } from './interactions.js';
import type { Viewer } from './viewer.js';
import { drawsOnImage } from './viewerApi.js';
import type { ViewerTool } from './viewerApi.js';
import type { PaneId } from './viewerState.js';

/** Cursors by tool; the others are aimed with. */
const CURSORS: Partial<Record<ViewerTool, string>> = {
  select: 'default',
  window: 'default',
  pan: 'grab',
  zoom: 'zoom-in',
  scroll: 'ns-resize',
};

export const cursorOf = (tool: ViewerTool): string => CURSORS[tool] ?? 'crosshair';

/** What the pointer and the Delete key do in one pane, besides Cornerstone's tools. */
export function usePanePointer(
  pane: {
    readonly paneId: PaneId;
    readonly viewer: Viewer;
    readonly presses: Presses;
    readonly tool: ViewerTool;
  },
  element: Readonly<ShallowRef<HTMLDivElement | null>>,
) {
  const pointOf = (event: MouseEvent): CanvasPoint => {
    const box = element.value?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  };
  const at = shallowRef<CanvasPoint | null>(null);
  return {
    /** Where the pointer is in this pane, CSS px; null: elsewhere. */
    at,
    onDown(event: PointerEvent): void {
      pane.viewer.setActivePane(pane.paneId);
      if (event.button !== 0) return;
      // What is drawn may leave the pane and come back; Cornerstone's own tools see to that themselves.
      if (drawsOnImage(pane.tool)) element.value?.setPointerCapture(event.pointerId);
      pane.presses.press(pane.paneId, pane.tool, pointOf(event));
    },
    onMove(event: PointerEvent): void {
      const point = pointOf(event);
      at.value = point;
      pane.viewer.setCursor(readCursor(pane.viewer, pane.paneId, point));
      if ((event.buttons & 1) === 1) pane.presses.move(pane.paneId, point);
      else pane.presses.hover(pane.paneId, point);
    },
    onUp(event: PointerEvent): void {
      if (event.button === 0) pane.presses.release(pointOf(event));
    },
    onLeave(): void {
      at.value = null;
      pane.viewer.setCursor(null);
    },
    /** The system took the pointer away. */
    onCancel(): void {
      pane.presses.cancel();
    },
    onKey(event: KeyboardEvent): void {
      if (event.key === 'Delete') pane.viewer.measuring.deleteSelected();
    },
    /** With the other tools, two quick presses are two measurements or two clicks. */
    asksForLayout: (): boolean => ['select', 'window', 'pan', 'zoom', 'scroll'].includes(pane.tool),
  };
}
