import type { CanvasMap } from './canvasMap.js';
import { rgbOf } from './overlayColours.js';
import type { Pane } from './pane.js';
import type { RangePreview } from './segmentHand.js';
import type { PlacedSlice } from './seriesSource.js';

const OPACITY = 0.45;

type PlannedPreview = RangePreview & { readonly imageId: string };
const made = new WeakMap<Pane, { readonly key: string; readonly image: OffscreenCanvas }>();

/** What of a pane's image is to be shown; null: nothing, or an image in colour. */
export function planRangePreview(
  pane: Pane,
  { image }: PlacedSlice,
  preview: RangePreview | null,
): PlannedPreview | null {
  const imageId = pane.getShownImageId();
  return preview === null || imageId === null || image.samplesPerPixel !== 1
    ? null
    : { ...preview, imageId };
}

/** Without an outline, so that it is not taken for a segment. */
export function drawRangePreview(
  context: CanvasRenderingContext2D,
  pane: Pane,
  preview: PlannedPreview,
  { a, b, c, d, e, f }: CanvasMap,
): void {
  const key = JSON.stringify(preview);
  const known = made.get(pane);
  const image = known?.key === key ? known.image : paintRange(pane, preview);
  if (image === null) return;
  made.set(pane, { key, image });
  context.save();
  context.globalAlpha = OPACITY;
  context.imageSmoothingEnabled = false;
  context.transform(a, b, c, d, e, f);
  context.drawImage(image, -0.5, -0.5); // pixel centres are at integers
  context.restore();
}

/** The pixels of the shown image with values in the range; null where they are not there yet. */
function paintRange(pane: Pane, { lower, upper, colour }: RangePreview): OffscreenCanvas | null {
  const values = pane.getPixels();
  const plane = pane.getShown()?.cut.plane;
  if (plane === undefined || values?.length !== plane.width * plane.height) return null;
  const image = new OffscreenCanvas(plane.width, plane.height);
  const pixels = new ImageData(plane.width, plane.height);
  const [red, green, blue] = rgbOf(colour);
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? NaN;
    if (value >= lower && value <= upper) pixels.data.set([red, green, blue, 255], at * 4);
  }
  image.getContext('2d')?.putImageData(pixels, 0, 0);
  return image;
}
