/**
 * Patient space is LPS in millimetres (x to the patient's left, y to posterior, z to superior), as in
 * DICOM and ITK. NIfTI's RAS is flipped at the file edge only.
 */
export type Vec3 = readonly [number, number, number];
/** Zero-based voxel position along (i = column, j = row, k = slice); may be fractional; the centre of a voxel is an integer. */
export type VoxelIndex = { readonly i: number; readonly j: number; readonly k: number };
/** A point in LPS, mm. */
export type WorldPoint = { readonly x: number; readonly y: number; readonly z: number };

/** Regular grid in LPS. `direction` holds unit vectors of the i, j and k axes (columns of the direction matrix). */
export interface VolumeGeometry {
  readonly dimensions: Vec3; // voxels along i, j, k
  readonly spacingMm: Vec3; // along i, j, k
  readonly origin: Vec3; // LPS mm of the centre of voxel (0, 0, 0)
  readonly direction: readonly [Vec3, Vec3, Vec3];
  /** False for plain images and files without orientation: left and right are then the image's, not the patient's. */
  readonly orientationKnown: boolean;
}

export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vec3, b: Vec3): Vec3 => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];
export const length = (a: Vec3): number => Math.sqrt(dot(a, a));
export const scale = (a: Vec3, s: number): Vec3 => [a[0] * s, a[1] * s, a[2] * s];
export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const subtract = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const normalise = (a: Vec3): Vec3 => scale(a, 1 / length(a));

/** Voxel index -> LPS mm. */
export function voxelToWorld(geometry: VolumeGeometry, voxel: VoxelIndex): WorldPoint {
  const { origin, spacingMm, direction } = geometry;
  const offset = add(
    add(scale(direction[0], voxel.i * spacingMm[0]), scale(direction[1], voxel.j * spacingMm[1])),
    scale(direction[2], voxel.k * spacingMm[2]),
  );
  const [x, y, z] = add(origin, offset);
  return { x, y, z };
}

/** LPS mm -> fractional voxel index. Solves the 3x3 system, so that sheared grids (gantry tilt) are right too. */
export function worldToVoxel(geometry: VolumeGeometry, point: WorldPoint): VoxelIndex {
  const { origin, spacingMm, direction } = geometry;
  const [a, b, c] = direction;
  const p = subtract([point.x, point.y, point.z], origin);
  const determinant = dot(a, cross(b, c));
  return {
    i: dot(p, cross(b, c)) / determinant / spacingMm[0],
    j: dot(a, cross(p, c)) / determinant / spacingMm[1],
    k: dot(a, cross(b, p)) / determinant / spacingMm[2],
  };
}
