import { IbisError } from '../../contract/errors.js';
import type { SegmentToolOf } from '../../contract/segmentTools.js';
import { packBlock, uniteSlices, unpackBox } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { OnProgress } from './distance.js';
import { splitIslands } from './islands.js';
import { smoothingMargin, smoothJointly } from './jointSmoothing.js';
import { unpackAround } from './ownBlock.js';
import { getVoxelMm3, slicesOf } from './toolRequest.js';
import type { ToolRequest, ToolResult } from './toolRequest.js';

/** The tools that change or make several segments. */

const MAX_NEW_SEGMENTS = 200;

/** The largest island stays the segment, the others become segments of their own. */
export function splitSegment(
  request: ToolRequest,
  { minMm3, connectivity }: SegmentToolOf<'split-islands'>,
): ToolResult {
  const { geometry, segmentNumber } = request;
  const own = slicesOf(request, segmentNumber);
  const block = unpackAround(own, geometry.dimensions, 0);
  if (block === null) return { changed: new Map(), created: [] };
  const islands = splitIslands(block, minMm3 / getVoxelMm3(geometry), connectivity);
  if (islands.length > MAX_NEW_SEGMENTS + 1)
    throw new IbisError(
      'session-state',
      `The segment has ${islands.length} islands of this size, and at most ${MAX_NEW_SEGMENTS} segments are made at once. Ask for larger islands, or remove small ones first.`,
    );
  const [largest = new Map(), ...others] = islands.map((island) =>
    packBlock(island, geometry.dimensions),
  );
  return { changed: new Map([[segmentNumber, largest]]), created: others };
}

/** Smooths the named segments together. */
export function smoothSegments(
  request: ToolRequest,
  tool: SegmentToolOf<'smooth-jointly'>,
  onProgress: OnProgress,
): ToolResult {
  const { dimensions, spacingMm } = request.geometry;
  const numbers = [...new Set(tool.segmentNumbers)];
  const all = numbers.map((number) => slicesOf(request, number));
  const union = all.reduce<SegmentSlices>(uniteSlices, new Map());
  const around = unpackAround(union, dimensions, smoothingMargin(spacingMm, tool.deviationMm));
  if (around === null) return { changed: new Map(), created: [] };
  const blocks = all.map((slices) => unpackBox(slices, around.offset, around.dimensions));
  const smoothed = smoothJointly(blocks, request.geometry, tool.deviationMm, onProgress);
  const changed = new Map<number, SegmentSlices>();
  for (const [index, block] of smoothed.entries()) {
    const segmentNumber = numbers[index];
    if (segmentNumber !== undefined) changed.set(segmentNumber, packBlock(block, dimensions));
  }
  return { changed, created: [] };
}
