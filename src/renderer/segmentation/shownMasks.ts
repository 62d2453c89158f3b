import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis } from '../../domain/plane.js';
import type { VoxelBox } from '../../domain/segmentSlices.js';
import { call } from '../ui/client.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { useSegmentationStore } from './segmentationStore.js';
import { createSliceMasks } from './sliceMasks.js';

/** Masks of the shown segmentation. */
export const shownMasks = createSliceMasks({
  async load(axis, sliceIndex) {
    const store = useSegmentationStore();
    const segmentationId = store.shown?.segmentationId;
    if (segmentationId === undefined) return null;
    const reply = await call('getSegmentMasks', { segmentationId, axis, sliceIndex });
    if (reply.ok) return reply.value.masks;
    store.problem = reply.error.message;
    return null;
  },
  onChanged: () => {
    useSegmentationStore().maskVersion++;
  },
});

/** After a change of voxels: only slice images that meet one of the boxes are asked for again. */
export function expireMasks(boxes: readonly VoxelBox[]): void {
  const { volume } = useSegmentationStore();
  const geometry = useWorklistStore().series?.volumes[volume?.phaseIndex ?? 0]?.geometry ?? null;
  if (geometry === null || boxes.length === 0) return;
  const meets = (axis: SliceAxis, sliceIndex: number): boolean => {
    const { normalAxis } = computeSlicePlane(geometry, axis);
    return boxes.some(
      ({ min, max }) => min[normalAxis] <= sliceIndex && sliceIndex <= max[normalAxis],
    );
  };
  shownMasks.expire(meets);
  useSegmentationStore().maskVersion++;
}
