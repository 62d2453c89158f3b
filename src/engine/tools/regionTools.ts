import { IbisError } from '../../contract/errors.js';
import type { SegmentToolOf } from '../../contract/segmentTools.js';
import { computeSlicePlane } from '../../domain/plane.js';
import { packBlock, subtractSlices, uniteSlices, unpackBox } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { OnProgress } from './distance.js';
import { findEnclosedAround } from './fillHoles.js';
import { requireRoom } from './ownBlock.js';
import { growRegion } from './regionGrow.js';
import { findRegionBox, sizeOfBox, slicesOf, toVec3 } from './toolRequest.js';
import type { ToolRequest } from './toolRequest.js';
import { computeThreshold } from './values.js';
import type { ValueBlock } from './values.js';

/** The tools that look at a region of the volume. */

function requireValues({ values }: ToolRequest): ValueBlock {
  if (values === null) throw new Error('a tool that looks at values was given none');
  return values;
}

/** Voxels that a threshold or a seed find, to be combined with the segment. */
export function findByValue(
  request: ToolRequest,
  tool: SegmentToolOf<'threshold' | 'grow-region'>,
  onProgress: OnProgress,
): SegmentSlices {
  const { region } = tool;
  if (findRegionBox(region, request) === null) return new Map();
  const values = requireValues(request);
  requireRoom(values.dimensions);
  const inside =
    region.kind === 'segment'
      ? unpackBox(slicesOf(request, region.segmentNumber), values.offset, values.dimensions)
      : null;
  const { dimensions } = request.geometry;
  if (tool.kind === 'threshold')
    return packBlock(computeThreshold(values, tool.range, inside), dimensions);
  const { connectivity, criterion } = tool;
  const growth = { values, inside, seed: toVec3(tool.seed), connectivity };
  const found = growRegion(growth, criterion, onProgress);
  if (found === null)
    throw new IbisError(
      'not-found',
      'The region cannot grow from here: the value at this place is outside the range, or the place is outside the region.',
    );
  return packBlock(found, dimensions);
}

/** The segment with what its outline encloses around a voxel of a slice. */
export function fillOutline(
  request: ToolRequest,
  tool: SegmentToolOf<'fill-outline'>,
): SegmentSlices {
  const { geometry } = request;
  const own = slicesOf(request, request.segmentNumber);
  const { normalAxis } = computeSlicePlane(geometry, tool.axis);
  const voxel = toVec3(tool.voxel);
  const region = { kind: 'slice' as const, axis: tool.axis, sliceIndex: voxel[normalAxis] };
  const box = findRegionBox(region, request);
  const slice = box === null ? null : unpackBox(own, box.min, sizeOfBox(box));
  const enclosed = slice === null ? null : findEnclosedAround(slice, normalAxis, voxel);
  if (enclosed === null)
    throw new IbisError(
      'not-found',
      'The segment does not enclose this place on this slice. Close its outline first, then click inside.',
    );
  return uniteSlices(own, packBlock(enclosed, geometry.dimensions));
}

/** The other side of the segment within the region; what it has outside stays. */
export function invert(request: ToolRequest, tool: SegmentToolOf<'invert'>): SegmentSlices {
  const own = slicesOf(request, request.segmentNumber);
  const box = findRegionBox(tool.region, request);
  if (box === null) return own;
  const dimensions = sizeOfBox(box);
  requireRoom(dimensions);
  const region =
    tool.region.kind === 'segment'
      ? slicesOf(request, tool.region.segmentNumber)
      : packBlock(
          {
            offset: box.min,
            dimensions,
            data: new Uint8Array(dimensions[0] * dimensions[1] * dimensions[2]).fill(1),
          },
          request.geometry.dimensions,
        );
  return uniteSlices(subtractSlices(own, region), subtractSlices(region, own));
}
