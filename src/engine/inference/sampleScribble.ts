import { measurePolyline, samplePolyline } from '../../domain/polyline.js';
import type { PromptClick, PromptScribble, SliceImage } from '../agent/types.js';

/** More points on one line tell a point-prompted model nothing new and outvote the clicks beside it. */
const MAX_CLICKS = 8;
/** Share of the image's longer side between two clicks: about four cells of the model's 64 x 64 embedding. */
const SPACING = 1 / 16;

/** A scribble as clicks, evenly along it (not at its ends, where a hand is less steady), for a segmenter that knows points only. */
export function sampleScribble(
  slice: Pick<SliceImage, 'width' | 'height'>,
  { label, points }: PromptScribble,
): readonly PromptClick[] {
  const spacingPx = SPACING * Math.max(slice.width, slice.height);
  const wanted = Math.ceil(measurePolyline(points, slice) / spacingPx);
  const count = Math.min(MAX_CLICKS, Math.max(1, wanted));
  return samplePolyline(points, count, slice).map((normalised) => ({ label, normalised }));
}
