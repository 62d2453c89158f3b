import { imageToNormalised } from '../../domain/plane.js';
import type { ImagePoint } from '../../domain/plane.js';
import { canvasToPixel } from './canvasMap.js';
import type { CanvasPoint } from './canvasMap.js';
import { readPixel } from './framePixels.js';
import type { PlacedSlice } from './seriesSource.js';
import { mapPixels } from './slicePlacement.js';
import type { ToolHandlers } from './toolGroup.js';
import { voxelUnder } from './viewer.js';
import type { Viewer } from './viewer.js';
import { isAnnotationUnderPointer } from './measurements.js';
import type { CursorReading, PlacedClick, SessionOverlay, ViewerTool } from './viewerApi.js';
import { paneIds } from './viewerState.js';
import type { PaneId } from './viewerState.js';
import { dragWindow } from './windowing.js';

const PX_PER_SLICE = 8; // a drag of so many px changes the slice by one
const WHEEL_PX = 40; // less than a notch of a mouse wheel, more than a touch of a pad
const CLICK_PX = 4; // a hand trembles

const asPaneId = (id: string): PaneId | undefined => paneIds.find((each) => each === id);

/** Slice and fractional pixel under a point of a pane; null outside the image. */
function pixelUnder(
  viewer: Viewer,
  paneId: PaneId,
  point: CanvasPoint,
): { readonly shown: PlacedSlice; readonly pixel: ImagePoint } | null {
  const pane = viewer.pane(paneId);
  const shown = pane?.getShown() ?? null;
  const map = pane?.getMap() ?? null;
  if (shown === null || map === null) return null;
  const pixel = canvasToPixel(map, point);
  const { width, height } = shown.cut.plane;
  return pixel === null ||
    pixel.column < -0.5 ||
    pixel.row < -0.5 ||
    pixel.column >= width - 0.5 ||
    pixel.row >= height - 0.5
    ? null
    : { shown, pixel };
}

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

/**
 * A click, in the session's own slice image where it lies on that slice, whichever cut of the same plane is
 * shown; else in the slice image it was placed on.
 */
export function placeClick(
  viewer: Viewer,
  paneId: PaneId,
  point: CanvasPoint,
  label: 'include' | 'exclude',
  overlay: SessionOverlay | null,
): PlacedClick | null {
  const under = pixelUnder(viewer, paneId, point);
  if (under === null) return null;
  const { shown, pixel } = under;
  const { position, cut } = shown;
  const sessionPlane = overlay === null ? undefined : viewer.source()?.place(overlay)?.cut.plane;
  const map = sessionPlane === undefined ? null : mapPixels(cut.plane, sessionPlane);
  const isSessionSlice =
    overlay?.phaseIndex === position.phaseIndex && overlay.sliceIndex === position.sliceIndex;
  if (overlay === null || sessionPlane === undefined || map === null || !isSessionSlice)
    return { ...position, label, normalised: imageToNormalised(cut.plane, pixel) };
  const { origin, perColumn, perRow } = map;
  const normalised = imageToNormalised(sessionPlane, {
    column: origin.column + perColumn.column * pixel.column + perRow.column * pixel.row,
    row: origin.row + perColumn.row * pixel.column + perRow.row * pixel.row,
  });
  return { ...position, axis: overlay.axis, label, normalised };
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

/** What a press of the left button does at once: the cross of the three planes, and clicks. */
export interface Presses {
  press(paneId: PaneId, tool: ViewerTool, point: CanvasPoint): void;
  move(paneId: PaneId, point: CanvasPoint): void;
  release(paneId: PaneId, tool: ViewerTool, point: CanvasPoint): void;
}

export function createPresses(
  viewer: Viewer,
  options: {
    readonly overlay: () => SessionOverlay | null;
    readonly onPlaced: (click: PlacedClick) => void;
  },
): Presses {
  let pressed: { readonly point: CanvasPoint; readonly movesCross: boolean } | null = null;
  const moveCross = (paneId: PaneId, point: CanvasPoint): void => {
    const under = pixelUnder(viewer, paneId, point);
    if (under === null) return;
    viewer.moveCross(voxelUnder(under.shown, under.pixel.column, under.pixel.row));
  };
  return {
    press(paneId, tool, point) {
      const movesCross =
        tool === 'select' && viewer.state.layout === 'mpr' && !isAnnotationUnderPointer();
      pressed = { point, movesCross };
      if (movesCross) moveCross(paneId, point);
    },
    move(paneId, point) {
      if (pressed?.movesCross === true) moveCross(paneId, point);
    },
    release(paneId, tool, point) {
      const from = pressed?.point;
      pressed = null;
      if (from === undefined || (tool !== 'include' && tool !== 'exclude')) return;
      if (Math.hypot(point.x - from.x, point.y - from.y) > CLICK_PX) return; // a drag is no click
      const click = placeClick(viewer, paneId, point, tool, options.overlay());
      if (click !== null) options.onPlaced(click);
    },
  };
}
