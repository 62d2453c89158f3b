import type { SlicePlane } from '../../domain/plane.js';
import { voxelToImage } from '../../domain/plane.js';
import type { VoxelIndex } from '../../domain/geometry.js';
import { pixelSizes, pixelToCanvas } from './canvasMap.js';
import type { CanvasMap, CanvasPoint } from './canvasMap.js';
import type { Draft } from './drafts.js';
import { cutMaskEdgeOn } from './edgeOn.js';
import { drawMask, drawMaskEdgeOn } from './maskDrawing.js';
import type { EdgeRun } from './maskDrawing.js';
import type { Flash } from './maskFlash.js';
import { drawReferenceLines, drawScaleBar } from './marksDrawing.js';
import type { ReferenceLine } from './marksDrawing.js';
import { drawLabels, planLabels } from './measurementLabels.js';
import type { DescribeMeasurement, MeasurementLabel } from './measurementLabels.js';
import { planeColours } from './overlayColours.js';
import type { Pane } from './pane.js';
import { computeScaleBar } from './scaleBar.js';
import type { ScaleBar } from './scaleBar.js';
import { drawDraft, drawMaskAndFlash, drawPrompts, drawStroke } from './sessionDrawing.js';
import { drawRangePreview, planRangePreview } from './rangePreview.js';
import type { RangePreview } from './segmentHand.js';
import type { SegmentMarks } from './segmentMarks.js';
import type { SessionMarks } from './sessionDrawing.js';
import type { PlacedSlice } from './seriesSource.js';
import { mapPixels } from './slicePlacement.js';
import type { PixelMap } from './slicePlacement.js';
import type { SlicePosition } from './viewerApi.js';

/** What is drawn over the images, besides Cornerstone's own measurement lines. */
export interface Scene {
  /** The segments of the volume, on the slice that a pane shows. */
  readonly segmentsOn: (slice: PlacedSlice) => SegmentMarks | null;
  readonly rangePreview: RangePreview | null;
  /** The session's mask and prompts on their slice; null when there is no session. */
  readonly session: SessionMarks | null;
  /** What the user draws now. */
  readonly drafts: { readonly list: readonly Draft[]; readonly version: number };
  readonly maskOpacity: number;
  readonly flash: Flash | null;
  /** Where the panes cross, and the planes of the other panes; null outside the three-plane layout. */
  readonly cross: { readonly voxel: VoxelIndex; readonly planes: readonly SlicePlane[] } | null;
  readonly seriesKey: string;
  readonly describeMeasurement: DescribeMeasurement;
}

/** All that one pane's overlay shows, small enough to be compared as text. */
interface Plan {
  readonly width: number;
  readonly height: number;
  readonly ratio: number; // device px a CSS px
  readonly map: CanvasMap | null;
  /** What of the segments is seen, and where; null where there are none. */
  readonly segments: { readonly key: string; readonly position: SlicePosition } | null;
  /** Of which image, where its values are looked at. */
  readonly preview: (RangePreview & { readonly imageId: string }) | null;
  readonly marks: {
    readonly version: number;
    readonly pixels: PixelMap;
    readonly flashOpacity: number;
  } | null;
  readonly drafts: { readonly version: number; readonly pixels: readonly (PixelMap | null)[] };
  readonly edge: { readonly runs: readonly EdgeRun[]; readonly colour: string } | null;
  readonly cross: { readonly lines: readonly ReferenceLine[]; readonly centre: CanvasPoint } | null;
  readonly labels: readonly MeasurementLabel[];
  readonly bar: ScaleBar | null;
}

const drawn = new WeakMap<HTMLCanvasElement, string>();

/** Of what is told in the very slice image that a pane shows. */
const SAME_PIXELS: PixelMap = {
  origin: { column: 0, row: 0 },
  perColumn: { column: 1, row: 0 },
  perRow: { column: 0, row: 1 },
};

/**
 * Draws one pane's overlay at the canvas's own resolution. While nothing of it changes (scrolling without a
 * session) it is left as it is: without a GPU, a canvas of this size costs a third of a frame.
 */
export function drawPaneOverlay(canvas: HTMLCanvasElement, pane: Pane, scene: Scene): void {
  const shown = pane.getShown();
  const segments = shown === null ? null : scene.segmentsOn(shown);
  const plan = planOverlay(pane, scene, segments);
  const key = JSON.stringify(plan);
  if (drawn.get(canvas) === key) return;
  const { width, height, ratio, map } = plan;
  const [pixelWidth, pixelHeight] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== pixelWidth) canvas.width = pixelWidth;
  if (canvas.height !== pixelHeight) canvas.height = pixelHeight;
  const context = canvas.getContext('2d');
  if (context === null) return;
  drawn.set(canvas, key);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, pixelWidth, pixelHeight);
  if (map === null) return;
  context.scale(ratio, ratio);
  if (plan.preview !== null) drawRangePreview(context, pane, plan.preview, map);
  for (const { drawable, ...look } of segments?.segments ?? [])
    drawMask(context, drawable, map, SAME_PIXELS, look);
  if (plan.edge !== null) drawMaskEdgeOn(context, plan.edge.runs, map, plan.edge.colour);
  drawSession(context, scene, plan);
  if (plan.cross !== null)
    drawReferenceLines(context, plan.cross.lines, plan.cross.centre, map, plan);
  drawLabels(context, plan.labels, plan);
  if (plan.bar !== null) drawScaleBar(context, plan.bar, plan);
}

function planOverlay(pane: Pane, scene: Scene, segments: SegmentMarks | null): Plan {
  const { session, cross, seriesKey, describeMeasurement } = scene;
  const width = pane.element.clientWidth;
  const height = pane.element.clientHeight;
  const ratio = window.devicePixelRatio;
  const shown = pane.getShown();
  const map = shown === null ? null : pane.getMap();
  const size = { width, height, ratio };
  const nothing = {
    segments: null,
    preview: null,
    marks: null,
    edge: null,
    drafts: { version: 0, pixels: [] },
  };
  if (shown === null || map === null)
    return { ...size, ...nothing, map: null, cross: null, labels: [], bar: null };
  const { spacing, spacingKnown } = shown.placement;
  return {
    ...size,
    map,
    segments: segments && { key: segments.key, position: shown.position },
    preview: planRangePreview(pane, shown, scene.rangePreview),
    ...planSession(session, scene.flash, shown),
    drafts: planDrafts(scene.drafts, shown),
    cross: cross === null ? null : planCross(cross, shown, map),
    labels: planLabels(pane, seriesKey, describeMeasurement),
    bar: computeScaleBar(
      pixelSizes(map)[0] / spacing[0],
      Math.min(150, width / 3),
      spacingKnown ? 'mm' : 'px',
    ),
  };
}

/** Face on where the session's slice is shown, edge on in planes across it. */
function planSession(
  session: SessionMarks | null,
  flash: Flash | null,
  { position, cut }: PlacedSlice,
): Pick<Plan, 'marks' | 'edge'> {
  if (session === null || session.phaseIndex !== position.phaseIndex)
    return { marks: null, edge: null };
  const pixels = mapPixels(session.plane, cut.plane);
  if (pixels !== null) {
    const isShown = session.sliceIndex === position.sliceIndex;
    const flashOpacity = flash?.opacity ?? 0;
    return {
      marks: isShown ? { version: session.version, pixels, flashOpacity } : null,
      edge: null,
    };
  }
  if (session.mask === null) return { marks: null, edge: null };
  const { mask } = session.mask;
  const runs = cutMaskEdgeOn(
    mask,
    session.plane,
    session.sliceIndex,
    cut.plane,
    position.sliceIndex,
  );
  return { marks: null, edge: runs.length === 0 ? null : { runs, colour: session.colour } };
}

/** Where each draft lies in this pane; null: it is on another slice. */
function planDrafts(
  { list, version }: Scene['drafts'],
  { position, cut }: PlacedSlice,
): Plan['drafts'] {
  const pixels = list.map((draft) =>
    draft.phaseIndex === position.phaseIndex && draft.sliceIndex === position.sliceIndex
      ? mapPixels(draft.plane, cut.plane)
      : null,
  );
  return { version: pixels.length === 0 ? 0 : version, pixels };
}

function planCross(
  cross: NonNullable<Scene['cross']>,
  { cut }: PlacedSlice,
  map: CanvasMap,
): Plan['cross'] {
  const centre = voxelToImage(cut.plane, cross.voxel).point;
  const lines = cross.planes.flatMap((other): readonly ReferenceLine[] => {
    if (other.normalAxis === cut.plane.normalAxis) return [];
    const along = other.normalAxis === cut.plane.columnAxis ? 'column' : 'row';
    return [{ along, at: centre[along], colour: planeColours[other.anatomicalPlane] }];
  });
  return { lines, centre: pixelToCanvas(map, centre) };
}

/** Mask, strokes over it and its flash; then the prompts, and last what is under the pointer. */
function drawSession(context: CanvasRenderingContext2D, scene: Scene, plan: Plan): void {
  const { map, marks } = plan;
  if (map === null) return;
  const drafts = scene.drafts.list.flatMap((draft, n) => {
    const pixels = plan.drafts.pixels[n] ?? null;
    return pixels === null ? [] : [{ draft, placement: { plane: draft.plane, pixels, map } }];
  });
  const session = marks === null ? null : scene.session;
  if (session !== null && marks !== null)
    drawMaskAndFlash(context, session, scene.flash, { ...session, pixels: marks.pixels, map });
  for (const { draft, placement } of drafts)
    drawStroke(context, draft, placement, scene.maskOpacity);
  if (session !== null && marks !== null)
    drawPrompts(context, session.prompts, { ...session, pixels: marks.pixels, map });
  for (const { draft, placement } of drafts) drawDraft(context, draft, placement);
}
