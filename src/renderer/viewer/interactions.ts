import type { CanvasPoint } from './canvasMap.js';
import type { PromptDrawing } from './drawPrompts.js';
import type { SegmentDrawing } from './drawSegments.js';
import { readPixel } from './framePixels.js';
import { pixelUnder } from './promptTarget.js';
import type { ToolHandlers } from './toolGroup.js';
import { voxelUnder } from './viewer.js';
import type { Viewer } from './viewer.js';
import { isAnnotationUnderPointer } from './measurements.js';
import { asPromptTool } from './viewerApi.js';
import type { CursorReading, ViewerTool } from './viewerApi.js';
import { paneIds } from './viewerState.js';
import type { PaneId } from './viewerState.js';
import { dragWindow } from './windowing.js';

const PX_PER_SLICE = 8; // a drag of so many px changes the slice by one
const WHEEL_PX = 40; // less than a notch of a mouse wheel, more than a touch of a pad

const asPaneId = (id: string): PaneId | undefined => paneIds.find((each) => each === id);

/** The pixel under the pointer with its stored value. */
export function readCursor(
  viewer: Viewer,
  paneId: PaneId,
  point: CanvasPoint,
): CursorReading | null {
  const under = pixelUnder(viewer, paneId, point);
  if (under === null) return null;
  const { shown } = under;
  const column = Math.round(under.pixel.column);
  const row = Math.round(under.pixel.row);
  const voxel = viewer.source()?.readVoxel(shown, column, row) ?? null;
  const frame = voxel === null ? undefined : viewer.frames()?.get(voxel.image.imageId);
  return {
    ...shown.position,
    column,
    row,
    values:
      voxel === null || frame === undefined
        ? null
        : readPixel(voxel.image, frame, voxel.column, voxel.row),
    unit: voxel?.image.rescaleUnit ?? '',
  };
}

/** What Cornerstone's tools of ours do. */
export function createHandlers(viewer: Viewer): ToolHandlers {
  let scrolled = 0; // slices of a drag not yet gone
  let wheeled = 0; // px of a touch pad not yet gone
  const activate = (viewportId: string): void => {
    const paneId = asPaneId(viewportId);
    if (paneId !== undefined) viewer.setActivePane(paneId);
  };
  return {
    onWindow({ viewportId, dx, dy }) {
      const paneId = asPaneId(viewportId);
      const range = paneId === undefined ? null : viewer.pane(paneId)?.getShownRange();
      if (viewer.state.window === null || range == null) return;
      viewer.setWindow(dragWindow(viewer.state.window, dx, dy, range.maximum - range.minimum));
    },
    onScroll({ viewportId, dy }) {
      activate(viewportId);
      scrolled += dy / PX_PER_SLICE;
      const whole = Math.trunc(scrolled);
      scrolled -= whole;
      if (whole !== 0) viewer.stepSlice(whole);
    },
    onWheel(viewportId, travelPx) {
      activate(viewportId);
      wheeled = Math.sign(travelPx) === Math.sign(wheeled) ? wheeled + travelPx : travelPx;
      if (Math.abs(wheeled) < WHEEL_PX) return;
      viewer.stepSlice(Math.sign(wheeled));
      wheeled = 0;
    },
  };
}

/** What the left button does at once: the cross of several planes, and everything that is drawn as a prompt. */
export interface Presses {
  press(paneId: PaneId, tool: ViewerTool, point: CanvasPoint): void;
  move(paneId: PaneId, point: CanvasPoint): void;
  /** The pointer passes with no button down. */
  hover(paneId: PaneId, point: CanvasPoint): void;
  release(point: CanvasPoint): void;
  /** Forgets what is being drawn; false when nothing is. */
  cancel(): boolean;
  /** Closes an outline that is laid press by press; false when there is none. */
  finish(): boolean;
}

export function createPresses(
  viewer: Viewer,
  drawing: PromptDrawing,
  segments: SegmentDrawing,
): Presses {
  let movesCross = false;
  const moveCross = (paneId: PaneId, point: CanvasPoint): void => {
    const under = pixelUnder(viewer, paneId, point);
    if (under === null) return;
    viewer.moveCross(voxelUnder(under.shown, under.pixel.column, under.pixel.row));
  };
  return {
    press(paneId, tool, point) {
      if (segments.begin(paneId, tool, point)) return;
      const promptTool = asPromptTool(tool);
      if (promptTool !== null) drawing.begin(paneId, promptTool, point);
      movesCross = tool === 'select' && viewer.crosses() && !isAnnotationUnderPointer();
      if (movesCross) moveCross(paneId, point);
    },
    move(paneId, point) {
      drawing.move(point);
      segments.move(point);
      if (movesCross) moveCross(paneId, point);
    },
    hover: (paneId, point) => segments.hover(paneId, point),
    release(point) {
      movesCross = false;
      drawing.end(point);
      segments.end(point);
    },
    cancel() {
      const [wasPrompt, wasSegment] = [drawing.cancel(), segments.cancel()];
      return wasPrompt || wasSegment;
    },
    finish: () => segments.finish(),
  };
}
