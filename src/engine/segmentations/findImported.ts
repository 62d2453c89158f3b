import type { SegmentationId } from '../../domain/brand.js';
import { isSamePacked } from '../../domain/packedBits.js';
import { toggleSlices } from '../../domain/segmentSlices.js';
import type { SegmentationData, SegmentSlices } from '../../domain/segmentation.js';
import { listStoredSegmentations, loadChange, loadStoredOutline } from '../store/index.js';
import type { Store } from '../store/index.js';
import type { VolumePlace } from './index.js';
import type { LiveSegmentation, LiveSegmentations } from './liveSegmentations.js';
import { noVoxels } from './state.js';
import type { SegmentationState } from './state.js';

const IMPORT = 'Import';

/** Of the act that makes a segmentation out of a file. */
export const importLabel = (fileName: string): string => `${IMPORT} of ${fileName}`;

/** Voxels before the first edit: a voxel that was flipped twice is as it was. */
function loadFirstVoxels(
  store: Store,
  { identity, state, stacks }: LiveSegmentation,
): SegmentationState['voxels'] {
  const { segmentationId, geometry } = identity;
  const voxels = new Map(state.voxels);
  for (let edit = stacks.undo; edit !== null; edit = edit.below) {
    const { flips } = loadChange(store, segmentationId, edit.actNumber, geometry.dimensions);
    for (const [segmentNumber, slices] of flips)
      voxels.set(segmentNumber, toggleSlices(voxels.get(segmentNumber) ?? noVoxels, slices));
  }
  return voxels;
}

const withVoxels = (slices: SegmentSlices): SegmentSlices =>
  new Map([...slices].filter(([, mask]) => mask.bounds !== null));

function areSameSlices(a: SegmentSlices, b: SegmentSlices): boolean {
  const [own, others] = [withVoxels(a), withVoxels(b)];
  return (
    own.size === others.size &&
    [...own].every(([k, mask]) => {
      const other = others.get(k);
      return other !== undefined && isSamePacked(mask, other);
    })
  );
}

/** The stored import of the same voxels on that volume, whatever was done to it since; null: there is none. */
export function findImported(
  { live, store }: { readonly live: LiveSegmentations; readonly store: Store },
  { seriesId, phaseIndex }: VolumePlace,
  { segments }: SegmentationData,
): SegmentationId | null {
  const wanted = new Map(segments.map(({ segment, slices }) => [segment.segmentNumber, slices]));
  const isThis = (segmentationId: SegmentationId): boolean => {
    const { acts, identity } = loadStoredOutline(store, segmentationId);
    if (identity.phaseIndex !== phaseIndex) return false;
    if (acts[0]?.label.startsWith(IMPORT) !== true) return false;
    const first = loadFirstVoxels(store, live.get(segmentationId));
    const numbers = new Set([...wanted.keys(), ...first.keys()]);
    return [...numbers].every((number) =>
      areSameSlices(wanted.get(number) ?? noVoxels, first.get(number) ?? noVoxels),
    );
  };
  return listStoredSegmentations(store, seriesId).find(isThis) ?? null;
}
