import { cross, normalise } from './geometry.js';
import type { Vec3, VolumeGeometry } from './geometry.js';
import { computeSlicePlane } from './plane.js';
import type { SliceAxis, SlicePlane } from './plane.js';
import type { ImageInfo, SourceKind, VolumeInfo } from './study.js';

/** A volume as it is cut into slice images: its grid (an image's own where the images form none) and the cut. */
export interface CutVolume {
  readonly geometry: VolumeGeometry;
  readonly plane: SlicePlane;
  readonly sliceCount: number;
}

/** Grid of one image alone, as stored where position or orientation is unknown. */
export function geometryOfImage(image: ImageInfo): VolumeGeometry {
  const { columnDirection, rowDirection, position, spacingMm } = image;
  const oriented = columnDirection !== null && rowDirection !== null;
  const i: Vec3 = oriented ? columnDirection : [1, 0, 0];
  const j: Vec3 = oriented ? rowDirection : [0, 1, 0];
  return {
    dimensions: [image.columns, image.rows, 1],
    spacingMm: [spacingMm?.column ?? 1, spacingMm?.row ?? 1, 1],
    origin: position ?? [0, 0, 0],
    direction: [i, j, normalise(cross(i, j))],
    orientationKnown: oriented,
  };
}

/**
 * How slice `sliceIndex` of the volume is cut along `axis`. Images that form no grid are shown one by one in
 * their acquired plane, whatever axis is asked for. Null when there is no such image.
 */
export function cutVolume(
  volume: VolumeInfo,
  axis: SliceAxis,
  sliceIndex: number,
): CutVolume | null {
  if (volume.geometry !== null) {
    const plane = computeSlicePlane(volume.geometry, axis);
    return sliceIndex < 0 || sliceIndex >= plane.sliceCount
      ? null
      : { geometry: volume.geometry, plane, sliceCount: plane.sliceCount };
  }
  const image = volume.images[sliceIndex];
  if (image === undefined) return null;
  const geometry = geometryOfImage(image);
  return {
    geometry,
    plane: computeSlicePlane(geometry, 'acquired'),
    sliceCount: volume.images.length,
  };
}

/** Slice index inside `cut.geometry`: a lone image's own grid has only slice 0. */
export const sliceWithin = (cut: CutVolume, sliceIndex: number): number =>
  Math.min(sliceIndex, cut.plane.sliceCount - 1);

/** Whether mm may be told in this plane: plain images have none, and a single slice has no slice spacing. */
export function isSpacingKnown(
  volume: VolumeInfo,
  plane: SlicePlane,
  sourceKind: SourceKind,
): boolean {
  const inPlane = volume.images.every((image) => image.spacingMm !== null);
  if (plane.normalAxis === 2) return inPlane;
  return inPlane && (sourceKind === 'nifti' || volume.images.every((i) => i.position !== null));
}
