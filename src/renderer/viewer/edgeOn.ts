import type { Mask } from '../../domain/mask.js';
import { imageToVoxel, voxelToImage } from '../../domain/plane.js';
import type { SlicePlane } from '../../domain/plane.js';
import type { EdgeRun } from './maskDrawing.js';

/**
 * Where a mask on `maskSlice` of `maskPlane` is cut by `shownSlice` of `shownPlane`, a plane across it: runs of
 * mask pixels as lines in pixels of the shown slice. Empty when the planes are parallel.
 */
export function cutMaskEdgeOn(
  mask: Mask,
  maskPlane: SlicePlane,
  maskSlice: number,
  shownPlane: SlicePlane,
  shownSlice: number,
): readonly EdgeRun[] {
  if (maskPlane.normalAxis === shownPlane.normalAxis) return [];
  const alongRow = maskPlane.rowAxis === shownPlane.normalAxis; // the cut is one row of the mask
  const flip = alongRow ? maskPlane.flipRows : maskPlane.flipColumns;
  const size = alongRow ? mask.height : mask.width;
  const line = flip ? size - 1 - shownSlice : shownSlice;
  const count = alongRow ? mask.width : mask.height;
  const isTarget = (step: number): boolean => {
    const [column, row] = alongRow ? [step, line] : [line, step];
    return mask.data[row * mask.width + column] === 1;
  };
  const at = (step: number): EdgeRun['from'] => {
    const point = alongRow ? { column: step, row: line } : { column: line, row: step };
    return voxelToImage(shownPlane, imageToVoxel(maskPlane, maskSlice, point)).point;
  };
  const runs: EdgeRun[] = [];
  let start = -1;
  for (let step = 0; step <= count; step++) {
    const inside = step < count && isTarget(step);
    if (inside && start < 0) start = step;
    if (!inside && start >= 0) {
      runs.push({ from: at(start - 0.5), to: at(step - 0.5) });
      start = -1;
    }
  }
  return runs;
}
