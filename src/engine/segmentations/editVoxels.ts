import { IbisError } from '../../contract/errors.js';
import {
  emptyPackedMask,
  intersectPacked,
  subtractPacked,
  togglePacked,
} from '../../domain/packedBits.js';
import type { PackedMask } from '../../domain/mask.js';
import { applySliceChanges } from '../../domain/segmentSlices.js';
import type { SliceChanges } from '../../domain/segmentSlices.js';
import type { Segment, SegmentSlices, SegmentSource } from '../../domain/segmentation.js';
import type { SegmentationHeader } from './headerPatch.js';
import { noVoxels } from './state.js';
import type { SegmentationState } from './state.js';

/** The voxels that the edits of one act have flipped so far: by segment number, then by slice k. */
export type FlipRecord = Map<number, Map<number, PackedMask>>;

/** New voxels for a segment, as whatever made them wants them: locks and the overlap policy are seen to here. */
export interface VoxelEdit {
  readonly segmentNumber: number;
  /** The masks that slices k are to have; those that are not named stay. */
  readonly changedSlices: SliceChanges;
  readonly source: SegmentSource;
  /** The voxels that it was computed from, where that took time: refused if they are not in force any more. */
  readonly basedOn?: SegmentSlices;
}

export function findSegment({ segments }: SegmentationHeader, segmentNumber: number): Segment {
  const segment = segments.find((other) => other.segmentNumber === segmentNumber);
  if (segment === undefined)
    throw new IbisError('not-found', 'This segment is not in the segmentation any more.');
  return segment;
}

export function requireUnlocked({ locked, segmentLabel }: Segment): void {
  if (locked)
    throw new IbisError('session-state', `"${segmentLabel}" is locked. Unlock it to change it.`);
}

/** Who drew a segment after one more hand was at it: what several made is semiautomatic. */
const mergeSource = (segment: Segment, isEmpty: boolean, source: SegmentSource): SegmentSource =>
  isEmpty || segment.source === source ? source : 'semiautomatic';

/** Two edits of one act may flip the same voxel: it is then as it was. */
function recordFlips(record: FlipRecord, segmentNumber: number, k: number, flips: PackedMask) {
  const slices = record.get(segmentNumber) ?? new Map<number, PackedMask>();
  record.set(segmentNumber, slices);
  const earlier = slices.get(k);
  const both = earlier === undefined ? flips : togglePacked(earlier, flips);
  if (both.bounds === null) slices.delete(k);
  else slices.set(k, both);
}

/**
 * The state that an edit asks for; what it flips is added to `record`, as it is known here and would else have to be
 * found by comparing whole states.
 */
export function editVoxels(
  state: SegmentationState,
  edit: VoxelEdit,
  record: FlipRecord,
): SegmentationState {
  const { segmentNumber } = edit;
  const { segments, overlap } = state.header;
  const segment = findSegment(state.header, segmentNumber);
  requireUnlocked(segment);
  const current = state.voxels.get(segmentNumber) ?? noVoxels;
  if (edit.basedOn !== undefined && edit.basedOn !== current)
    throw new IbisError(
      'session-state',
      `"${segment.segmentLabel}" was changed in the meantime. Do it once more.`,
    );
  const rivals =
    overlap === 'allow'
      ? []
      : segments.filter(
          (other) => other !== segment && (overlap === 'overwrite-all' || other.visible),
        );
  const changed = new Map<number, Map<number, PackedMask>>(); // new slices, by segment
  for (const [k, mask] of edit.changedSlices) {
    const before = current.get(k) ?? emptyPackedMask(mask.width, mask.height);
    const allowed = makeRoom(k, mask, before);
    const flips = togglePacked(before, allowed);
    if (flips.bounds !== null) change(segmentNumber, k, allowed, flips);
  }
  if (changed.size === 0) return state;
  const voxels = new Map(state.voxels);
  for (const [number, slices] of changed)
    voxels.set(number, applySliceChanges(voxels.get(number) ?? noVoxels, slices));
  const source = mergeSource(segment, current.size === 0, edit.source);
  const edited = segments.map((other) => (other === segment ? { ...segment, source } : other));
  return { header: { ...state.header, segments: edited }, voxels };

  function change(number: number, k: number, after: PackedMask, flips: PackedMask): void {
    changed.set(number, (changed.get(number) ?? new Map<number, PackedMask>()).set(k, after));
    recordFlips(record, number, k, flips);
  }

  /** Takes what is newly drawn from its rivals, and leaves out what a locked one holds. */
  function makeRoom(k: number, mask: PackedMask, before: PackedMask): PackedMask {
    let allowed = mask;
    const added = rivals.length === 0 ? null : subtractPacked(mask, before);
    for (const rival of rivals) {
      const theirs = state.voxels.get(rival.segmentNumber)?.get(k);
      if (theirs === undefined || added === null) continue;
      const common = intersectPacked(theirs, added);
      if (common.bounds === null) continue;
      if (rival.locked) allowed = subtractPacked(allowed, common);
      else change(rival.segmentNumber, k, subtractPacked(theirs, common), common);
    }
    return allowed;
  }
}
