import type { Combination, SegmentTool, ToolRegion } from '../../contract/segmentTools.js';
import type { Vec3, VolumeGeometry, VoxelIndex } from '../../domain/geometry.js';
import { computeSlicePlane } from '../../domain/plane.js';
import { computeVoxelBox, subtractSlices, uniteSlices } from '../../domain/segmentSlices.js';
import type { SliceChanges, VoxelBox } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { ValueBlock } from './values.js';

/** All that a tool needs: what the worker is sent. */
export interface ToolRequest {
  readonly tool: SegmentTool;
  /** The segment that the tool changes. */
  readonly segmentNumber: number;
  readonly geometry: VolumeGeometry;
  /** Of the segments that `listSegmentsRead` names. */
  readonly segments: ReadonlyMap<number, SegmentSlices>;
  /** Of the box that `findValueBox` names; null where it names none. */
  readonly values: ValueBlock | null;
}

/** All voxels of the segments that a tool may have changed, and of those to be made. */
export interface ToolResult {
  readonly changed: ReadonlyMap<number, SegmentSlices>;
  readonly created: readonly SegmentSlices[];
}

/** What the worker gives back. */
export interface ToolOutput {
  /** The new masks of the slices that changed, by segment; one that did not change is left out. */
  readonly changed: ReadonlyMap<number, SliceChanges>;
  /** Voxels of segments to be made, largest first. */
  readonly created: readonly SegmentSlices[];
}

/** A segment without an entry is empty. */
export const slicesOf = (
  { segments }: Pick<ToolRequest, 'segments'>,
  segmentNumber: number,
): SegmentSlices => segments.get(segmentNumber) ?? new Map();

export const toVec3 = ({ i, j, k }: VoxelIndex): Vec3 => [i, j, k];

/** The segments whose voxels a tool reads. */
export function listSegmentsRead(tool: SegmentTool, segmentNumber: number): readonly number[] {
  const numbers = new Set([segmentNumber]);
  if ('other' in tool) numbers.add(tool.other);
  if ('region' in tool && tool.region.kind === 'segment') numbers.add(tool.region.segmentNumber);
  if (tool.kind === 'smooth-jointly') for (const other of tool.segmentNumbers) numbers.add(other);
  return [...numbers];
}

/** The part of the volume that a region takes; null where that is nothing. */
export function findRegionBox(
  region: ToolRegion,
  request: Pick<ToolRequest, 'geometry' | 'segments'>,
): VoxelBox | null {
  const { geometry } = request;
  const [di, dj, dk] = geometry.dimensions;
  const last: Vec3 = [di - 1, dj - 1, dk - 1];
  const clip = (min: Vec3, max: Vec3): VoxelBox | null => {
    const end: Vec3 = [
      Math.min(max[0], last[0]),
      Math.min(max[1], last[1]),
      Math.min(max[2], last[2]),
    ];
    return min.some((low, axis) => low > (end[axis] ?? -1)) ? null : { min, max: end };
  };
  switch (region.kind) {
    case 'volume':
      return clip([0, 0, 0], last);
    case 'box':
      return clip(toVec3(region.min), toVec3(region.max));
    case 'segment':
      return computeVoxelBox(slicesOf(request, region.segmentNumber));
    case 'slice': {
      const { normalAxis } = computeSlicePlane(geometry, region.axis);
      const at = (axis: 0 | 1 | 2, value: number): number =>
        axis === normalAxis ? region.sliceIndex : value;
      return clip([at(0, 0), at(1, 0), at(2, 0)], [at(0, last[0]), at(1, last[1]), at(2, last[2])]);
    }
  }
}

/** The box whose modality values a tool needs; null where it needs none. */
export const findValueBox = (
  tool: SegmentTool,
  request: Pick<ToolRequest, 'geometry' | 'segments'>,
): VoxelBox | null =>
  tool.kind === 'threshold' || tool.kind === 'grow-region'
    ? findRegionBox(tool.region, request)
    : null;

export const sizeOfBox = ({ min, max }: VoxelBox): Vec3 => [
  max[0] - min[0] + 1,
  max[1] - min[1] + 1,
  max[2] - min[2] + 1,
];

export const getVoxelMm3 = ({ spacingMm: [i, j, k] }: VolumeGeometry): number => i * j * k;

export const combineSlices = (
  own: SegmentSlices,
  found: SegmentSlices,
  combination: Combination,
): SegmentSlices => {
  switch (combination) {
    case 'replace':
      return found;
    case 'add':
      return uniteSlices(own, found);
    case 'subtract':
      return subtractSlices(own, found);
  }
};
