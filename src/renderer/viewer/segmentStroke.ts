import { computeBrushRadii } from '../../domain/brush.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import { countMaskPixels, packMask } from '../../domain/mask.js';
import { forEachPixel } from '../../domain/packedBits.js';
import { computeSlicePlane, imageToVoxel } from '../../domain/plane.js';
import type { ImagePoint } from '../../domain/plane.js';
import { cutSegmentSlice, uniteSlices } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { paintSphereStroke } from '../../domain/sphereBrush.js';
import type { CanvasPoint } from './canvasMap.js';
import { createStroke, extendStroke, showStroke } from './drafts.js';
import type { Stroke, StrokeLook } from './drafts.js';
import type { PromptTarget } from './promptTarget.js';
import type { DrawnOnSegment, SegmentHand } from './segmentHand.js';
import { findMiddleRange } from './valueRange.js';
import type { Viewer } from './viewer.js';
import type { PaneId } from './viewerState.js';

/** One press of the left button with a tool for segments, from down to up. */
export interface SegmentDraft {
  readonly draftId: number | null;
  readonly move: (point: CanvasPoint) => void;
  /** What came of it; null: nothing that counts. */
  readonly finish: (point: CanvasPoint) => DrawnOnSegment | null;
}

/** Lets a ball pass from one place to the next; the stroke shows what of it lies on its own slice. */
function extendBall(
  ball: SegmentSlices,
  stroke: Stroke,
  way: { readonly from: ImagePoint; readonly to: ImagePoint },
  at: Pick<PromptTarget, 'plane' | 'position'> & {
    readonly geometry: VolumeGeometry;
    readonly radiusMm: number;
    readonly look: StrokeLook;
  },
): SegmentSlices {
  const { plane, position, geometry, radiusMm, look } = at;
  const voxelOf = (point: ImagePoint) => imageToVoxel(plane, position.sliceIndex, point);
  const part = paintSphereStroke(voxelOf(way.from), voxelOf(way.to), radiusMm, geometry);
  const seen = cutSegmentSlice(part, plane, position.sliceIndex);
  forEachPixel(seen, (column, row) => {
    stroke.mask.data[row * plane.width + column] = 1;
  });
  if (seen.bounds !== null) showStroke(stroke, seen.bounds, look);
  return uniteSlices(ball, part);
}

/** A stroke of brush or eraser, of a ball or limited to values where the hand says so; or one that measures. */
export function beginStroke(
  viewer: Viewer,
  paneId: PaneId,
  target: PromptTarget,
  from: CanvasPoint,
  given: {
    readonly tool: 'brush' | 'eraser';
    readonly hand: SegmentHand;
    readonly sizePx: number;
    readonly colour: string;
  },
): SegmentDraft | null {
  const first = target.pixelOf(from);
  const pane = viewer.pane(paneId);
  const geometry = pane?.getShown()?.cut.geometry;
  if (first === null || geometry === undefined) return null;
  const { position, plane } = target;
  const { tool, hand, sizePx } = given;
  const found = pane?.getPixels() ?? null;
  const pixels = found?.length === plane.width * plane.height ? found : null; // none in colour
  const { range } = hand;
  const look: StrokeLook = {
    colour: hand.samples ? '#ffffff' : given.colour,
    accepts: (at) => {
      const value = pixels?.[at];
      return hand.samples || range === null || value === undefined
        ? true
        : value >= range.lower && value <= range.upper;
    },
  };
  const isBall = hand.brushShape === 'sphere' && !hand.samples;
  const radii = computeBrushRadii(sizePx, plane.pixelSpacingMm);
  const radiusMm = (sizePx / 2) * Math.min(...plane.pixelSpacingMm);
  const stroke = createStroke(plane);
  let ball: SegmentSlices = new Map();
  let last = first;
  const extend = (next: ImagePoint): void => {
    const way = { from: last, to: next };
    if (isBall) ball = extendBall(ball, stroke, way, { plane, position, geometry, radiusMm, look });
    else extendStroke(stroke, last, next, { radii, ...look });
    last = next;
  };
  extend(first);
  const shape = { kind: 'edit' as const, tool: hand.samples ? ('brush' as const) : tool, stroke };
  const draftId = viewer.drafts.add({ ...position, plane, shape });
  const move = (point: CanvasPoint): void => {
    const next = target.pixelOf(point);
    if (next === null) return;
    extend(next);
    viewer.drafts.update(draftId, shape);
  };
  const finish = (): DrawnOnSegment | null => {
    if (hand.samples) {
      const measured = pixels === null ? null : findMiddleRange(pixels, stroke.mask.data);
      return measured && { ...position, kind: 'sample', range: measured };
    }
    if (isBall) {
      const acquired = computeSlicePlane(geometry, 'acquired');
      const slices = [...ball.keys()].map((k) => ({
        sliceIndex: k,
        region: cutSegmentSlice(ball, acquired, k),
      }));
      const covered = { axis: 'acquired' as const, slices };
      return slices.length === 0 ? null : { ...position, kind: 'stroke', tool, covered };
    }
    if (countMaskPixels(stroke.mask) === 0) return null;
    const slices = [{ sliceIndex: position.sliceIndex, region: packMask(stroke.mask) }];
    return { ...position, kind: 'stroke', tool, covered: { axis: position.axis, slices } };
  };
  return {
    draftId,
    move,
    finish(point) {
      move(point);
      return finish();
    },
  };
}
