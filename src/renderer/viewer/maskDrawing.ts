import { unpackBounds } from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';
import { composeMaps, pixelToCanvas } from './canvasMap.js';
import type { CanvasMap } from './canvasMap.js';
import { traceMaskOutline } from './maskOutline.js';
import { rgbOf } from './overlayColours.js';
import type { PixelMap } from './slicePlacement.js';

const OUTLINE_PX = 1.5;

/** A mask made ready to draw. Only its box is: a slice may have a hundred, each of a few pixels. */
export interface DrawableMask {
  /** Its pixels as an image, and where in the slice that begins; null when empty. */
  readonly fill: {
    readonly image: OffscreenCanvas;
    readonly left: number;
    readonly top: number;
  } | null;
  readonly outline: Path2D; // in slice pixels
}

export function makeDrawableMask(packed: PackedMask, colour: string): DrawableMask {
  const outline = new Path2D();
  const { bounds } = packed;
  if (bounds === null) return { fill: null, outline };
  const { left, top } = bounds;
  const box = unpackBounds(packed, bounds);
  for (const [x1, y1, x2, y2] of traceMaskOutline(box)) {
    outline.moveTo(left + x1, top + y1);
    outline.lineTo(left + x2, top + y2);
  }
  const image = new OffscreenCanvas(box.width, box.height);
  const pixels = new ImageData(box.width, box.height);
  const [red, green, blue] = rgbOf(colour);
  const rgba = new Uint32Array(pixels.data.buffer);
  const [own = 0] = new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer);
  for (let p = 0; p < rgba.length; p++) if (box.data[p] === 1) rgba[p] = own;
  image.getContext('2d')?.putImageData(pixels, 0, 0);
  return { fill: { image, left, top }, outline };
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
  const { image, left, top } = drawable.fill;
  context.drawImage(image, left - 0.5, top - 0.5); // pixel centres are at integers
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
