import type { Segmentation } from '../../domain/segmentation.js';
import type { SegmentMask, SlicePosition } from '../viewer/viewerApi.js';
import type { PropagationRun } from './propagationStore.js';

/** The masks of a slice image with what a propagation under way has made of it, which is not stored yet. */
export function withPreview(
  masks: readonly SegmentMask[],
  run: PropagationRun | null,
  { segmentationId }: Pick<Segmentation, 'segmentationId'>,
  { axis, sliceIndex }: Pick<SlicePosition, 'axis' | 'sliceIndex'>,
): readonly SegmentMask[] {
  if (run?.segmentationId !== segmentationId || run.axis !== axis) return masks;
  const made = run.made.get(sliceIndex);
  if (made === undefined) return masks;
  const { segmentNumber } = run;
  return [
    ...masks.filter((mask) => mask.segmentNumber !== segmentNumber),
    { segmentNumber, mask: made.mask },
  ];
}
