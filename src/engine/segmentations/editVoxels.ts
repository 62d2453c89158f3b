import { IbisError } from '../../contract/errors.js';
import {
  emptyPackedMask,
  intersectPacked,
  isSamePacked,
  subtractPacked,
} from '../../domain/packedBits.js';
import type { PackedMask } from '../../domain/mask.js';
import { applySliceChanges } from '../../domain/segmentSlices.js';
import type { SliceChanges } from '../../domain/segmentSlices.js';
import type { Segment, SegmentSlices, SegmentSource } from '../../domain/segmentation.js';
import type { SegmentationHeader } from './headerPatch.js';
import { noVoxels } from './state.js';
import type { SegmentationState } from './state.js';

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

/** The state that an edit asks for; segments whose voxels may differ are added to `touched`. */
export function editVoxels(
  state: SegmentationState,
  edit: VoxelEdit,
  touched: Set<number>,
): SegmentationState {
  const { segments, overlap } = state.header;
  const segment = findSegment(state.header, edit.segmentNumber);
  requireUnlocked(segment);
  const current = state.voxels.get(edit.segmentNumber) ?? noVoxels;
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
  const voxels = new Map(state.voxels);
  const wanted = new Map<number, PackedMask>();
  for (const [k, mask] of edit.changedSlices) {
    const before = current.get(k) ?? emptyPackedMask(mask.width, mask.height);
    const allowed = makeRoom(k, mask, before);
    if (!isSamePacked(before, allowed)) wanted.set(k, allowed);
  }
  if (wanted.size === 0) return state;
  voxels.set(edit.segmentNumber, applySliceChanges(current, wanted));
  touched.add(edit.segmentNumber);
  const source = mergeSource(segment, current.size === 0, edit.source);
  const edited = segments.map((other) => (other === segment ? { ...segment, source } : other));
  return { header: { ...state.header, segments: edited }, voxels };

  /** Takes what is newly drawn from its rivals, and leaves out what a locked one holds. */
  function makeRoom(k: number, mask: PackedMask, before: PackedMask): PackedMask {
    let allowed = mask;
    const added = rivals.length === 0 ? null : subtractPacked(mask, before);
    for (const rival of rivals) {
      const slices = voxels.get(rival.segmentNumber) ?? noVoxels;
      const theirs = slices.get(k);
      if (theirs === undefined || added === null) continue;
      const common = intersectPacked(theirs, added);
      if (common.bounds === null) continue;
      if (rival.locked) allowed = subtractPacked(allowed, common);
      else {
        const left = subtractPacked(theirs, common);
        voxels.set(rival.segmentNumber, applySliceChanges(slices, new Map([[k, left]])));
        touched.add(rival.segmentNumber);
      }
    }
    return allowed;
  }
}
