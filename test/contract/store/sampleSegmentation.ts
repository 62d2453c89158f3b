import type { SegmentationId } from '../../../src/domain/brand.js';
import type { Vec3 } from '../../../src/domain/geometry.js';
import type { PackedMask } from '../../../src/domain/mask.js';
import { emptyPackedMask, togglePacked } from '../../../src/domain/packedBits.js';
import { packBlock } from '../../../src/domain/segmentSlices.js';
import type { Segment, SegmentSlices } from '../../../src/domain/segmentation.js';
import { createLiveSegmentations } from '../../../src/engine/segmentations/liveSegmentations.js';
import type { LiveSegmentations } from '../../../src/engine/segmentations/liveSegmentations.js';
import { editVoxels } from '../../../src/engine/segmentations/editVoxels.js';
import type { FlipRecord } from '../../../src/engine/segmentations/editVoxels.js';
import type { SegmentationState } from '../../../src/engine/segmentations/state.js';
import { createStoredSegmentation } from '../../../src/engine/store/index.js';
import type { Store } from '../../../src/engine/store/index.js';
import { axialGrid } from '../../fixtures/axialGrid.js';
import { newSession } from './sampleSession.js';

export const dimensions: Vec3 = [40, 30, 12];

/** A box of voxels. */
export function boxOf(offset: Vec3, size: Vec3): SegmentSlices {
  const data = new Uint8Array(size[0] * size[1] * size[2]).fill(1);
  return packBlock({ offset, dimensions: size, data }, dimensions);
}

export const sampleSegment = (segmentNumber: number, segmentLabel: string): Segment => ({
  segmentNumber,
  segmentLabel,
  category: { value: '123037004', scheme: 'SCT', meaning: 'Anatomical Structure' },
  type: { value: '64033007', scheme: 'SCT', meaning: 'Kidney' },
  modifier: segmentNumber === 2 ? { value: '7771000', scheme: 'SCT', meaning: 'Left' } : null,
  colour: '#56b4e9',
  opacity: 0.4,
  visible: segmentNumber !== 2,
  locked: false,
  source: 'automatic',
});

export const sampleState = (): SegmentationState => ({
  header: {
    segmentationLabel: 'Abdomen ü',
    overlap: 'overwrite-all',
    segments: [sampleSegment(3, 'Liver'), sampleSegment(2, 'left kidney')],
  },
  voxels: new Map([
    [2, boxOf([20, 3, 4], [5, 6, 2])],
    [3, boxOf([1, 2, 3], [9, 11, 4])],
  ]),
});

/** Stores `sampleState` over the series of `newSession`. */
export function segmentationOf(store: Store, key = 'a'): SegmentationId {
  const stored = createStoredSegmentation(store, {
    ...newSession({ key }),
    phaseIndex: 1,
    geometry: axialGrid(dimensions, { spacingMm: [0.7, 0.7, 5], origin: [1 / 3, -2, 1e-9] }),
    state: sampleState(),
    actLabel: 'Import of kidney.dcm',
  });
  return stored.identity.segmentationId;
}

export const openLive = (store: Store): LiveSegmentations =>
  createLiveSegmentations({ store, emit: () => undefined });

/** An edit that differs with every `n` and always changes something: it crosses slices, the other segment and earlier ones. */
export const paint = (live: LiveSegmentations, segmentationId: SegmentationId, n: number) =>
  live.act(segmentationId, { kind: 'edit', label: `Brush ${n}` }, ({ state }) => {
    const segmentNumber = n % 2 === 0 ? 3 : 2;
    const region = boxOf([n % 31, (n * 7) % 21, (n * 5) % 10], [9, 9, 2]);
    const before = state.voxels.get(segmentNumber) ?? new Map<number, PackedMask>();
    const changedSlices = new Map(
      [...region].map(([k, mask]) => [
        k,
        togglePacked(before.get(k) ?? emptyPackedMask(mask.width, mask.height), mask),
      ]),
    );
    const flips: FlipRecord = new Map();
    const after = editVoxels(state, { segmentNumber, changedSlices, source: 'manual' }, flips);
    return { state: after, flips };
  });
