import { countMaskPixels, packMask } from '../../domain/mask.js';
import { imageToNormalised } from '../../domain/plane.js';
import type { ImagePoint, SlicePlane } from '../../domain/plane.js';
import { rasterisePolygon } from '../../domain/polygon.js';
import type { CanvasPoint } from './canvasMap.js';
import { createLivewire } from './livewire.js';
import type { PromptTarget } from './promptTarget.js';
import type { DrawnOnSegment } from './segmentHand.js';
import type { SegmentDraft } from './segmentStroke.js';
import type { Viewer } from './viewer.js';
import type { PaneId } from './viewerState.js';

const CLOSE_PX = 9; // a press this near to the first one closes the wire
const DOUBLE_MS = 350;

type OutlineTool = Extract<DrawnOnSegment, { kind: 'outline' }>['tool'];

/** What a closed line goes around; null: no pixel. */
function finishOutline(
  { position, plane }: PromptTarget,
  tool: OutlineTool,
  points: readonly ImagePoint[],
): DrawnOnSegment | null {
  const region = rasterisePolygon(points, plane);
  if (points.length < 3 || countMaskPixels(region) === 0) return null;
  const clamp = (value: number): number => Math.min(1, Math.max(0, value));
  const outline = points.map((point) => {
    const { x, y } = imageToNormalised(plane, point);
    return { x: clamp(x), y: clamp(y) };
  });
  return { ...position, kind: 'outline', tool, outline, region: packMask(region) };
}

/** A line that follows the hand while the button is down. */
export function beginLasso(
  viewer: Viewer,
  target: PromptTarget,
  tool: 'lasso' | 'cut-lasso',
  from: CanvasPoint,
): SegmentDraft | null {
  const first = target.pixelOf(from);
  if (first === null) return null;
  const { position, plane } = target;
  const points: ImagePoint[] = [first];
  const shape = () => ({
    kind: 'lasso' as const,
    tool,
    points: points.map((point) => imageToNormalised(plane, point)),
  });
  const draftId = viewer.drafts.add({ ...position, plane, shape: shape() });
  const move = (point: CanvasPoint): void => {
    const next = target.pixelOf(point);
    const last = points.at(-1) ?? first;
    // Half a pixel further tells nothing more.
    if (next === null || Math.hypot(next.column - last.column, next.row - last.row) < 0.5) return;
    points.push(next);
    viewer.drafts.update(draftId, shape());
  };
  return {
    draftId,
    move,
    finish(point) {
      move(point);
      return finishOutline(target, tool, points);
    },
  };
}

/** An outline in the making: each press holds the line, which finds its own way along edges to the pointer. */
export interface Wire {
  readonly draftId: number;
  /** Whether a press in a pane belongs to it: on the slice that it was begun on. */
  isOn(target: PromptTarget): boolean;
  follow(point: CanvasPoint): void;
  /** 'closed': the press ended it. */
  press(point: CanvasPoint): 'held' | 'closed';
  /** Closed along edges, too. */
  finish(): DrawnOnSegment | null;
}

const isSamePlane = (a: SlicePlane, b: SlicePlane): boolean =>
  a.axis === b.axis && a.width === b.width && a.height === b.height;

/** Null where the image is not there yet, or in colour. */
export function beginWire(
  viewer: Viewer,
  paneId: PaneId,
  target: PromptTarget,
  from: CanvasPoint,
): Wire | null {
  const pane = viewer.pane(paneId);
  const pixels = pane?.getPixels() ?? null;
  const { window } = viewer.state;
  const { position, plane } = target;
  const first = target.pixelOf(from);
  if (pixels?.length !== plane.width * plane.height || window === null || first === null)
    return null;
  const wire = createLivewire({ ...plane, pixels, window });
  let held: readonly ImagePoint[] = [];
  let holds: readonly ImagePoint[] = [first];
  let free: readonly ImagePoint[] = [first];
  let [lastPress, lastPressMs] = [from, -Infinity];
  wire.from(first);
  const draftId = viewer.drafts.add({
    ...position,
    plane,
    shape: { kind: 'wire', points: [imageToNormalised(plane, first)], holds: [] },
  });
  const show = (): void => {
    viewer.drafts.update(draftId, {
      kind: 'wire',
      points: [...held, ...free].map((point) => imageToNormalised(plane, point)),
      holds: holds.map((point) => imageToNormalised(plane, point)),
    });
  };
  const follow = (point: CanvasPoint): void => {
    const to = target.pixelOf(point);
    if (to === null) return;
    free = wire.pathTo(to);
    show();
  };
  const isNearFirst = (point: CanvasPoint): boolean =>
    Math.hypot(point.x - from.x, point.y - from.y) <= CLOSE_PX;
  return {
    draftId,
    isOn: (other) =>
      other.position.sliceIndex === position.sliceIndex &&
      other.position.phaseIndex === position.phaseIndex &&
      isSamePlane(other.plane, plane),
    follow,
    press(point) {
      const isDouble =
        performance.now() - lastPressMs < DOUBLE_MS &&
        Math.hypot(point.x - lastPress.x, point.y - lastPress.y) <= CLOSE_PX;
      [lastPress, lastPressMs] = [point, performance.now()];
      if (holds.length > 1 && (isDouble || isNearFirst(point))) return 'closed';
      follow(point);
      const end = free.at(-1) ?? first;
      held = [...held, ...free];
      holds = [...holds, end];
      free = [];
      wire.from(end);
      show();
      return 'held';
    },
    finish() {
      free = wire.pathTo(first);
      show();
      return finishOutline(target, 'livewire', [...held, ...free]);
    },
  };
}
