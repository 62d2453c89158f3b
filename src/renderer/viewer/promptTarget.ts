import { imageToNormalised } from '../../domain/plane.js';
import type { ImagePoint, NormalisedPoint, SlicePlane } from '../../domain/plane.js';
import { canvasToPixel } from './canvasMap.js';
import type { CanvasPoint } from './canvasMap.js';
import type { PlacedSlice } from './seriesSource.js';
import { mapPixels } from './slicePlacement.js';
import type { Viewer } from './viewer.js';
import type { SessionOverlay, SlicePosition } from './viewerApi.js';
import type { PaneId } from './viewerState.js';

/** Slice and fractional pixel under a point of a pane, which may lie beyond the image; null where none is shown. */
export function pixelAt(
  viewer: Viewer,
  paneId: PaneId,
  point: CanvasPoint,
): { readonly shown: PlacedSlice; readonly pixel: ImagePoint } | null {
  const pane = viewer.pane(paneId);
  const shown = pane?.getShown() ?? null;
  const map = pane?.getMap() ?? null;
  if (shown === null || map === null) return null;
  const pixel = canvasToPixel(map, point);
  return pixel === null ? null : { shown, pixel };
}

const isInside = ({ width, height }: SlicePlane, { column, row }: ImagePoint): boolean =>
  column >= -0.5 && row >= -0.5 && column < width - 0.5 && row < height - 0.5;

/** As `pixelAt`, and null beyond the image. */
export function pixelUnder(
  viewer: Viewer,
  paneId: PaneId,
  point: CanvasPoint,
): ReturnType<typeof pixelAt> {
  const under = pixelAt(viewer, paneId, point);
  return under !== null && isInside(under.shown.cut.plane, under.pixel) ? under : null;
}

/**
 * The slice image that a prompt is told in: the session's own where the point lies on its slice, whichever cut of the
 * same plane is shown; else the one on screen.
 */
export interface PromptTarget {
  readonly position: SlicePosition;
  readonly plane: SlicePlane;
  /** Fractional pixel of the target under a point of the pane, which may lie beyond the image. */
  readonly pixelOf: (point: CanvasPoint) => ImagePoint | null;
  /** The same, at the nearest place inside the image. */
  readonly normalisedOf: (point: CanvasPoint) => NormalisedPoint | null;
}

/** Null beyond the image. */
export function findPromptTarget(
  viewer: Viewer,
  paneId: PaneId,
  point: CanvasPoint,
  overlay: SessionOverlay | null,
): PromptTarget | null {
  const under = pixelUnder(viewer, paneId, point);
  if (under === null) return null;
  const { position, cut } = under.shown;
  const sessionPlane = overlay === null ? undefined : viewer.source()?.place(overlay)?.cut.plane;
  const map = sessionPlane === undefined ? null : mapPixels(cut.plane, sessionPlane);
  const isSessionSlice =
    overlay?.phaseIndex === position.phaseIndex && overlay.sliceIndex === position.sliceIndex;
  const isSessions =
    overlay !== null && sessionPlane !== undefined && map !== null && isSessionSlice;
  const plane = isSessions ? sessionPlane : cut.plane;

  const pixelOf = (at: CanvasPoint): ImagePoint | null => {
    const pixel = pixelAt(viewer, paneId, at)?.pixel ?? null;
    if (pixel === null || !isSessions) return pixel;
    const { origin, perColumn, perRow } = map;
    return {
      column: origin.column + perColumn.column * pixel.column + perRow.column * pixel.row,
      row: origin.row + perColumn.row * pixel.column + perRow.row * pixel.row,
    };
  };
  const clamp = (value: number): number => Math.min(1, Math.max(0, value));
  return {
    position: isSessions ? { ...position, axis: overlay.axis } : position,
    plane,
    pixelOf,
    normalisedOf: (at) => {
      const pixel = pixelOf(at);
      if (pixel === null) return null;
      const { x, y } = imageToNormalised(plane, pixel);
      return { x: clamp(x), y: clamp(y) };
    },
  };
}
