import type { Mask } from '../../domain/mask.js';
import type { NormalisedPoint, SlicePlane } from '../../domain/plane.js';
import type { PlacedPoint, Prompts } from '../../domain/prompts.js';
import { addsPixels } from '../../domain/session.js';
import { composeMaps, pixelToCanvas } from './canvasMap.js';
import type { CanvasMap, CanvasPoint } from './canvasMap.js';
import type { Draft } from './drafts.js';
import { drawBox, drawClicks, drawScribble, drawWire } from './marksDrawing.js';
import { drawMask } from './maskDrawing.js';
import type { DrawableMask } from './maskDrawing.js';
import type { Flash } from './maskFlash.js';
import type { PixelMap } from './slicePlacement.js';

/** With its pixels: across its slice it is drawn as a line. */
export interface SessionMask extends DrawableMask {
  readonly mask: Mask;
}

/** A session's mask and prompts, on the slice image that they are told in. */
export interface SessionMarks {
  /** Another number whenever anything of it changed. */
  readonly version: number;
  readonly phaseIndex: number;
  readonly plane: SlicePlane;
  readonly sliceIndex: number;
  readonly prompts: Prompts;
  readonly mask: SessionMask | null;
  readonly colour: string;
  readonly opacity: number;
}

/** Where the pixels of one slice image lie in a pane: first to those of the cut that it shows, then on the screen. */
export interface Placement {
  readonly plane: SlicePlane;
  readonly pixels: PixelMap;
  readonly map: CanvasMap;
}

function createPlacer({ plane, pixels, map }: Placement): (point: NormalisedPoint) => CanvasPoint {
  const whole = composeMaps(map, pixels);
  return ({ x, y }) =>
    pixelToCanvas(whole, { column: x * plane.width - 0.5, row: y * plane.height - 0.5 });
}

/** An image with one pixel for each of the slice's. */
function drawPixels(
  context: CanvasRenderingContext2D,
  image: OffscreenCanvas,
  { pixels, map }: Placement,
  look: { readonly opacity: number; readonly operation?: GlobalCompositeOperation },
): void {
  const { a, b, c, d, e, f } = composeMaps(map, pixels);
  context.save();
  context.globalAlpha = look.opacity;
  context.globalCompositeOperation = look.operation ?? 'source-over';
  context.imageSmoothingEnabled = false;
  context.transform(a, b, c, d, e, f);
  context.drawImage(image, -0.5, -0.5); // pixel centres are at integers
  context.restore();
}

export function drawMaskAndFlash(
  context: CanvasRenderingContext2D,
  session: SessionMarks,
  flash: Flash | null,
  placement: Placement,
): void {
  if (session.mask !== null)
    drawMask(context, session.mask, placement.map, placement.pixels, session);
  if (flash !== null) drawPixels(context, flash.image, placement, { opacity: flash.opacity });
}

/** A stroke over the mask, as the mask will be once it is in it. */
export function drawStroke(
  context: CanvasRenderingContext2D,
  { shape }: Draft,
  placement: Placement,
  opacity: number,
): void {
  if (shape.kind !== 'edit') return;
  const { image } = shape.stroke;
  drawPixels(context, image, placement, { opacity: 1, operation: 'destination-out' });
  if (addsPixels(shape.tool)) drawPixels(context, image, placement, { opacity });
}

const line = (points: readonly PlacedPoint[]): readonly NormalisedPoint[] =>
  points.map(({ normalised }) => normalised);

/** Box, scribbles and numbered clicks. */
export function drawPrompts(
  context: CanvasRenderingContext2D,
  { clicks, box, scribbles }: Prompts,
  placement: Placement,
): void {
  const place = createPlacer(placement);
  for (const scribble of scribbles)
    drawScribble(context, line(scribble.points).map(place), scribble.label);
  if (box !== null)
    drawBox(context, place(box.topLeft.normalised), place(box.bottomRight.normalised));
  drawClicks(context, clicks, ({ normalised }) => place(normalised));
}

/** A box, scribble or lasso under the pointer, or on its way to the engine; strokes are drawn with the mask. */
export function drawDraft(
  context: CanvasRenderingContext2D,
  { shape }: Draft,
  placement: Placement,
): void {
  const place = createPlacer(placement);
  if (shape.kind === 'box') drawBox(context, place(shape.from), place(shape.to));
  if (shape.kind === 'scribble') drawScribble(context, shape.points.map(place), shape.label);
  if (shape.kind === 'wire') drawWire(context, shape.points.map(place), shape.holds.map(place));
  // Closed as it will be when it is let go.
  if (shape.kind === 'lasso')
    drawScribble(
      context,
      [...shape.points, ...shape.points.slice(0, 1)].map(place),
      addsPixels(shape.tool) ? 'include' : 'exclude',
    );
}
