import { computeBrushRadii } from '../../domain/brush.js';
import { countMaskPixels, packMask } from '../../domain/mask.js';
import { normalisedToImage } from '../../domain/plane.js';
import type { ImagePoint, NormalisedPoint } from '../../domain/plane.js';
import { rasterisePolygon } from '../../domain/polygon.js';
import { MAX_SCRIBBLE_POINTS } from '../../domain/prompts.js';
import type { EditTool } from '../../domain/session.js';
import type { CanvasPoint } from './canvasMap.js';
import { createStroke, extendStroke } from './drafts.js';
import type { DraftShape, Stroke } from './drafts.js';
import { segmentColours } from './overlayColours.js';
import { findPromptTarget } from './promptTarget.js';
import type { PromptTarget } from './promptTarget.js';
import type { Viewer } from './viewer.js';
import type { DrawnPrompt, PlacedPrompt, PromptTool, SessionOverlay } from './viewerApi.js';
import type { PaneId } from './viewerState.js';

const CLICK_PX = 4; // a hand trembles

/** One press of the left button with a prompt tool, from down to up. */
interface Drawing {
  readonly move: (point: CanvasPoint) => void;
  /** What came of it; null: nothing that counts. */
  readonly finish: (point: CanvasPoint) => DrawnPrompt | null;
  readonly draftId: number | null;
}

/** Clicks, boxes, scribbles, lassos and strokes, drawn on the image by hand. */
export interface PromptDrawing {
  begin(paneId: PaneId, tool: PromptTool, point: CanvasPoint): void;
  move(point: CanvasPoint): void;
  end(point: CanvasPoint): void;
  /** Forgets what is being drawn; false when nothing is. */
  cancel(): boolean;
}

export function createPromptDrawing(
  viewer: Viewer,
  options: {
    readonly overlay: () => SessionOverlay | null;
    readonly brushSizePx: () => number;
    /** '#rrggbb'; null: the session's. */
    readonly strokeColour: () => string | null;
    /** From the press until the button is let go, or the drawing dropped. */
    readonly onDrawing: (isDrawing: boolean) => void;
    readonly onPlaced: (placed: PlacedPrompt) => void;
  },
): PromptDrawing {
  const { drafts } = viewer;
  let current: Drawing | null = null;

  const beginClick = (
    target: PromptTarget,
    label: 'include' | 'exclude',
    from: CanvasPoint,
  ): Drawing => ({
    draftId: null,
    move: () => undefined,
    finish: (point) => {
      const normalised = target.normalisedOf(point);
      const isDrag = Math.hypot(point.x - from.x, point.y - from.y) > CLICK_PX;
      return normalised === null || isDrag
        ? null
        : { ...target.position, kind: 'click', label, normalised };
    },
  });

  const beginBox = (target: PromptTarget, from: CanvasPoint): Drawing | null => {
    const corner = target.normalisedOf(from);
    if (corner === null) return null;
    const { position, plane } = target;
    const draftId = drafts.add({
      ...position,
      plane,
      shape: { kind: 'box', from: corner, to: corner },
    });
    return {
      draftId,
      move: (point) => {
        const to = target.normalisedOf(point);
        if (to !== null) drafts.update(draftId, { kind: 'box', from: corner, to });
      },
      finish: (point) => {
        const to = target.normalisedOf(point);
        if (to === null) return null;
        const topLeft = { x: Math.min(corner.x, to.x), y: Math.min(corner.y, to.y) };
        const bottomRight = { x: Math.max(corner.x, to.x), y: Math.max(corner.y, to.y) };
        const isThin =
          (bottomRight.x - topLeft.x) * plane.width < 1 ||
          (bottomRight.y - topLeft.y) * plane.height < 1 ||
          Math.min(Math.abs(point.x - from.x), Math.abs(point.y - from.y)) < CLICK_PX;
        return isThin ? null : { ...position, kind: 'box', topLeft, bottomRight };
      },
    };
  };

  /** A line that follows the pointer, and what becomes of it. */
  const beginLine = (
    target: PromptTarget,
    from: CanvasPoint,
    shapeOf: (points: readonly NormalisedPoint[]) => DraftShape,
    finishLine: (points: readonly NormalisedPoint[]) => DrawnPrompt | null,
  ): Drawing | null => {
    const first = target.normalisedOf(from);
    if (first === null) return null;
    const { position, plane } = target;
    let points: readonly NormalisedPoint[] = [first];
    const draftId = drafts.add({ ...position, plane, shape: shapeOf(points) });
    const extend = (point: CanvasPoint): void => {
      const next = target.normalisedOf(point);
      const last = points.at(-1) ?? first;
      if (next === null) return;
      // Half a pixel further tells nothing more.
      if (Math.hypot((next.x - last.x) * plane.width, (next.y - last.y) * plane.height) < 0.5)
        return;
      points = [...points, next];
      drafts.update(draftId, shapeOf(points));
    };
    return {
      draftId,
      move: extend,
      finish: (point) => {
        extend(point);
        return finishLine(points);
      },
    };
  };

  const beginScribble = (
    target: PromptTarget,
    label: 'include' | 'exclude',
    from: CanvasPoint,
  ): Drawing | null =>
    beginLine(
      target,
      from,
      (points) => ({ kind: 'scribble', label, points }),
      (points) => ({ ...target.position, kind: 'scribble', label, points: thin(points) }),
    );

  /** What the line goes around, closed from its end to its beginning. */
  const beginLasso = (target: PromptTarget, tool: EditTool, from: CanvasPoint): Drawing | null =>
    beginLine(
      target,
      from,
      (points) => ({ kind: 'lasso', tool, points }),
      (points) => {
        const outline = points.map((point) => normalisedToImage(target.plane, point));
        const region = rasterisePolygon(outline, target.plane);
        return countMaskPixels(region) === 0
          ? null
          : { ...target.position, kind: 'edit', tool, region: packMask(region) };
      },
    );

  const beginEdit = (target: PromptTarget, tool: EditTool, from: CanvasPoint): Drawing | null => {
    const first = target.pixelOf(from);
    if (first === null) return null;
    const { position, plane } = target;
    const brush = {
      radii: computeBrushRadii(options.brushSizePx(), plane.pixelSpacingMm),
      colour: options.strokeColour() ?? options.overlay()?.colour ?? segmentColours[0],
    };
    const stroke: Stroke = createStroke(plane);
    let last: ImagePoint = first;
    extendStroke(stroke, first, first, brush);
    const draftId = drafts.add({ ...position, plane, shape: { kind: 'edit', tool, stroke } });
    const extend = (point: CanvasPoint): void => {
      const next = target.pixelOf(point);
      if (next === null) return;
      extendStroke(stroke, last, next, brush);
      last = next;
      drafts.update(draftId, { kind: 'edit', tool, stroke });
    };
    return {
      draftId,
      move: extend,
      finish: (point) => {
        extend(point);
        return countMaskPixels(stroke.mask) === 0
          ? null
          : { ...position, kind: 'edit', tool, region: packMask(stroke.mask) };
      },
    };
  };

  const start = (paneId: PaneId, tool: PromptTool, point: CanvasPoint): Drawing | null => {
    const target = findPromptTarget(viewer, paneId, point, options.overlay());
    if (target === null) return null;
    switch (tool) {
      case 'include':
      case 'exclude':
        return beginClick(target, tool, point);
      case 'box':
        return beginBox(target, point);
      case 'include-scribble':
        return beginScribble(target, 'include', point);
      case 'exclude-scribble':
        return beginScribble(target, 'exclude', point);
      case 'brush':
      case 'eraser':
        return beginEdit(target, tool, point);
      case 'lasso':
      case 'cut-lasso':
        return beginLasso(target, tool, point);
    }
  };

  const cancel = (): boolean => {
    const wasDrawing = current !== null;
    if (current?.draftId != null) drafts.remove(current.draftId);
    current = null;
    if (wasDrawing) options.onDrawing(false);
    return wasDrawing;
  };

  return {
    begin(paneId, tool, point) {
      cancel();
      current = start(paneId, tool, point);
      if (current !== null) options.onDrawing(true);
    },
    move: (point) => current?.move(point),
    end(point) {
      const placed = current?.finish(point) ?? null;
      if (current === null || placed === null) {
        cancel();
        return;
      }
      const { draftId } = current;
      current = null;
      options.onPlaced({ ...placed, draftId });
    },
    cancel,
  };
}

/** Every second point goes until few enough remain; the last one stays. */
function thin(points: readonly NormalisedPoint[]): readonly NormalisedPoint[] {
  if (points.length <= MAX_SCRIBBLE_POINTS) return points;
  return thin(points.filter((_, index) => index % 2 === 0 || index === points.length - 1));
}
