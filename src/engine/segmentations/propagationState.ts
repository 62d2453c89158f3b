import { createHash } from 'node:crypto';

import type { VolumeGeometry } from '../../domain/geometry.js';
import type { PackedMask } from '../../domain/mask.js';
import { emptyPackedMask } from '../../domain/packedBits.js';
import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis, SlicePlane } from '../../domain/plane.js';
import { cutAllSlices } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { SliceReview } from '../../contract/propagationChannels.js';
import type { EndRecord, MadeRecord, RunInForce } from './propagationRecord.js';

/** What of a segment is given along an axis, and what follows from it: told by its voxels and the run they stand by. */
export interface PropagationStanding {
  /** Slices are counted along it; its axis has the same name for all that cut the volume so. */
  readonly plane: SlicePlane;
  readonly given: readonly number[]; // in order
  /** Given slices that nothing was made from yet, or from another mask of them; null: no run along this axis stands. */
  readonly changed: readonly number[] | null;
  readonly slices: readonly (MadeRecord & { readonly review: SliceReview })[];
  readonly ends: readonly (EndRecord & { readonly review: SliceReview })[];
}

/** 'acquired' and 'axial' may cut the same slices, each turned its own way: one of them stands for both. */
function nameCut(geometry: VolumeGeometry, axis: SliceAxis): SlicePlane {
  const asked = computeSlicePlane(geometry, axis);
  const own = computeSlicePlane(geometry, 'acquired');
  return own.normalAxis === asked.normalAxis ? own : asked;
}

/** Equal for equal masks: packed masks of a segment are canonical. */
export function printMask({ bounds, bits }: PackedMask): string {
  if (bounds === null) return '';
  const { left, top, right, bottom } = bounds;
  const box = [left, top, right, bottom].join();
  return createHash('sha1').update(box).update(bits).digest('base64url');
}

const PATCH_PX = 3;

/** Whether the mask holds a square of some pixels. */
function hasPatch({ bounds, bits }: PackedMask): boolean {
  if (bounds === null) return false;
  const width = bounds.right - bounds.left + 1;
  const height = bounds.bottom - bounds.top + 1;
  const isSet = (column: number, row: number): boolean => {
    const at = row * width + column;
    return (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
  };
  for (let row = 0; row + PATCH_PX <= height; row++)
    for (let column = 0, run = 0; column < width; column++) {
      let y = 0;
      while (y < PATCH_PX && isSet(column, row + y)) y++;
      run = y === PATCH_PX ? run + 1 : 0;
      if (run === PATCH_PX) return true;
    }
  return false;
}

/**
 * The slices that somebody has drawn on along this axis. What was drawn across it is met too, as lines: these are left
 * out, unless the segment is as thin in every plane.
 */
function findDrawn(
  slices: SegmentSlices,
  geometry: VolumeGeometry,
  { normalAxis }: SlicePlane,
  masks: ReadonlyMap<number, PackedMask>,
): number[] {
  const drawn = [...masks].filter(([, mask]) => hasPatch(mask)).map(([index]) => index);
  if (drawn.length > 0) return drawn;
  const isDrawnAcross = (['axial', 'coronal', 'sagittal'] as const).some((axis) => {
    const plane = computeSlicePlane(geometry, axis);
    return (
      plane.normalAxis !== normalAxis && [...cutAllSlices(slices, plane).values()].some(hasPatch)
    );
  });
  return isDrawnAcross ? [] : [...masks.keys()];
}

const inOrder = (indices: Iterable<number>): number[] => [...indices].sort((a, b) => a - b);

export function computeStanding(
  slices: SegmentSlices,
  geometry: VolumeGeometry,
  axis: SliceAxis,
  inForce: RunInForce | null,
): PropagationStanding {
  const plane = nameCut(geometry, axis);
  const masks = cutAllSlices(slices, plane);
  if (inForce?.run.axis !== plane.axis)
    return {
      plane,
      given: inOrder(findDrawn(slices, geometry, plane, masks)),
      changed: null,
      slices: [],
      ends: [],
    };
  const { run, confirmed } = inForce;
  const nothing = emptyPackedMask(plane.width, plane.height);
  const isAsIt = ({ sliceIndex, print }: { sliceIndex: number; print: string }): boolean =>
    printMask(masks.get(sliceIndex) ?? nothing) === print;
  const made = run.made.map((slice) => ({
    ...slice,
    review: ((): SliceReview =>
      !isAsIt(slice) ? 'corrected' : confirmed.has(slice.sliceIndex) ? 'confirmed' : 'open')(),
  }));
  const known = new Set([...run.given, ...run.made].map(({ sliceIndex }) => sliceIndex));
  const changed = new Set([
    ...run.given.filter((slice) => !isAsIt(slice)).map(({ sliceIndex }) => sliceIndex),
    ...made.filter(({ review }) => review === 'corrected').map(({ sliceIndex }) => sliceIndex),
    ...[...masks.keys()].filter((index) => !known.has(index)),
  ]);
  const given = new Set([
    ...run.given.map(({ sliceIndex }) => sliceIndex),
    ...made.filter(({ review }) => review === 'confirmed').map(({ sliceIndex }) => sliceIndex),
    ...changed,
  ]);
  const ends = run.ends.map((end) => {
    const beyond = end.sliceIndex + (end.towards === 'up' ? 1 : -1);
    const isDrawnOn = changed.has(end.sliceIndex) || changed.has(beyond);
    const isRight = confirmed.has(end.sliceIndex);
    return { ...end, review: isDrawnOn ? 'corrected' : isRight ? 'confirmed' : 'open' } as const;
  });
  return { plane, given: inOrder(given), changed: inOrder(changed), slices: made, ends };
}
