import { useEditingStore } from './editingStore.js';
import { applyTool } from './segmentToolActs.js';
import { useSegmentationStore } from './segmentationStore.js';

/** Tools on the whole active segment that have a key as well as a button. */
export const keepLargest = (): Promise<void> =>
  applyTool({ kind: 'keep-largest-island', connectivity: 'faces' });

export const fillHoles = (): Promise<void> => applyTool({ kind: 'fill-holes', axis: null });

export const smooth = (): Promise<void> =>
  applyTool({ kind: 'median', radiusMm: useEditingStore().radiusMm });

/** All that are seen and not locked. */
export const smoothJointly = (): Promise<void> => {
  const segments = useSegmentationStore().shown?.segments ?? [];
  return applyTool({
    kind: 'smooth-jointly',
    segmentNumbers: segments
      .filter(({ visible, locked }) => visible && !locked)
      .map(({ segmentNumber }) => segmentNumber),
    deviationMm: useEditingStore().radiusMm,
  });
};
