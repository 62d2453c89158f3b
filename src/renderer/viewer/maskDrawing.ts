import { unpackMask } from '../../domain/mask.js';
import type { Mask, PackedMask } from '../../domain/mask.js';
import { composeMaps, pixelToCanvas } from './canvasMap.js';
import type { CanvasMap } from './canvasMap.js';
import { traceMaskOutline } from './maskOutline.js';
import { rgbOf } from './overlayColours.js';
import type { PixelMap } from './slicePlacement.js';

const OUTLINE_PX = 1.5;

/** A mask made ready to draw: its fill as an image and its boundary as a path, both in slice pixels. */
export interface DrawableMask {
  readonly mask: Mask;
  readonly fill: OffscreenCanvas | null; // null when empty
  readonly outline: Path2D;
}

export function makeDrawableMask(packed: PackedMask, colour: string): DrawableMask {
  const mask = unpackMask(packed);
  const outline = new Path2D();
  for (const [x1, y1, x2, y2] of traceMaskOutline(mask)) {
    outline.moveTo(x1, y1);
    outline.lineTo(x2, y2);
  }
  if (packed.bounds === null) return { mask, fill: null, outline };
  const fill = new OffscreenCanvas(mask.width, mask.height);
  const image = new ImageData(mask.width, mask.height);
  const [red, green, blue] = rgbOf(colour);
  for (let p = 0; p < mask.data.length; p++)
    if (mask.data[p] === 1) image.data.set([red, green, blue, 255], p * 4);
  fill.getContext('2d')?.putImageData(image, 0, 0);
  return { mask, fill, outline };
}

/** Draws the mask where its slice is shown face on. */
export function drawMask(
  context: CanvasRenderingContext2D,
  drawable: DrawableMask,
  map: CanvasMap,
  pixels: PixelMap,
  look: { readonly colour: string; readonly opacity: number; readonly lineWidthPx?: number },
): void {
  const lineWidthPx = look.lineWidthPx ?? OUTLINE_PX;
  if (drawable.fill === null) return;
  const { a, b, c, d, e, f } = composeMaps(map, pixels);
  context.save();
  context.globalAlpha = look.opacity;
  context.imageSmoothingEnabled = false;
  context.transform(a, b, c, d, e, f);
  context.drawImage(drawable.fill, -0.5, -0.5); // pixel centres are at integers
  context.restore();

  if (lineWidthPx === 0) return;
  const path = new Path2D();
  path.addPath(drawable.outline, new DOMMatrix([a, b, c, d, e, f]));
  context.save();
  context.strokeStyle = look.colour;
  context.lineWidth = lineWidthPx;
  context.lineCap = 'square';
  context.stroke(path);
  context.restore();
}

/** Draws the mask as a thin line where its slice is seen edge on: `runs` in pixels of the shown slice. */
export function drawMaskEdgeOn(
  context: CanvasRenderingContext2D,
  runs: readonly EdgeRun[],
  map: CanvasMap,
  colour: string,
): void {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.beginPath();
  for (const { from, to } of runs) {
    const start = pixelToCanvas(map, from);
    const end = pixelToCanvas(map, to);
    context.moveTo(start.x, start.y);
    context.lineTo(end.x, end.y);
  }
  context.stroke();
  context.restore();
}

export interface EdgeRun {
  readonly from: { readonly column: number; readonly row: number };
  readonly to: { readonly column: number; readonly row: number };
}
