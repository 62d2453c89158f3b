import { IbisError } from '../../contract/errors.js';
import type { SegmentToolOf } from '../../contract/segmentTools.js';
import type { Vec3, VolumeGeometry } from '../../domain/geometry.js';
import { packMask, unpackMask } from '../../domain/mask.js';
import type { Mask, PackedMask } from '../../domain/mask.js';
import { subtractPacked, unitePacked } from '../../domain/packedBits.js';
import { computeSlicePlane, imageToVoxel } from '../../domain/plane.js';
import type { SlicePlane } from '../../domain/plane.js';
import { rasterisePolygon } from '../../domain/polygon.js';
import {
  applySliceChanges,
  computeVoxelBox,
  cutSegmentSlice,
  packBlock,
  subtractSlices,
  uniteSlices,
  writeSegmentSlice,
} from '../../domain/segmentSlices.js';
import type { VoxelBox } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import { sizeOfBox } from './toolRequest.js';

function requireSlice(plane: SlicePlane, sliceIndex: number): void {
  if (sliceIndex < plane.sliceCount) return;
  throw new IbisError(
    'bad-slice',
    `There is no slice ${sliceIndex}: this axis has slices 0 to ${plane.sliceCount - 1}.`,
  );
}

/** The mask mirrored across a line at a share of its width or height; what leaves the image is lost. */
function mirrorMask(mask: Mask, { across, at }: { across: 'column' | 'row'; at: number }): Mask {
  const { width, height } = mask;
  const data = new Uint8Array(width * height);
  const side = across === 'column' ? width : height;
  const turn = Math.round(2 * at * side) - 1; // the sum of a pixel's place and its image's
  for (let row = 0, from = 0; row < height; row++)
    for (let column = 0; column < width; column++, from++) {
      const mirrored = turn - (across === 'column' ? column : row);
      if (mask.data[from] !== 1 || mirrored < 0 || mirrored >= side) continue;
      data[across === 'column' ? row * width + mirrored : mirrored * width + column] = 1;
    }
  return { width, height, data };
}

/** Copies what a segment has on one slice image to others, mirrored if asked for. */
export function copySlice(
  own: SegmentSlices,
  geometry: VolumeGeometry,
  { axis, from, to, mirror, combination }: SegmentToolOf<'copy-slice'>,
): SegmentSlices {
  const plane = computeSlicePlane(geometry, axis);
  for (const sliceIndex of [from, ...to]) requireSlice(plane, sliceIndex);
  const cut = cutSegmentSlice(own, plane, from);
  const copied = mirror === null ? cut : packMask(mirrorMask(unpackMask(cut), mirror));
  const combine = (before: PackedMask): PackedMask => {
    if (combination === 'replace') return copied;
    return combination === 'add' ? unitePacked(before, copied) : subtractPacked(before, copied);
  };
  let result = own;
  for (const sliceIndex of to) {
    const mask = combine(cutSegmentSlice(result, plane, sliceIndex));
    const { dimensions } = geometry;
    result = applySliceChanges(
      result,
      writeSegmentSlice(result, dimensions, plane, sliceIndex, mask),
    );
  }
  return result;
}

/** The voxels of a box that lie under the mask of a slice image, through all slices of the box. */
function extrudeMask(mask: Mask, plane: SlicePlane, box: VoxelBox): Uint8Array {
  const [di, dj, dk] = sizeOfBox(box);
  const data = new Uint8Array(di * dj * dk);
  const strides: Vec3 = [1, di, di * dj];
  const { normalAxis } = plane;
  const depth = box.max[normalAxis] - box.min[normalAxis] + 1;
  for (let row = 0, from = 0; row < mask.height; row++)
    for (let column = 0; column < mask.width; column++, from++) {
      if (mask.data[from] !== 1) continue;
      const { i, j, k } = imageToVoxel(plane, box.min[normalAxis], { column, row });
      const place: Vec3 = [i - box.min[0], j - box.min[1], k - box.min[2]];
      if (place.some((x, axis) => x < 0 || x > (box.max[axis] ?? 0) - (box.min[axis] ?? 0)))
        continue;
      let at = place[0] + place[1] * strides[1] + place[2] * strides[2];
      for (let slice = 0; slice < depth; slice++, at += strides[normalAxis]) data[at] = 1;
    }
  return data;
}

/** Erases or fills inside or outside a closed outline on the slice images of an axis, through some or all slices. */
export function cutSegment(
  own: SegmentSlices,
  geometry: VolumeGeometry,
  { axis, slices, outline, operation }: SegmentToolOf<'cut'>,
): SegmentSlices {
  const plane = computeSlicePlane(geometry, axis);
  const { width, height, normalAxis, sliceCount } = plane;
  const { first, last } = slices ?? { first: 0, last: sliceCount - 1 };
  requireSlice(plane, first);
  requireSlice(plane, last);
  const isErasing = operation === 'erase-inside' || operation === 'erase-outside';
  const isOutside = operation === 'erase-outside' || operation === 'fill-outside';
  const points = outline.map(({ x, y }) => ({ column: x * width - 0.5, row: y * height - 0.5 }));
  const drawn = rasterisePolygon(points, plane);
  const mask = isOutside ? { ...drawn, data: drawn.data.map((value) => 1 - value) } : drawn;

  // Erasing needs no more than what is there.
  const { dimensions } = geometry;
  const whole: VoxelBox = {
    min: [0, 0, 0],
    max: [dimensions[0] - 1, dimensions[1] - 1, dimensions[2] - 1],
  };
  const around = isErasing ? computeVoxelBox(own) : whole;
  if (around === null) return own;
  const limit = (corner: Vec3, at: (value: number) => number): Vec3 => [
    normalAxis === 0 ? at(corner[0]) : corner[0],
    normalAxis === 1 ? at(corner[1]) : corner[1],
    normalAxis === 2 ? at(corner[2]) : corner[2],
  ];
  const box: VoxelBox = {
    min: limit(around.min, (value) => Math.max(value, Math.min(first, last))),
    max: limit(around.max, (value) => Math.min(value, Math.max(first, last))),
  };
  if (box.min[normalAxis] > box.max[normalAxis]) return own;
  const block = {
    offset: box.min,
    dimensions: sizeOfBox(box),
    data: extrudeMask(mask, plane, box),
  };
  const covered = packBlock(block, dimensions);
  return isErasing ? subtractSlices(own, covered) : uniteSlices(own, covered);
}
