import type { Mask } from '../../domain/mask.js';
import { normalisedToImage } from '../../domain/plane.js';
import type { SegmenterPrompts } from '../agent/types.js';

/**
 * Which part of an image a click net looks at: the whole of it, or a square about the target, so that a small
 * target is seen in as many pixels as a large one. The twin of training/ibis_training/segmenter_frames.py.
 */
const FOCUS_MARGIN = 3; // side of a window over the extent of what it is about
const FOCUS_LEAST_PX = 48; // a smaller window shows nothing more
const FOCUS_MOST = 0.5; // of the image's longer side; beyond, the whole image is shown
const REFOCUS_BELOW = 0.7; // a window this much smaller than the one looked at is worth a second look

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Whole pixels of the image. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

/** Left and top inclusive, right and bottom exclusive, in pixels of the image. */
export interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const wholeWindow = ({ width, height }: Size): Window => ({
  left: 0,
  top: 0,
  width,
  height,
});

/** The square window about the bounds, moved into the image; the whole image where it would show most of it. */
export function focusWindow(bounds: Bounds | null, image: Size): Window {
  if (bounds === null) return wholeWindow(image);
  const extent = Math.max(bounds.right - bounds.left, bounds.bottom - bounds.top);
  const side = Math.max(Math.ceil(FOCUS_MARGIN * extent), FOCUS_LEAST_PX);
  if (side >= FOCUS_MOST * Math.max(image.width, image.height)) return wholeWindow(image);
  const width = Math.min(side, image.width);
  const height = Math.min(side, image.height);
  const left = Math.floor((bounds.left + bounds.right - width) / 2 + 0.5);
  const top = Math.floor((bounds.top + bounds.bottom - height) / 2 + 0.5);
  return {
    left: Math.min(Math.max(left, 0), image.width - width),
    top: Math.min(Math.max(top, 0), image.height - height),
    width,
    height,
  };
}

export function joinBounds(parts: readonly (Bounds | null)[]): Bounds | null {
  const given = parts.filter((part) => part !== null);
  if (given.length === 0) return null;
  return {
    left: Math.min(...given.map(({ left }) => left)),
    top: Math.min(...given.map(({ top }) => top)),
    right: Math.max(...given.map(({ right }) => right)),
    bottom: Math.max(...given.map(({ bottom }) => bottom)),
  };
}

export function boundsOfMask({ width, height, data }: Mask): Bounds | null {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      if (data[row * width + column] === 1) {
        left = Math.min(left, column);
        right = Math.max(right, column + 1);
        top = Math.min(top, row);
        bottom = row + 1;
      }
  return right === 0 ? null : { left, top, right, bottom };
}

/** What is said to lie in the target: include clicks and scribbles, and the box. */
export function boundsOfPrompts(
  { clicks, box, scribbles }: SegmenterPrompts,
  image: Size,
): Bounds | null {
  const around = (points: readonly { readonly x: number; readonly y: number }[]): Bounds[] =>
    points.map(({ x, y }) => ({
      left: x * image.width,
      top: y * image.height,
      right: x * image.width,
      bottom: y * image.height,
    }));
  const spots = clicks.flatMap(({ label, normalised }) => {
    const { column, row } = normalisedToImage(image, normalised);
    return label === 'include'
      ? [{ left: column, top: row, right: column + 1, bottom: row + 1 }]
      : [];
  });
  const lines = scribbles.flatMap(({ label, points }) =>
    label === 'include' ? around(points) : [],
  );
  return joinBounds([
    ...spots,
    ...lines,
    ...around(box === null ? [] : [box.topLeft, box.bottomRight]),
  ]);
}

/** Whether what was found is small in the window that was looked at, or cut off by it. */
export function isWorthRefocusing(
  window: Window,
  wanted: Window,
  found: Bounds,
  image: Size,
): boolean {
  const longer = (size: Size): number => Math.max(size.width, size.height);
  if (longer(wanted) < REFOCUS_BELOW * longer(window)) return true;
  const isOther =
    wanted.left !== window.left ||
    wanted.top !== window.top ||
    wanted.width !== window.width ||
    wanted.height !== window.height;
  const right = window.left + window.width;
  const bottom = window.top + window.height;
  return (
    isOther &&
    ((found.left <= window.left && window.left > 0) ||
      (found.top <= window.top && window.top > 0) ||
      (found.right >= right && right < image.width) ||
      (found.bottom >= bottom && bottom < image.height))
  );
}
