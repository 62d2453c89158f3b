import { computeOracleClick } from '../../domain/clickSimulator.js';
import { computeMaskBounds, countMaskPixels, emptyMask } from '../../domain/mask.js';
import type { Mask } from '../../domain/mask.js';
import { computeLuma } from '../../domain/overlay.js';
import { imageToNormalised } from '../../domain/plane.js';
import type { PromptClick, SliceImage } from '../agent/types.js';
import { carryMask } from './carryMask.js';
import type { GrayImage } from './carryMask.js';
import { beginCourse, goOn } from './course.js';
import type { Course } from './course.js';
import { computeSigns, describeMask, findDoubts } from './signs.js';
import type { MaskView } from './signs.js';
import { findWalks, isStale } from './walks.js';
import type { Walk } from './walks.js';
import type { PropagationEnd, PropagationEvent, PropagationRequest, SliceSigns } from './types.js';

/** The slice that a walk has reached, with its mask. */
interface Front {
  readonly gray: GrayImage;
  readonly view: MaskView;
}

/**
 * Completes a series from the masks of one slice or a few. Each slice is segmented with the mask of its neighbour,
 * carried over to it by the look of the image, as previous mask, and a click in its middle. Between two given slices the
 * walks from both meet; beyond the outermost ones they go on until the target ends. All walks take turns, so that the
 * slices next to the given ones come first. Yields a slice as soon as it is made; rejects with AbortError when cancelled,
 * and as the segmenter does.
 */
export async function* propagate(request: PropagationRequest): AsyncGenerator<PropagationEvent> {
  const given = new Map(
    [...request.given].map(([index, { data }]) => [index, { hasTarget: data.includes(1) }]),
  );
  let walks = findWalks(given, request.slices.count, request).map((walk) =>
    followTarget(request, walk),
  );
  while (walks.length > 0) {
    const going = [];
    for (const walk of walks) {
      const turn = await walk.next();
      if (turn.done === true) continue;
      yield turn.value;
      going.push(walk);
    }
    walks = going;
  }
}

async function loadGray(
  { slices, signal }: PropagationRequest,
  sliceIndex: number,
): Promise<{ readonly image: SliceImage; readonly gray: GrayImage }> {
  signal.throwIfAborted();
  const image = await slices.load(sliceIndex, signal);
  const { width, height, rgb } = image;
  return { image, gray: { width, height, data: computeLuma(rgb) } };
}

async function openFront(request: PropagationRequest, sliceIndex: number): Promise<Front> {
  const mask = request.given.get(sliceIndex);
  if (mask === undefined) throw new Error('a walk begins at a given slice');
  const { gray } = await loadGray(request, sliceIndex);
  return { gray, view: describeMask(mask, gray) };
}

/** One click in the middle: the pixel deepest inside. Looked for in the mask's own box, which takes less time. */
function clickInside(mask: Mask): PromptClick[] {
  const bounds = computeMaskBounds(mask);
  if (bounds === null) return [];
  const { left, top } = bounds;
  const [width, height] = [bounds.right - left + 1, bounds.bottom - top + 1];
  const box = emptyMask(width, height);
  for (let row = 0; row < height; row++) {
    const from = (top + row) * mask.width + left;
    box.data.set(mask.data.subarray(from, from + width), row * width);
  }
  const deepest = computeOracleClick(emptyMask(width, height), box);
  if (deepest === null) return [];
  const point = { column: left + deepest.point.column, row: top + deepest.point.row };
  return [{ label: 'include', normalised: imageToNormalised(mask, point) }];
}

/** A slice segmented from the mask of its neighbour. Null where nothing is found on it. */
async function segmentNext(
  request: PropagationRequest,
  sliceIndex: number,
  neighbour: Front,
  before: Course,
): Promise<{ readonly front: Front; readonly course: Course; readonly signs: SliceSigns } | null> {
  const { segmenter, slices, signal } = request;
  const { image, gray } = await loadGray(request, sliceIndex);
  const shares = carryMask(neighbour.gray, gray, neighbour.view.mask);
  const expected = emptyMask(image.width, image.height);
  for (let at = 0; at < shares.length; at++) expected.data[at] = (shares[at] ?? 0) >= 0.5 ? 1 : 0;
  const clicks = clickInside(expected);
  if (clicks.length === 0) return null;
  const { mask, score } = await segmenter.segment(
    image,
    { clicks, box: null, scribbles: [] },
    segmenter.toLogits(expected),
    signal,
  );
  const view = describeMask(mask, gray);
  if (view.area === 0) return null;
  const course = goOn(before, view, score, slices.distancePx);
  return {
    ...{ front: { gray, view }, course },
    signs: computeSigns(score, view, neighbour.view, course),
  };
}

/** One walk: until it has met the other, or until the target ends. */
async function* followTarget(
  request: PropagationRequest,
  { from, step, last, isMet }: Walk,
): AsyncGenerator<PropagationEvent> {
  const { limits, before, changed } = request;
  let front = await openFront(request, from);
  const givenArea = Math.max(...[...request.given.values()].map(countMaskPixels));
  let course = beginCourse(front.view, givenArea);
  const endAt = (sliceIndex: number, because: PropagationEnd['because']): PropagationEnd => ({
    kind: 'end',
    sliceIndex,
    towards: step === 1 ? 'up' : 'down',
    stemsFrom: from,
    because,
  });
  for (let sliceIndex = from + step; step * (last - sliceIndex) >= 0; sliceIndex += step) {
    const next = await segmentNext(request, sliceIndex, front, course);
    // Where another walk comes to meet this one, the target cannot have ended.
    const [reason] = next === null || isMet ? [] : findDoubts(next.signs, limits.end);
    if (next === null || reason !== undefined) {
      yield endAt(sliceIndex - step, reason ?? 'nothing-found');
      return;
    }
    // Into what another walk has made it goes only as far as it is surer.
    const rival = changed === null ? undefined : before.get(sliceIndex);
    const isRival =
      rival !== undefined &&
      !isStale(rival, sliceIndex, { given: request.given, changed: changed ?? [] });
    if (isRival && rival.score >= next.signs.score) return;
    ({ front, course } = next);
    yield {
      kind: 'slice',
      sliceIndex,
      mask: front.view.mask,
      score: next.signs.score,
      signs: next.signs,
      doubts: findDoubts(next.signs, limits.doubt),
      stemsFrom: from,
    };
  }
  if (!isMet) yield endAt(last, null);
}
