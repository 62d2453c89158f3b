import { IbisError } from '../../contract/errors.js';
import type { SegmentTool, SegmentToolOf } from '../../contract/segmentTools.js';
import type { Vec3 } from '../../domain/geometry.js';
import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis } from '../../domain/plane.js';
import { assertNever } from '../../domain/result.js';
import type { PackedMask } from '../../domain/mask.js';
import { emptyPackedMask } from '../../domain/packedBits.js';
import {
  intersectSlices,
  packBlock,
  subtractSlices,
  uniteSlices,
} from '../../domain/segmentSlices.js';
import type { SliceChanges, VoxelBlock } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { VoxelAxis } from './blockSlices.js';
import type { OnProgress } from './distance.js';
import { fillCavities, fillSliceHoles } from './fillHoles.js';
import { interpolateSlices } from './interpolateSlices.js';
import { keepLargestIsland, pickIsland, removeSmallIslands } from './islands.js';
import { smoothSegments, splitSegment } from './manySegments.js';
import { computeMedian, medianRadii } from './median.js';
import { close, grow, growthMargin, hollow, open, shrink } from './morphology.js';
import { unpackAround } from './ownBlock.js';
import { fillOutline, findByValue, invert } from './regionTools.js';
import { copySlice, cutSegment } from './sliceTools.js';
import { combineSlices, getVoxelMm3, slicesOf, toVec3 } from './toolRequest.js';
import type { ToolOutput, ToolRequest, ToolResult } from './toolRequest.js';

/** The new voxels of the one segment that most tools change. */
function runOnOne(
  request: ToolRequest,
  tool: Exclude<SegmentTool, SegmentToolOf<'split-islands' | 'smooth-jointly'>>,
  onProgress: OnProgress,
): SegmentSlices {
  const { geometry } = request;
  const { dimensions, spacingMm } = geometry;
  const own = slicesOf(request, request.segmentNumber);
  const shape = (margin: number | Vec3, work: (block: VoxelBlock) => VoxelBlock): SegmentSlices => {
    const block = unpackAround(own, dimensions, margin);
    return block === null ? own : packBlock(work(block), dimensions);
  };
  const ball = (mm: number): Vec3 => [mm, mm, mm];
  const axisOf = (axis: SliceAxis): VoxelAxis => computeSlicePlane(geometry, axis).normalAxis;
  switch (tool.kind) {
    case 'threshold':
    case 'grow-region':
      return combineSlices(own, findByValue(request, tool, onProgress), tool.combination);
    case 'fill-outline':
      return fillOutline(request, tool);
    case 'fill-holes': {
      const { axis } = tool;
      return shape(0, (block) =>
        axis === null ? fillCavities(block) : fillSliceHoles(block, axisOf(axis), onProgress),
      );
    }
    case 'keep-largest-island':
      return shape(0, (block) => keepLargestIsland(block, tool.connectivity));
    case 'keep-island':
    case 'remove-island':
      return shape(0, (block) => {
        const wanted = tool.kind === 'keep-island' ? 'keep' : 'remove';
        const picked = pickIsland(block, toVec3(tool.voxel), tool.connectivity, wanted);
        if (picked === null)
          throw new IbisError(
            'not-found',
            'The segment has nothing at this place. Click inside one of its parts.',
          );
        return picked;
      });
    case 'remove-small-islands':
      return shape(0, (block) =>
        removeSmallIslands(block, tool.minMm3 / getVoxelMm3(geometry), tool.connectivity),
      );
    case 'median': {
      const radii = medianRadii(spacingMm, tool.radiusMm);
      return shape(radii, (block) => computeMedian(block, dimensions, radii, onProgress));
    }
    case 'open':
      return shape(1, (block) => open(block, spacingMm, ball(tool.radiusMm), onProgress));
    case 'close':
      return shape(0, (block) => close(block, geometry, ball(tool.radiusMm), onProgress));
    case 'grow':
      return shape(growthMargin(spacingMm, tool.radiiMm), (block) =>
        grow(block, spacingMm, tool.radiiMm, onProgress),
      );
    case 'shrink':
      return shape(1, (block) => shrink(block, spacingMm, tool.radiiMm, onProgress));
    case 'hollow': {
      const { thicknessMm, side } = tool;
      return shape(growthMargin(spacingMm, ball(thicknessMm)), (block) =>
        hollow(block, spacingMm, thicknessMm, side, onProgress),
      );
    }
    case 'unite':
      return uniteSlices(own, slicesOf(request, tool.other));
    case 'intersect':
      return intersectSlices(own, slicesOf(request, tool.other));
    case 'subtract':
      return subtractSlices(own, slicesOf(request, tool.other));
    case 'invert':
      return invert(request, tool);
    case 'copy-slice':
      return copySlice(own, geometry, tool);
    case 'interpolate-slices':
      return shape(1, (block) =>
        interpolateSlices(block, spacingMm, axisOf(tool.axis), onProgress),
      );
    case 'cut':
      return cutSegment(own, geometry, tool);
    default:
      return assertNever(tool);
  }
}

const isSameMask = (a: PackedMask, b: PackedMask): boolean =>
  a.bounds?.left === b.bounds?.left &&
  a.bounds?.top === b.bounds?.top &&
  a.bounds?.right === b.bounds?.right &&
  a.bounds?.bottom === b.bounds?.bottom &&
  a.bits.length === b.bits.length &&
  a.bits.every((byte, at) => byte === b.bits[at]);

/** The slices k whose masks differ, as they are after. Both sides are canonical. */
function findChanges(before: SegmentSlices, after: SegmentSlices): SliceChanges {
  const changes = new Map<number, PackedMask>();
  for (const [k, mask] of after) {
    const old = before.get(k);
    if (old === undefined || !isSameMask(old, mask)) changes.set(k, mask);
  }
  for (const [k, { width, height }] of before)
    if (!after.has(k)) changes.set(k, emptyPackedMask(width, height));
  return changes;
}

/**
 * Runs a tool on the voxels of its segments. Throws IbisError with a sentence where the tool cannot do what is asked:
 * no island at the place, an outline that is open, a slice that is not there.
 */
export function runTool(request: ToolRequest, onProgress: OnProgress): ToolOutput {
  const { tool, segmentNumber } = request;
  const result: ToolResult =
    tool.kind === 'split-islands'
      ? splitSegment(request, tool)
      : tool.kind === 'smooth-jointly'
        ? smoothSegments(request, tool, onProgress)
        : { changed: new Map([[segmentNumber, runOnOne(request, tool, onProgress)]]), created: [] };
  const changed = new Map<number, SliceChanges>();
  for (const [number, after] of result.changed) {
    const changes = findChanges(slicesOf(request, number), after);
    if (changes.size > 0) changed.set(number, changes);
  }
  return { changed, created: result.created };
}
