import type { PackedMask } from '../../domain/mask.js';
import { computeVoxelBox, toggleSlices } from '../../domain/segmentSlices.js';
import type { SliceChanges, VoxelBox } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { emptyPackedMask } from '../../domain/packedBits.js';
import { applyHeaderPatch, computeHeaderPatch, isEmptyPatch } from './headerPatch.js';
import type { HeaderPatch, SegmentationHeader } from './headerPatch.js';

/** A segmentation at one moment. Values are never changed in place: who holds one keeps what it saw. */
export interface SegmentationState {
  readonly header: SegmentationHeader;
  /** By segment number; a segment without voxels may be left out. */
  readonly voxels: ReadonlyMap<number, SegmentSlices>;
}

export const noVoxels: SegmentSlices = new Map();

/**
 * What one act did: only what changed. Voxels are kept as those that flipped, so that the same set leads to the state
 * after and back to the one before; the header has a patch for each way.
 */
export interface StateChange {
  readonly before: HeaderPatch;
  readonly after: HeaderPatch;
  readonly flips: ReadonlyMap<number, SegmentSlices>;
}

/** The change between two states, of which `flips` is known; null where they are the same. */
export function makeChange(
  from: SegmentationState,
  to: SegmentationState,
  flips: StateChange['flips'],
): StateChange | null {
  const flipped = new Map([...flips].filter(([, slices]) => slices.size > 0));
  const after = computeHeaderPatch(from.header, to.header);
  if (flipped.size === 0 && isEmptyPatch(after)) return null;
  return { before: computeHeaderPatch(to.header, from.header), after, flips: flipped };
}

/** Voxels before and after an act, as objects that are never changed: who still has them need not work them out. */
export interface KnownVoxels {
  readonly before: SegmentationState['voxels'];
  readonly after: SegmentationState['voxels'];
}

/** The state after a change, or the one before it. */
export function applyChange(
  state: SegmentationState,
  change: StateChange,
  direction: 'forth' | 'back',
  known: KnownVoxels | null = null,
): SegmentationState {
  const [from, to] =
    direction === 'forth' ? [known?.before, known?.after] : [known?.after, known?.before];
  const voxels = new Map(state.voxels);
  for (const [segmentNumber, flips] of change.flips) {
    const current = voxels.get(segmentNumber) ?? noVoxels;
    const isKnown = from !== undefined && (from.get(segmentNumber) ?? noVoxels) === current;
    const next = isKnown ? (to?.get(segmentNumber) ?? noVoxels) : toggleSlices(current, flips);
    voxels.set(segmentNumber, next);
  }
  const patch = direction === 'forth' ? change.after : change.before;
  return { header: applyHeaderPatch(state.header, patch), voxels };
}

/** The slices of a state in which something flipped: what is to be stored of it. */
export function getFlippedSlices(
  state: SegmentationState,
  flips: StateChange['flips'],
): ReadonlyMap<number, SliceChanges> {
  const slices = new Map<number, SliceChanges>();
  for (const [segmentNumber, flipped] of flips) {
    const voxels = state.voxels.get(segmentNumber);
    const changed = new Map<number, PackedMask>();
    for (const [k, { width, height }] of flipped)
      changed.set(k, voxels?.get(k) ?? emptyPackedMask(width, height));
    slices.set(segmentNumber, changed);
  }
  return slices;
}

/** Where the voxels of each segment changed. */
export const describeFlips = (
  flips: StateChange['flips'],
): { readonly segmentNumber: number; readonly box: VoxelBox }[] =>
  [...flips].flatMap(([segmentNumber, slices]) => {
    const box = computeVoxelBox(slices);
    return box === null ? [] : [{ segmentNumber, box }];
  });
