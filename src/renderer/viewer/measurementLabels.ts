import type { Types } from '@cornerstonejs/tools';

import type { CanvasPoint } from './canvasMap.js';
import { drawText, measureText } from './marksDrawing.js';
import { handlesOf, imageIdOf, listAnnotations } from './measurements.js';
import { measurementColour } from './overlayColours.js';
import type { Pane } from './pane.js';

/** The words of an annotation in a pane that shows it. */
export type DescribeMeasurement = (annotation: Types.Annotation, pane: Pane) => readonly string[];

/** The words of one measurement and the stretch of the pane (CSS px) that it takes up. */
export interface MeasurementLabel {
  readonly left: number;
  readonly right: number;
  /** Height of its rightmost end. */
  readonly y: number;
  readonly lines: readonly string[];
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const LINE_PX = 16;
const GAP_PX = 10;
const EDGE_PX = 8;

/** Labels of the measurements on the shown image. */
export function planLabels(
  pane: Pane,
  seriesKey: string,
  describe: DescribeMeasurement,
): readonly MeasurementLabel[] {
  return listAnnotations(seriesKey).flatMap((annotation): readonly MeasurementLabel[] => {
    if (!pane.shows(imageIdOf(annotation))) return [];
    const lines = describe(annotation, pane);
    const ends = handlesOf(annotation).map((point) => pane.worldToPane(point));
    if (lines.length === 0 || ends.length === 0) return [];
    const right = Math.max(...ends.map((end) => end.x));
    const atRight = ends.filter((end) => end.x === right);
    const y = atRight.reduce((sum, end) => sum + end.y, 0) / Math.max(1, atRight.length);
    const left = Math.min(...ends.map((end) => end.x));
    return [{ left, right, y, lines }];
  });
}

/** Right of the measurement; left of it, or over it, where the pane ends. The middle of the first line. */
export function placeLabel(label: MeasurementLabel, textWidth: number, pane: Size): CanvasPoint {
  const farthestX = pane.width - EDGE_PX - textWidth;
  const right = label.right + GAP_PX;
  const left = label.left - GAP_PX - textWidth;
  const x = right <= farthestX ? right : left >= EDGE_PX ? left : farthestX;
  const lowestY = pane.height - EDGE_PX - LINE_PX * (label.lines.length - 0.5);
  return {
    x: Math.max(EDGE_PX, x),
    y: Math.max(EDGE_PX + LINE_PX / 2, Math.min(lowestY, label.y)),
  };
}

export function drawLabels(
  context: CanvasRenderingContext2D,
  labels: readonly MeasurementLabel[],
  pane: Size,
): void {
  context.save();
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  for (const label of labels) {
    const textWidth = Math.max(...label.lines.map((line) => measureText(context, line)));
    const { x, y } = placeLabel(label, textWidth, pane);
    for (const [n, line] of label.lines.entries())
      drawText(context, line, { x, y: y + n * LINE_PX }, measurementColour);
  }
  context.restore();
}
