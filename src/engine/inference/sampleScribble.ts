import type { NormalisedPoint } from '../../domain/plane.js';
import type { PromptClick, PromptScribble, SliceImage } from '../agent/types.js';

/** More points on one line tell a point-prompted model nothing new and outvote the clicks beside it. */
const MAX_CLICKS = 8;
/** Share of the image's longer side between two clicks: about four cells of the model's 64 x 64 embedding. */
const SPACING = 1 / 16;

/**
 * A scribble as clicks, for a segmenter that knows points only: at the middles of equal stretches of the line,
 * where a hand is steadier than at its ends. Lengths are in pixels of the slice.
 */
export function sampleScribble(
  { width, height }: Pick<SliceImage, 'width' | 'height'>,
  { label, points }: PromptScribble,
): readonly PromptClick[] {
  const ends: number[] = []; // length of the line up to each of its points
  for (const [index, point] of points.entries()) {
    const before = points[index - 1] ?? point;
    const stretch = Math.hypot((point.x - before.x) * width, (point.y - before.y) * height);
    ends.push((ends.at(-1) ?? 0) + stretch);
  }
  const length = ends.at(-1) ?? 0;
  const wanted = Math.ceil(length / (SPACING * Math.max(width, height)));
  const count = Math.min(MAX_CLICKS, Math.max(1, wanted));

  const pointAt = (distance: number): NormalisedPoint | undefined => {
    const index = ends.findIndex((end) => end >= distance);
    const [from, to] = [points[index - 1] ?? points[index], points[index]];
    if (from === undefined || to === undefined) return points[0];
    const [begin, end] = [ends[index - 1] ?? 0, ends[index] ?? 0];
    const share = end > begin ? (distance - begin) / (end - begin) : 0;
    return { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) };
  };

  return Array.from({ length: count }, (_, n) => pointAt(((n + 0.5) / count) * length)).flatMap(
    (normalised) => (normalised === undefined ? [] : [{ label, normalised }]),
  );
}
