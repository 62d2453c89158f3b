import type { Click } from '../../domain/session.js';
import type { ImagePoint, SlicePlane } from '../../domain/plane.js';
import { voxelToImage } from '../../domain/plane.js';
import type { VoxelIndex } from '../../domain/geometry.js';
import { pixelSizes, pixelToCanvas } from './canvasMap.js';
import type { CanvasMap } from './canvasMap.js';
import { cutMaskEdgeOn } from './edgeOn.js';
import { drawMask, drawMaskEdgeOn } from './maskDrawing.js';
import type { DrawableMask } from './maskDrawing.js';
import { drawClicks, drawReferenceLines, drawScaleBar, drawText } from './marksDrawing.js';
import type { ReferenceLine } from './marksDrawing.js';
import {
  describeMeasurement,
  handlesOf,
  imageIdOf,
  listAnnotations,
  toMeasurement,
} from './measurements.js';
import { measurementColour, planeColours } from './overlayColours.js';
import type { Pane } from './pane.js';
import { computeScaleBar } from './scaleBar.js';
import type { PlacedSlice } from './seriesSource.js';
import { mapPixels } from './slicePlacement.js';

/** What is drawn over the images, besides Cornerstone's own measurement lines. */
export interface Scene {
  /** The session's mask and clicks on their slice; null when there is no session or it is hidden. */
  readonly session: SessionMarks | null;
  /** Where the panes cross, and the planes of the other panes; null outside the three-plane layout. */
  readonly cross: { readonly voxel: VoxelIndex; readonly planes: readonly SlicePlane[] } | null;
  readonly seriesKey: string;
}

export interface SessionMarks {
  readonly phaseIndex: number;
  readonly plane: SlicePlane;
  readonly sliceIndex: number;
  readonly clicks: readonly Click[];
  readonly mask: DrawableMask | null;
  readonly colour: string;
  readonly opacity: number;
}

/** Draws one pane's overlay at the canvas's own resolution. */
export function drawPaneOverlay(canvas: HTMLCanvasElement, pane: Pane, scene: Scene): void {
  const width = pane.element.clientWidth;
  const height = pane.element.clientHeight;
  const ratio = window.devicePixelRatio;
  const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
  if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, pixelWidth, pixelHeight);
  const shown = pane.getShown();
  const map = pane.getMap();
  if (shown === null || map === null) return;
  context.scale(ratio, ratio);

  if (scene.session !== null) drawSession(context, scene.session, shown, map);
  if (scene.cross !== null) drawCross(context, scene.cross, shown, map, { width, height });
  drawMeasurementLabels(context, pane, scene.seriesKey);
  const { spacing, spacingKnown } = shown.placement;
  const bar = computeScaleBar(
    pixelSizes(map)[0] / spacing[0],
    Math.min(150, width / 3),
    spacingKnown ? 'mm' : 'px',
  );
  if (bar !== null) drawScaleBar(context, bar, { width, height });
}

function drawSession(
  context: CanvasRenderingContext2D,
  session: SessionMarks,
  shown: PlacedSlice,
  map: CanvasMap,
): void {
  if (session.phaseIndex !== shown.position.phaseIndex) return;
  const pixels = mapPixels(session.plane, shown.cut.plane);
  if (pixels === null) {
    if (session.mask === null) return;
    const { mask } = session.mask;
    const { plane } = shown.cut;
    const { sliceIndex } = shown.position;
    drawMaskEdgeOn(
      context,
      cutMaskEdgeOn(mask, session.plane, session.sliceIndex, plane, sliceIndex),
      map,
      session.colour,
    );
    return;
  }
  if (session.sliceIndex !== shown.position.sliceIndex) return;
  if (session.mask !== null) drawMask(context, session.mask, map, pixels, session);
  const { origin, perColumn, perRow } = pixels;
  drawClicks(context, session.clicks, ({ normalised }) => {
    const column = normalised.x * session.plane.width - 0.5;
    const row = normalised.y * session.plane.height - 0.5;
    return pixelToCanvas(map, {
      column: origin.column + perColumn.column * column + perRow.column * row,
      row: origin.row + perColumn.row * column + perRow.row * row,
    });
  });
}

function drawCross(
  context: CanvasRenderingContext2D,
  cross: NonNullable<Scene['cross']>,
  shown: PlacedSlice,
  map: CanvasMap,
  size: { readonly width: number; readonly height: number },
): void {
  const { plane } = shown.cut;
  const centre: ImagePoint = voxelToImage(plane, cross.voxel).point;
  const lines = cross.planes.flatMap((other): readonly ReferenceLine[] => {
    if (other.normalAxis === plane.normalAxis) return [];
    const along = other.normalAxis === plane.columnAxis ? 'column' : 'row';
    return [{ along, at: centre[along], colour: planeColours[other.anatomicalPlane] }];
  });
  drawReferenceLines(context, lines, pixelToCanvas(map, centre), map, size);
}

function drawMeasurementLabels(
  context: CanvasRenderingContext2D,
  pane: Pane,
  seriesKey: string,
): void {
  const shownId = pane.getShownImageId();
  context.save();
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const annotation of listAnnotations(seriesKey)) {
    if (imageIdOf(annotation) !== shownId) continue;
    const measurement = toMeasurement(annotation);
    const ends = handlesOf(annotation).map((point) => pane.worldToPane(point));
    if (measurement === null || ends.length === 0) continue;
    const x = Math.max(...ends.map((end) => end.x)) + 10;
    const atRight = ends.filter((end) => end.x + 10 === x);
    const y = atRight.reduce((sum, end) => sum + end.y, 0) / Math.max(1, atRight.length);
    for (const [n, line] of describeMeasurement(measurement).entries())
      drawText(context, line, { x, y: y + n * 16 }, measurementColour);
  }
  context.restore();
}
