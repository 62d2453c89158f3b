import { asEditTool } from './viewerApi.js';
import type { ViewerTool } from './viewerApi.js';
import type { CanvasPoint } from './canvasMap.js';
import { beginLasso, beginWire } from './outlineDrawing.js';
import type { Wire } from './outlineDrawing.js';
import { segmentColours } from './overlayColours.js';
import { findPromptTarget } from './promptTarget.js';
import type { PromptTarget } from './promptTarget.js';
import { asSegmentTool } from './segmentHand.js';
import type { DrawnOnSegment, PlacedOnSegment, SegmentHand } from './segmentHand.js';
import { beginStroke } from './segmentStroke.js';
import type { SegmentDraft } from './segmentStroke.js';
import { voxelUnder } from './viewer.js';
import type { Viewer } from './viewer.js';
import type { PaneId } from './viewerState.js';

const CLICK_PX = 4; // a hand trembles

/** Strokes, outlines and presses that are for a segment of the volume. */
export interface SegmentDrawing {
  /** False where it is not for segments: nothing was begun. */
  begin(paneId: PaneId, tool: ViewerTool, point: CanvasPoint): boolean;
  /** With the button down. */
  move(point: CanvasPoint): void;
  /** With no button down. */
  hover(paneId: PaneId, point: CanvasPoint): void;
  end(point: CanvasPoint): void;
  /** Closes a wire that is being laid; false when there is none. */
  finish(): boolean;
  /** Forgets what is being drawn; false when nothing is. */
  cancel(): boolean;
}

export function createSegmentDrawing(
  viewer: Viewer,
  options: {
    /** Null while what is drawn is for the agent. */
    readonly hand: () => SegmentHand | null;
    readonly brushSizePx: () => number;
    readonly strokeColour: () => string | null;
    /** From the press on until it is finished or forgotten. */
    readonly onDrawing: (isDrawing: boolean) => void;
    readonly onDrawn: (placed: PlacedOnSegment) => void;
  },
): SegmentDrawing {
  let current: SegmentDraft | null = null;
  let wire: Wire | null = null;
  let wasDrawing = false;

  const tellDrawing = (): void => {
    const isDrawing = current !== null || wire !== null;
    if (isDrawing !== wasDrawing) options.onDrawing(isDrawing);
    wasDrawing = isDrawing;
  };
  const forget = (draftId: number | null): void => {
    if (draftId !== null) viewer.drafts.remove(draftId);
  };
  const place = (drawn: DrawnOnSegment | null, draftId: number | null): void => {
    if (drawn === null) forget(draftId);
    else options.onDrawn({ ...drawn, draftId });
  };

  const beginPlace = (
    paneId: PaneId,
    target: PromptTarget,
    tool: 'fill' | 'grow-region' | 'island',
    from: CanvasPoint,
  ): SegmentDraft => ({
    draftId: null,
    move: () => undefined,
    finish(point) {
      const pane = viewer.pane(paneId);
      const shown = pane?.getShown() ?? null;
      const at = target.pixelOf(from);
      const isDrag = Math.hypot(point.x - from.x, point.y - from.y) > CLICK_PX;
      if (shown === null || at === null || isDrag) return null;
      const pixel = { column: Math.round(at.column), row: Math.round(at.row) };
      const { width, height } = target.plane;
      const pixels = pane?.getPixels();
      const value =
        pixels?.length === width * height ? pixels[pixel.row * width + pixel.column] : undefined;
      const voxel = voxelUnder(shown, pixel.column, pixel.row);
      return { ...target.position, kind: 'place', tool, pixel, voxel, value: value ?? null };
    },
  });

  /** A press while a wire is being laid holds it, or closes it. */
  const pressWire = (paneId: PaneId, target: PromptTarget, point: CanvasPoint): void => {
    if (wire?.isOn(target) === true) {
      if (wire.press(point) === 'closed') finish();
      return;
    }
    cancel();
    wire = beginWire(viewer, paneId, target, point);
  };

  const finish = (): boolean => {
    const closed = wire;
    if (closed === null) return false;
    wire = null;
    place(closed.finish(), closed.draftId);
    tellDrawing();
    return true;
  };

  const cancel = (): boolean => {
    const isForgotten = current !== null || wire !== null;
    forget(current?.draftId ?? null);
    forget(wire?.draftId ?? null);
    current = null;
    wire = null;
    tellDrawing();
    return isForgotten;
  };

  const start = (
    paneId: PaneId,
    tool: ViewerTool,
    target: PromptTarget,
    point: CanvasPoint,
    hand: SegmentHand,
  ): SegmentDraft | null => {
    if (tool === 'brush' || tool === 'eraser') {
      const colour = options.strokeColour() ?? segmentColours[0];
      const sizePx = options.brushSizePx();
      return beginStroke(viewer, paneId, target, point, { tool, hand, sizePx, colour });
    }
    if (tool === 'lasso' || tool === 'cut-lasso') return beginLasso(viewer, target, tool, point);
    return tool === 'fill' || tool === 'grow-region' || tool === 'island'
      ? beginPlace(paneId, target, tool, point)
      : null;
  };

  return {
    begin(paneId, tool, point) {
      const hand = options.hand();
      if (hand === null || (asEditTool(tool) === null && asSegmentTool(tool) === null))
        return false;
      const target = findPromptTarget(viewer, paneId, point, null);
      if (tool === 'livewire') {
        if (target !== null) pressWire(paneId, target, point);
        tellDrawing();
        return true;
      }
      cancel();
      if (target !== null) current = start(paneId, tool, target, point, hand);
      tellDrawing();
      return true;
    },
    move: (point) => current?.move(point),
    hover(paneId, point) {
      if (wire === null) return;
      const target = findPromptTarget(viewer, paneId, point, null);
      if (target !== null && wire.isOn(target)) wire.follow(point);
    },
    end(point) {
      const done = current;
      if (done === null) return;
      current = null;
      place(done.finish(point), done.draftId);
      tellDrawing();
    },
    finish,
    cancel,
  };
}
