import type { Click } from '../../domain/prompts.js';
import { pixelToCanvas } from './canvasMap.js';
import type { CanvasMap, CanvasPoint } from './canvasMap.js';
import { clickColours } from './overlayColours.js';
import type { ScaleBar } from './scaleBar.js';

const HALO = 'rgba(0, 0, 0, 0.85)';
const ARM = 6; // half the length of the plus or minus, px
const RING = 10;
const WIRE_COLOUR = '#ffd54a';
const FONT = "600 12px system-ui, 'Segoe UI', 'Noto Sans', sans-serif";

function strokeTwice(context: CanvasRenderingContext2D, colour: string, width: number): void {
  context.lineWidth = width + 2.5;
  context.strokeStyle = HALO;
  context.stroke();
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
}

/** CSS px that `drawText` takes up. */
export function measureText(context: CanvasRenderingContext2D, text: string): number {
  context.font = FONT;
  return context.measureText(text).width;
}

export function drawText(
  context: CanvasRenderingContext2D,
  text: string,
  at: CanvasPoint,
  colour: string,
): void {
  context.font = FONT;
  context.lineJoin = 'round';
  context.lineWidth = 3.5;
  context.strokeStyle = HALO;
  context.strokeText(text, at.x, at.y);
  context.fillStyle = colour;
  context.fillText(text, at.x, at.y);
}

/** Numbered clicks: include a green plus, exclude a red minus, a ring where the user placed it. */
export function drawClicks(
  context: CanvasRenderingContext2D,
  clicks: readonly Click[],
  placeOf: (click: Click) => CanvasPoint,
): void {
  context.save();
  context.lineCap = 'round';
  for (const click of clicks) {
    const { x, y } = placeOf(click);
    const colour = clickColours[click.label];
    context.beginPath();
    context.moveTo(x - ARM, y);
    context.lineTo(x + ARM, y);
    if (click.label === 'include') {
      context.moveTo(x, y - ARM);
      context.lineTo(x, y + ARM);
    }
    strokeTwice(context, colour, 2.5);
    if (click.placedBy === 'user') {
      context.beginPath();
      context.arc(x, y, RING, 0, 2 * Math.PI);
      strokeTwice(context, colour, 1.5);
    }
    context.textAlign = 'left';
    context.textBaseline = 'alphabetic';
    drawText(context, String(click.index + 1), { x: x + RING, y: y - RING + 4 }, colour);
  }
  context.restore();
}

/** A line drawn by hand: include green, exclude red and dashed, so that the colour is not all that tells them apart. */
export function drawScribble(
  context: CanvasRenderingContext2D,
  points: readonly CanvasPoint[],
  label: 'include' | 'exclude',
): void {
  const [first] = points;
  if (first === undefined) return;
  context.save();
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.globalAlpha = 0.9;
  context.beginPath();
  context.moveTo(first.x, first.y);
  for (const { x, y } of points.length === 1 ? points : points.slice(1)) context.lineTo(x, y);
  context.lineWidth = 6;
  context.strokeStyle = HALO;
  context.stroke();
  context.lineWidth = 3.5;
  context.strokeStyle = clickColours[label];
  if (label === 'exclude') context.setLineDash([5, 7]);
  context.stroke();
  context.restore();
}

/** An outline in the making, and a dot where each press holds it; the first one closes it. */
export function drawWire(
  context: CanvasRenderingContext2D,
  points: readonly CanvasPoint[],
  holds: readonly CanvasPoint[],
): void {
  const [first, ...rest] = points;
  if (first === undefined) return;
  context.save();
  context.lineJoin = 'round';
  context.beginPath();
  context.moveTo(first.x, first.y);
  for (const { x, y } of rest) context.lineTo(x, y);
  strokeTwice(context, WIRE_COLOUR, 2);
  for (const [n, { x, y }] of holds.entries()) {
    context.beginPath();
    context.arc(x, y, n === 0 ? 5 : 3, 0, 2 * Math.PI);
    context.fillStyle = WIRE_COLOUR;
    context.fill();
    strokeTwice(context, n === 0 ? '#fff' : WIRE_COLOUR, 1);
  }
  context.restore();
}

/** A box around the target; its corners may be turned on a flipped or transposed view. */
export function drawBox(
  context: CanvasRenderingContext2D,
  corner: CanvasPoint,
  opposite: CanvasPoint,
): void {
  context.save();
  context.lineJoin = 'round';
  context.beginPath();
  context.rect(corner.x, corner.y, opposite.x - corner.x, opposite.y - corner.y);
  strokeTwice(context, clickColours.include, 1.75);
  context.restore();
}

/** The line along which another pane's slice cuts this one. */
export interface ReferenceLine {
  readonly along: 'column' | 'row'; // which pixel coordinate is fixed
  readonly at: number;
  readonly colour: string;
}

/** Reference lines across the whole pane, with a gap around the point where they cross. */
export function drawReferenceLines(
  context: CanvasRenderingContext2D,
  lines: readonly ReferenceLine[],
  centre: CanvasPoint,
  map: CanvasMap,
  size: { readonly width: number; readonly height: number },
): void {
  const GAP = 14;
  const far = size.width + size.height;
  context.save();
  context.lineWidth = 1;
  context.globalAlpha = 0.8;
  for (const line of lines) {
    const at = pixelToCanvas(
      map,
      line.along === 'column' ? { column: line.at, row: 0 } : { column: 0, row: line.at },
    );
    // Unit vector along the line, on screen.
    const [vx, vy] = line.along === 'column' ? [map.c, map.d] : [map.a, map.b];
    const norm = Math.hypot(vx, vy);
    if (norm === 0) continue;
    const [ux, uy] = [vx / norm, vy / norm];
    const middle = (centre.x - at.x) * ux + (centre.y - at.y) * uy;
    context.strokeStyle = line.colour;
    context.beginPath();
    for (const [from, to] of [
      [middle - far, middle - GAP],
      [middle + GAP, middle + far],
    ] as const) {
      context.moveTo(at.x + from * ux, at.y + from * uy);
      context.lineTo(at.x + to * ux, at.y + to * uy);
    }
    context.stroke();
  }
  context.restore();
}

/** At the middle of the lower edge, with ticks and its length above. */
export function drawScaleBar(
  context: CanvasRenderingContext2D,
  bar: ScaleBar,
  size: { readonly width: number; readonly height: number },
): void {
  const left = (size.width - bar.lengthPx) / 2;
  const right = left + bar.lengthPx;
  const y = size.height - 12;
  context.save();
  context.beginPath();
  context.moveTo(left, y - 5);
  context.lineTo(left, y);
  context.lineTo(right, y);
  context.lineTo(right, y - 5);
  strokeTwice(context, '#e6e8eb', 1.25);
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  drawText(context, bar.label, { x: size.width / 2, y: y - 7 }, '#e6e8eb');
  context.restore();
}
