import { BaseTool } from '@cornerstonejs/tools';
import type { Types } from '@cornerstonejs/tools';

export interface PointerMove {
  readonly viewportId: string;
  /** CSS px in the pane. */
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
}

/** What a tool of ours does; Cornerstone decides which tool a button belongs to, and lets measurements go first. */
export interface PointerActions {
  readonly onDrag?: (move: PointerMove) => void;
  /** Wheel travel in px, down positive: about 100 a notch of a mouse wheel, a few for a touch pad. */
  readonly onWheel?: (viewportId: string, travelPx: number) => void;
}

interface Detail {
  readonly viewportId: string;
  readonly currentPoints: { readonly canvas: Types.IPoints['canvas'] };
  readonly deltaPoints?: { readonly canvas: Types.IPoints['canvas'] };
}

const moveOf = (detail: Detail): PointerMove => ({
  viewportId: detail.viewportId,
  x: detail.currentPoints.canvas[0],
  y: detail.currentPoints.canvas[1],
  dx: detail.deltaPoints?.canvas[0] ?? 0,
  dy: detail.deltaPoints?.canvas[1] ?? 0,
});

/** A tool that only passes on what the pointer did; Cornerstone wants a class. */
export function definePointerTool(name: string, actions: PointerActions) {
  return class PointerTool extends BaseTool {
    static override toolName = name;

    constructor(toolProps: Types.PublicToolProps = {}) {
      super(toolProps, { supportedInteractionTypes: ['Mouse', 'Touch'] });
    }

    mouseDragCallback(event: Types.EventTypes.InteractionEventType): void {
      actions.onDrag?.(moveOf(event.detail));
    }

    mouseWheelCallback(event: Types.EventTypes.MouseWheelEventType): void {
      const { viewportId, wheel } = event.detail;
      actions.onWheel?.(viewportId, wheel.pixelY);
    }
  };
}
