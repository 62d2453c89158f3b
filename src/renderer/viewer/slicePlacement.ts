import type { CutVolume } from '../../domain/cutVolume.js';
import { isSpacingKnown, sliceWithin } from '../../domain/cutVolume.js';
import { add, cross, dot, length, normalise, scale, subtract } from '../../domain/geometry.js';
import type { Vec3 } from '../../domain/geometry.js';
import { imageToVoxel, imageToWorld, voxelToImage } from '../../domain/plane.js';
import type { ImagePoint, SlicePlane } from '../../domain/plane.js';
import type { SourceKind, VolumeInfo } from '../../domain/study.js';

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
