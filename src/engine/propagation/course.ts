import type { MaskView } from './signs.js';

/** What the slices of a walk are held against besides the neighbour: what was given, and how the walk went so far. */
export interface Course {
  /** The given mask that the walk began at. */
  readonly start: MaskView;
  /** Of the largest given mask, in pixels: of a target that was given on a small slice, too, its size is known. */
  readonly givenArea: number;
  /** The largest of the walk's masks, in pixels, and the smallest since. */
  readonly mostArea: number;
  readonly leastArea: number;
  /** The best of the segmenter's scores; -Infinity before the first. */
  readonly bestScore: number;
  /** How far the walk has come, in pixels. */
  readonly distancePx: number;
}

export const beginCourse = (start: MaskView, givenArea: number): Course => ({
  ...{ start, givenArea, mostArea: start.area, leastArea: start.area },
  ...{ bestScore: -Infinity, distancePx: 0 },
});

/** The course with one more mask on it. */
export function goOn(
  course: Course,
  { area }: MaskView,
  score: number,
  distancePx: number,
): Course {
  const isLargest = area > course.mostArea;
  return {
    ...course,
    mostArea: isLargest ? area : course.mostArea,
    leastArea: isLargest ? area : Math.min(area, course.leastArea),
    bestScore: Math.max(score, course.bestScore),
    distancePx: course.distancePx + distancePx,
  };
}
