import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis } from '../../domain/plane.js';
import { useViewerStore } from '../ui/viewerStore.js';
import { useWorklistStore } from '../worklist/worklistStore.js';
import { applyTool } from './segmentToolActs.js';

/** The slice in the active pane, and how many there are along its axis; null where the images form no volume. */
export function getShownCut(): {
  readonly axis: SliceAxis;
  readonly sliceIndex: number;
  readonly sliceCount: number;
} | null {
  const { position } = useViewerStore();
  if (position === null) return null;
  const { phaseIndex, axis, sliceIndex } = position;
  const geometry = useWorklistStore().series?.volumes[phaseIndex]?.geometry ?? null;
  if (geometry === null) return null;
  return { axis, sliceIndex, sliceCount: computeSlicePlane(geometry, axis).sliceCount };
}

/** Adds what the active segment has on the slice in the active pane to other slices, or its mirror image to this one. */
export async function copySlice(
  to: readonly number[],
  mirrorAcross: 'column' | 'row' | null,
): Promise<void> {
  const cut = getShownCut();
  if (cut === null || to.length === 0) return;
  await applyTool({
    kind: 'copy-slice',
    axis: cut.axis,
    from: cut.sliceIndex,
    to: [...to],
    mirror: mirrorAcross === null ? null : { across: mirrorAcross, at: 0.5 },
    combination: 'add',
  });
}

/** And goes there, so that the next press goes on from it. */
export async function copyToNeighbour(delta: 1 | -1): Promise<void> {
  const cut = getShownCut();
  const to = (cut?.sliceIndex ?? 0) + delta;
  if (cut === null || to < 0 || to >= cut.sliceCount) return;
  await copySlice([to], null);
  useViewerStore().api?.showSlice({ axis: cut.axis, sliceIndex: to });
}

export const interpolate = (): Promise<void> =>
  applyTool({ kind: 'interpolate-slices', axis: getShownCut()?.axis ?? 'acquired' });
