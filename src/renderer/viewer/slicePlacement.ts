import { add, cross, dot, length, normalise, scale, subtract } from '../../domain/geometry.js';
import type { Vec3, VolumeGeometry } from '../../domain/geometry.js';
import { computeSlicePlane, imageToVoxel, imageToWorld, voxelToImage } from '../../domain/plane.js';
import type { ImagePoint, SliceAxis, SlicePlane } from '../../domain/plane.js';
import type { ImageInfo, SourceKind, VolumeInfo } from '../../domain/study.js';

/** Where one displayed slice lies: image pixel (0, 0) in LPS mm and unit vectors along columns and rows. */
export interface SlicePlacement {
  readonly origin: Vec3;
  readonly columnDirection: Vec3;
  readonly rowDirection: Vec3;
  /** mm a pixel along columns and rows; 1 where unknown. */
  readonly spacing: readonly [number, number];
  /** False: lengths are in pixels and no mm may be claimed. */
  readonly spacingKnown: boolean;
}

/** A volume as it is cut for display: its grid (an image's own where the images form none) and the cut. */
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
const sliceWithin = (cut: CutVolume, sliceIndex: number): number =>
  Math.min(sliceIndex, cut.plane.sliceCount - 1);

/** Whether mm may be told in this plane: plain images have none, and a single slice has no slice spacing. */
function isSpacingKnown(volume: VolumeInfo, plane: SlicePlane, sourceKind: SourceKind): boolean {
  const inPlane = volume.images.every((image) => image.spacingMm !== null);
  if (plane.normalAxis === 2) return inPlane;
  return inPlane && (sourceKind === 'nifti' || volume.images.every((i) => i.position !== null));
}

export function placeSlice(
  volume: VolumeInfo,
  cut: CutVolume,
  sliceIndex: number,
  sourceKind: SourceKind,
): SlicePlacement {
  const { geometry, plane } = cut;
  const at = (column: number, row: number): Vec3 => {
    const { x, y, z } = imageToWorld(geometry, plane, sliceWithin(cut, sliceIndex), {
      column,
      row,
    });
    return [x, y, z];
  };
  const origin = at(0, 0);
  const alongColumns = subtract(at(1, 0), origin);
  const alongRows = subtract(at(0, 1), origin);
  const columnDirection = normalise(alongColumns);
  const skew = dot(normalise(alongRows), columnDirection);
  // A sheared grid (gantry tilt) cut across its slices has no right angles: it is shown as a rectangle, as the
  // policy sees it, and mm are not claimed there.
  const isSheared = Math.abs(skew) > 1e-3;
  return {
    origin,
    columnDirection,
    rowDirection: normalise(
      isSheared
        ? subtract(normalise(alongRows), scale(columnDirection, skew))
        : normalise(alongRows),
    ),
    spacing: [length(alongColumns), length(alongRows)],
    spacingKnown: !isSheared && isSpacingKnown(volume, plane, sourceKind),
  };
}

export const normalOf = (placement: SlicePlacement): Vec3 =>
  cross(placement.columnDirection, placement.rowDirection);

/** Slice pixel -> the point that Cornerstone draws it at. */
export const pixelToDisplayWorld = (placement: SlicePlacement, point: ImagePoint): Vec3 =>
  add(
    placement.origin,
    add(
      scale(placement.columnDirection, point.column * placement.spacing[0]),
      scale(placement.rowDirection, point.row * placement.spacing[1]),
    ),
  );

export interface PixelOffset {
  readonly column: number;
  readonly row: number;
}

/** Affine between the pixels of two cuts of one volume with the same normal: flips and a transposition at most. */
export interface PixelMap {
  readonly origin: PixelOffset;
  readonly perColumn: PixelOffset;
  readonly perRow: PixelOffset;
}

/** Pixels of `from` -> pixels of `to`; null when the planes do not share their normal. */
export function mapPixels(from: SlicePlane, to: SlicePlane): PixelMap | null {
  if (from.normalAxis !== to.normalAxis) return null;
  const at = (column: number, row: number): ImagePoint =>
    voxelToImage(to, imageToVoxel(from, 0, { column, row })).point;
  const origin = at(0, 0);
  const c = at(1, 0);
  const r = at(0, 1);
  return {
    origin,
    perColumn: { column: c.column - origin.column, row: c.row - origin.row },
    perRow: { column: r.column - origin.column, row: r.row - origin.row },
  };
}
