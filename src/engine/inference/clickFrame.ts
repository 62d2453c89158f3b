import type { Mask } from '../../domain/mask.js';
import { normalisedToImage } from '../../domain/plane.js';
import type { NormalisedPoint } from '../../domain/plane.js';
import { resizeBilinear } from '../../domain/resize.js';
import type { SegmenterPrompts } from '../agent/types.js';
import { boundsOfMask, wholeWindow } from './clickWindow.js';
import { frameSize } from './frameSize.js';
import type { Bounds, Size, Window } from './clickWindow.js';

/**
 * From a slice image and its prompts to the frame that a click net sees, and back: the twin of
 * training/ibis_training/segmenter_frames.py, held to it by test/fixtures/parity/click-frame.json.
 * Low-resolution logits always lie in the frame of the whole image, whatever window they came from.
 */
const DISC_RADIUS = 3; // of a click, in frame pixels
const LINE_RADIUS = 1.5; // half the width of a scribble
export const PREVIOUS_LIMIT = 6; // logits beyond this are as sure as it gets
/** Channels of a frame. Gray is 0..255, the maps are 0 or 1, `previous` holds logits. */
const [GRAY, INSIDE, INCLUDE, EXCLUDE, BOX, PREVIOUS] = [0, 1, 2, 3, 4, 5];
export const CHANNEL_COUNT = 6;

interface GrayImage extends Size {
  readonly data: Uint8Array; // uint8 [height, width]
}

/** float32 [6, frame, frame]: what the net sees of `window`. `previous`: logits [frame, frame] of the whole image. */
export function createFrame(
  gray: GrayImage,
  window: Window,
  prompts: SegmenterPrompts,
  previous: Float32Array | null,
  framePx: number,
): Float32Array {
  const size = frameSize(window, framePx);
  const frame = new Float32Array(CHANNEL_COUNT * framePx * framePx);
  const channel = (index: number): Float32Array =>
    frame.subarray(index * framePx * framePx, (index + 1) * framePx * framePx);

  const pixels = resizeBilinear(
    { ...cropGray(gray, window), channels: 1 },
    size.width,
    size.height,
  );
  for (let row = 0; row < size.height; row++) {
    const line = pixels.data.subarray(row * size.width, (row + 1) * size.width);
    channel(GRAY).set(line, row * framePx);
    channel(INSIDE).fill(1, row * framePx, row * framePx + size.width);
  }
  drawPrompts(channel, gray, window, prompts, { ...size, stride: framePx });
  if (previous !== null) fillPrevious(channel(PREVIOUS), previous, gray, window, framePx);
  return frame;
}

function cropGray({ width, data }: GrayImage, window: Window): GrayImage {
  const cropped = new Uint8Array(window.width * window.height);
  for (let row = 0; row < window.height; row++) {
    const start = (window.top + row) * width + window.left;
    cropped.set(data.subarray(start, start + window.width), row * window.width);
  }
  return { width: window.width, height: window.height, data: cropped };
}

/** The part of a map that shows the image: marks are kept inside it. */
interface MapArea extends Size {
  readonly stride: number;
}

function drawPrompts(
  channel: (index: number) => Float32Array,
  image: Size,
  window: Window,
  { clicks, box, scribbles }: SegmenterPrompts,
  area: MapArea,
): void {
  const scaleX = area.width / window.width;
  const scaleY = area.height / window.height;
  const toFrame = (x: number, y: number): readonly [number, number] => [
    (x - window.left) * scaleX,
    (y - window.top) * scaleY,
  ];
  const pointToFrame = ({ x, y }: NormalisedPoint): readonly [number, number] =>
    toFrame(x * image.width, y * image.height);
  const mapOf = (label: 'include' | 'exclude'): Float32Array =>
    channel(label === 'include' ? INCLUDE : EXCLUDE);

  for (const { label, normalised } of clicks) {
    const { column, row } = normalisedToImage(image, normalised);
    const centre = toFrame(column + 0.5, row + 0.5);
    markLine(mapOf(label), area, centre, centre, DISC_RADIUS);
  }
  for (const { label, points } of scribbles) {
    const corners = points.map(pointToFrame);
    for (const [index, corner] of corners.entries())
      if (index > 0 || corners.length === 1)
        markLine(mapOf(label), area, corners[index - 1] ?? corner, corner, LINE_RADIUS);
  }
  if (box !== null)
    markBox(channel(BOX), area, pointToFrame(box.topLeft), pointToFrame(box.bottomRight));
}

type FramePoint = readonly [x: number, y: number];

/** Sets 1 where a pixel's centre is within the radius of the line from a to b; a disc when they are one point. */
function markLine(
  map: Float32Array,
  area: MapArea,
  [ax, ay]: FramePoint,
  [bx, by]: FramePoint,
  radius: number,
): void {
  const top = Math.max(0, Math.floor(Math.min(ay, by) - radius));
  const bottom = Math.min(area.height, Math.ceil(Math.max(ay, by) + radius) + 1);
  const left = Math.max(0, Math.floor(Math.min(ax, bx) - radius));
  const right = Math.min(area.width, Math.ceil(Math.max(ax, bx) + radius) + 1);
  const [dx, dy] = [bx - ax, by - ay];
  const squared = dx ** 2 + dy ** 2;
  for (let row = top; row < bottom; row++)
    for (let column = left; column < right; column++) {
      const [x, y] = [column + 0.5 - ax, row + 0.5 - ay];
      const along = squared > 0 ? Math.min(1, Math.max(0, (x * dx + y * dy) / squared)) : 0;
      if ((x - along * dx) ** 2 + (y - along * dy) ** 2 <= radius * radius)
        map[row * area.stride + column] = 1;
    }
}

/** Sets 1 at the pixels whose centre lies in the box. */
function markBox(
  map: Float32Array,
  area: MapArea,
  [left, top]: FramePoint,
  [right, bottom]: FramePoint,
): void {
  for (let row = 0; row < area.height; row++)
    for (let column = 0; column < area.width; column++) {
      const [x, y] = [column + 0.5, row + 0.5];
      if (x >= left && x <= right && y >= top && y <= bottom) map[row * area.stride + column] = 1;
    }
}

function fillPrevious(
  map: Float32Array,
  previous: Float32Array,
  image: Size,
  window: Window,
  framePx: number,
): void {
  const size = frameSize(window, framePx);
  const whole = frameSize(wholeWindow(image), framePx);
  const scaleX = size.width / window.width;
  const scaleY = size.height / window.height;
  const values = resample(
    { data: previous, stride: framePx, ...whole },
    middles(size.width, (i) => ((window.left + i / scaleX) * whole.width) / image.width - 0.5),
    middles(size.height, (i) => ((window.top + i / scaleY) * whole.height) / image.height - 0.5),
  );
  for (let row = 0; row < size.height; row++)
    map.set(values.subarray(row * size.width, (row + 1) * size.width), row * framePx);
}

interface Grid extends Size {
  readonly data: Float32Array; // float32 [height, stride]
  readonly stride: number;
}

/** Bilinear values at the grid coordinates xs, ys (0 is the first centre), held at the borders. float64 [ys, xs] */
function resample(
  { data, stride, width, height }: Grid,
  xs: Float64Array,
  ys: Float64Array,
): Float64Array {
  const hold = (value: number, size: number): number => Math.min(Math.max(value, 0), size - 1);
  const columns = xs.map((x) => Math.floor(hold(x, width)));
  const shares = xs.map((x, i) => hold(x, width) - (columns[i] ?? 0));
  const values = new Float64Array(xs.length * ys.length);
  for (const [row, given] of ys.entries()) {
    const y = hold(given, height);
    const above = Math.floor(y) * stride;
    const below = Math.min(Math.floor(y) + 1, height - 1) * stride;
    const v = y - Math.floor(y);
    for (let i = 0; i < xs.length; i++) {
      const left = columns[i] ?? 0;
      const right = Math.min(left + 1, width - 1);
      const u = shares[i] ?? 0;
      const upper = (data[above + left] ?? 0) * (1 - u) + (data[above + right] ?? 0) * u;
      const lower = (data[below + left] ?? 0) * (1 - u) + (data[below + right] ?? 0) * u;
      values[row * xs.length + i] = upper * (1 - v) + lower * v;
    }
  }
  return values;
}

/** `count` coordinates: those of the middles of as many equal steps. */
const middles = (count: number, toGrid: (middle: number) => number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => toGrid(i + 0.5));

/** The image's mask from a frame's logits [frame, frame]: 1 where they are above 0; nothing outside the window. */
export function readFrameMask(
  logits: Float32Array,
  window: Window,
  image: Size,
  framePx: number,
): Mask {
  const size = frameSize(window, framePx);
  const values = resample(
    { data: logits, stride: framePx, ...size },
    middles(window.width, (i) => (i * size.width) / window.width - 0.5),
    middles(window.height, (i) => (i * size.height) / window.height - 0.5),
  );
  const data = new Uint8Array(image.width * image.height);
  for (let row = 0; row < window.height; row++) {
    const target = (window.top + row) * image.width + window.left;
    for (let column = 0; column < window.width; column++)
      if ((values[row * window.width + column] ?? 0) > 0) data[target + column] = 1;
  }
  return { width: image.width, height: image.height, data };
}

/** A frame's logits in the frame of the whole image, within +-6; -6 where the window does not reach. float32 [frame, frame] */
export function toLowResLogits(
  logits: Float32Array,
  window: Window,
  image: Size,
  framePx: number,
): Float32Array {
  const size = frameSize(window, framePx);
  const whole = frameSize(wholeWindow(image), framePx);
  const xs = middles(whole.width, (i) => (i * image.width) / whole.width - window.left);
  const ys = middles(whole.height, (i) => (i * image.height) / whole.height - window.top);
  const values = resample(
    { data: logits, stride: framePx, ...size },
    xs.map((x) => (x * size.width) / window.width - 0.5),
    ys.map((y) => (y * size.height) / window.height - 0.5),
  );
  const lowRes = new Float32Array(framePx * framePx).fill(-PREVIOUS_LIMIT);
  for (const [row, y] of ys.entries()) {
    if (y < 0 || y >= window.height) continue;
    for (const [column, x] of xs.entries())
      if (x >= 0 && x < window.width) {
        const value = values[row * whole.width + column] ?? 0;
        lowRes[row * framePx + column] = Math.min(PREVIOUS_LIMIT, Math.max(-PREVIOUS_LIMIT, value));
      }
  }
  return lowRes;
}

/** Bounds in the image of what low-resolution logits [frame, frame] hold to be the target. */
export function boundsOfLowRes(lowRes: Float32Array, image: Size, framePx: number): Bounds | null {
  const whole = frameSize(wholeWindow(image), framePx);
  const data = new Uint8Array(whole.width * whole.height);
  for (let row = 0; row < whole.height; row++)
    for (let column = 0; column < whole.width; column++)
      if ((lowRes[row * framePx + column] ?? 0) > 0) data[row * whole.width + column] = 1;
  const found = boundsOfMask({ ...whole, data });
  if (found === null) return null;
  const scaleX = image.width / whole.width;
  const scaleY = image.height / whole.height;
  return {
    left: found.left * scaleX,
    top: found.top * scaleY,
    right: found.right * scaleX,
    bottom: found.bottom * scaleY,
  };
}
