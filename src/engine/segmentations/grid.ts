import { IbisError } from '../../contract/errors.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import type { Series } from '../../domain/study.js';

const SAME_MM = 0.01; // files round positions to a few digits
const SAME_COSINE = 1e-4;

/** The grid of one volume of a series. Throws 'bad-slice' or 'no-geometry'. */
export function getGrid(series: Series, phaseIndex: number): VolumeGeometry {
  const info = series.volumes[phaseIndex];
  if (info === undefined)
    throw new IbisError(
      'bad-slice',
      `There is no phase ${String(phaseIndex)}: this series has ${String(series.volumes.length)}.`,
    );
  if (info.geometry === null)
    throw new IbisError(
      'no-geometry',
      'These images form no volume (their sizes or directions differ), so no segmentation can lie over them.',
    );
  return info.geometry;
}

const areNear = (a: readonly number[], b: readonly number[], tolerance: number): boolean =>
  a.every((value, at) => Math.abs(value - (b[at] ?? NaN)) <= tolerance);

/** Whether voxel (i, j, k) of one grid is that of the other. */
export const isSameGrid = (a: VolumeGeometry, b: VolumeGeometry): boolean =>
  areNear(a.dimensions, b.dimensions, 0) &&
  areNear(a.spacingMm, b.spacingMm, SAME_MM) &&
  areNear(a.origin, b.origin, SAME_MM) &&
  areNear(a.direction.flat(), b.direction.flat(), SAME_COSINE);

/** Throws 'does-not-fit' where an open series is not the one that a segmentation was made on: slices may be missing. */
export function requireSameGrid(
  series: Series,
  phaseIndex: number,
  geometry: VolumeGeometry,
): void {
  if (isSameGrid(getGrid(series, phaseIndex), geometry)) return;
  throw new IbisError(
    'does-not-fit',
    'The images of this series are not those that the segmentation lies on: slices are missing, or others have come. Open the whole series again.',
  );
}
