import { dot, voxelToWorld } from './geometry.js';
import type { Vec3, VolumeGeometry, VoxelIndex, WorldPoint } from './geometry.js';

/** 'acquired' is the plane the slices were stored in; the others are reformats along the nearest voxel axis. */
export type SliceAxis = 'acquired' | 'axial' | 'coronal' | 'sagittal';

/** A zero-based column and row of a slice image; integers are pixel centres. */
export type ImagePoint = { readonly column: number; readonly row: number };
/** x to the right, y down, in [0, 1] of the slice image; pixel centres at (column + 0.5) / width. */
export type NormalisedPoint = { readonly x: number; readonly y: number };

/**
 * One way to cut a volume into slice images in canonical display orientation: axial and coronal with the
 * patient's right at the image's left, sagittal with anterior at the left; superior (coronal, sagittal) or
 * anterior (axial) on top. Only flips and transpositions: no voxel is resampled.
 */
export interface SlicePlane {
  readonly axis: SliceAxis;
  /** Anatomical plane nearest to the cut, also for 'acquired'; 'unknown' without orientation. */
  readonly anatomicalPlane: 'axial' | 'coronal' | 'sagittal' | 'unknown';
  /** Voxel axes (0 = i, 1 = j, 2 = k) along the image's columns, rows and the normal. */
  readonly columnAxis: 0 | 1 | 2;
  readonly rowAxis: 0 | 1 | 2;
  readonly normalAxis: 0 | 1 | 2;
  readonly flipColumns: boolean;
  readonly flipRows: boolean;
  readonly width: number;
  readonly height: number;
  readonly sliceCount: number;
  /** Size of a slice pixel in mm along columns and rows. */
  readonly pixelSpacingMm: readonly [number, number];
}

type Axis3 = 0 | 1 | 2;
const AXES: readonly Axis3[] = [0, 1, 2];
// Wanted LPS direction of increasing column and row.
const DISPLAY: Record<
  'axial' | 'coronal' | 'sagittal',
  { right: Vec3; down: Vec3; normal: Axis3 }
> = {
  axial: { right: [1, 0, 0], down: [0, 1, 0], normal: 2 },
  coronal: { right: [1, 0, 0], down: [0, 0, -1], normal: 1 },
  sagittal: { right: [0, 1, 0], down: [0, 0, -1], normal: 0 },
};

/** Assigns each patient axis (L, P, S) the voxel axis nearest to it; greedy on the largest cosine, one to one. */
function nearestVoxelAxes(geometry: VolumeGeometry): readonly [Axis3, Axis3, Axis3] {
  const result: [Axis3, Axis3, Axis3] = [0, 1, 2];
  const freePatient = new Set<Axis3>(AXES);
  const freeVoxel = new Set<Axis3>(AXES);
  while (freePatient.size > 0) {
    let best: { cosine: number; patient: Axis3; voxel: Axis3 } = {
      cosine: -1,
      patient: 0,
      voxel: 0,
    };
    for (const patient of freePatient)
      for (const voxel of freeVoxel) {
        const cosine = Math.abs(geometry.direction[voxel][patient]);
        if (cosine > best.cosine + 1e-9) best = { cosine, patient, voxel };
      }
    result[best.patient] = best.voxel;
    freePatient.delete(best.patient);
    freeVoxel.delete(best.voxel);
  }
  return result;
}

/** How to cut `geometry` along `axis`. Without a known orientation every axis but 'acquired' is cut as if the grid were LPS. */
export function computeSlicePlane(geometry: VolumeGeometry, axis: SliceAxis): SlicePlane {
  const voxelOf = nearestVoxelAxes(geometry);
  const planeOfNormal = (normal: Axis3): 'axial' | 'coronal' | 'sagittal' =>
    normal === voxelOf[2] ? 'axial' : normal === voxelOf[1] ? 'coronal' : 'sagittal';
  const plane = axis === 'acquired' ? planeOfNormal(2) : axis;
  const wanted = DISPLAY[plane];
  const patientOfColumn: Axis3 = plane === 'sagittal' ? 1 : 0;
  const patientOfRow: Axis3 = plane === 'axial' ? 1 : 2;
  const asStored = axis === 'acquired' && !geometry.orientationKnown;
  const columnAxis = asStored ? 0 : voxelOf[patientOfColumn];
  const rowAxis = asStored ? 1 : voxelOf[patientOfRow];
  const normalAxis = asStored ? 2 : voxelOf[wanted.normal];
  return {
    axis,
    anatomicalPlane: geometry.orientationKnown ? plane : 'unknown',
    columnAxis,
    rowAxis,
    normalAxis,
    flipColumns: !asStored && dot(geometry.direction[columnAxis], wanted.right) < 0,
    flipRows: !asStored && dot(geometry.direction[rowAxis], wanted.down) < 0,
    width: geometry.dimensions[columnAxis],
    height: geometry.dimensions[rowAxis],
    sliceCount: geometry.dimensions[normalAxis],
    pixelSpacingMm: [geometry.spacingMm[columnAxis], geometry.spacingMm[rowAxis]],
  };
}

/** Slice pixel -> voxel. `sliceIndex` is the voxel index along the plane's normal axis. */
export function imageToVoxel(plane: SlicePlane, sliceIndex: number, point: ImagePoint): VoxelIndex {
  const v: [number, number, number] = [0, 0, 0];
  v[plane.columnAxis] = plane.flipColumns ? plane.width - 1 - point.column : point.column;
  v[plane.rowAxis] = plane.flipRows ? plane.height - 1 - point.row : point.row;
  v[plane.normalAxis] = sliceIndex;
  return { i: v[0], j: v[1], k: v[2] };
}

/** Voxel -> slice pixel and the slice it lies on (fractional where the voxel is). */
export function voxelToImage(
  plane: SlicePlane,
  voxel: VoxelIndex,
): { readonly sliceIndex: number; readonly point: ImagePoint } {
  const v: Vec3 = [voxel.i, voxel.j, voxel.k];
  const column = v[plane.columnAxis];
  const row = v[plane.rowAxis];
  return {
    sliceIndex: v[plane.normalAxis],
    point: {
      column: plane.flipColumns ? plane.width - 1 - column : column,
      row: plane.flipRows ? plane.height - 1 - row : row,
    },
  };
}

const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));

/** Normalised -> the pixel that contains it (integers). */
export function normalisedToImage(
  plane: Pick<SlicePlane, 'width' | 'height'>,
  point: NormalisedPoint,
): ImagePoint {
  return {
    column: clamp(Math.floor(point.x * plane.width), 0, plane.width - 1),
    row: clamp(Math.floor(point.y * plane.height), 0, plane.height - 1),
  };
}

/** Pixel centre -> normalised. */
export function imageToNormalised(
  plane: Pick<SlicePlane, 'width' | 'height'>,
  point: ImagePoint,
): NormalisedPoint {
  return { x: (point.column + 0.5) / plane.width, y: (point.row + 0.5) / plane.height };
}

/** Slice pixel -> LPS mm. */
export const imageToWorld = (
  geometry: VolumeGeometry,
  plane: SlicePlane,
  sliceIndex: number,
  point: ImagePoint,
): WorldPoint => voxelToWorld(geometry, imageToVoxel(plane, sliceIndex, point));

/** Words for the policy's prompt: which plane, and which side of the patient lies where. Same strings in training. */
export function describeOrientation(plane: SlicePlane): string {
  switch (plane.anatomicalPlane) {
    case 'axial':
      return "axial, patient's left on the image right";
    case 'coronal':
      return "coronal, patient's left on the image right";
    case 'sagittal':
      return 'sagittal, anterior on the image left';
    case 'unknown':
      return 'unknown';
  }
}
