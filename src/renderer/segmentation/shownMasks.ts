import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis } from '../../domain/plane.js';
import type { VoxelBox } from '../../domain/segmentSlices.js';
import { call } from '../ui/client.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { useSegmentationStore } from './segmentationStore.js';
import { createSliceMasks } from './sliceMasks.js';

/** Masks of the shown segmentation. */
export const shownMasks = createSliceMasks({
  async load(axis, sliceIndex, segmentNumbers) {
    const store = useSegmentationStore();
    const segmentationId = store.shown?.segmentationId;
    if (segmentationId === undefined) return null;
    const numbers = segmentNumbers === null ? null : [...segmentNumbers];
    const asked = { segmentationId, axis, sliceIndex, segmentNumbers: numbers };
    const reply = await call('getSegmentMasks', asked);
    if (reply.ok) return reply.value.masks;
    store.problem = reply.error.message;
    return null;
  },
  onChanged: () => {
    useSegmentationStore().maskVersion++;
  },
});

/** After a change of voxels: only slice images that meet one of the boxes are asked for again, for its segment alone. */
export function expireMasks(
  changes: readonly { readonly segmentNumber: number; readonly box: VoxelBox }[],
): void {
  const { volume } = useSegmentationStore();
  const geometry = useWorklistStore().series?.volumes[volume?.phaseIndex ?? 0]?.geometry ?? null;
  if (geometry === null || changes.length === 0) return;
  shownMasks.expire((axis: SliceAxis, sliceIndex: number) => {
    const { normalAxis } = computeSlicePlane(geometry, axis);
    return changes
      .filter(
        ({ box: { min, max } }) => min[normalAxis] <= sliceIndex && sliceIndex <= max[normalAxis],
      )
      .map(({ segmentNumber }) => segmentNumber);
  });
  useSegmentationStore().maskVersion++;
}
