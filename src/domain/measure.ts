import { sliceWithin } from './cutVolume.js';
import type { CutVolume } from './cutVolume.js';
import { add, cross, dot, length, scale, subtract, worldToVoxel } from './geometry.js';
import type { Vec3, WorldPoint } from './geometry.js';
import type { MeasurementKind, Quantity } from './measurement.js';
import { voxelToImage } from './plane.js';
import type { ImagePoint } from './plane.js';

/** What a measurement lies on. */
export interface MeasuredSlice {
  readonly cut: CutVolume;
  readonly sliceIndex: number;
  /** False: lengths are told in pixels of the slice image. */
  readonly isSpacingKnown: boolean;
  /** Modality values of the slice image, row-major; null for colour, and where nothing asks for them. */
  readonly values: ArrayLike<number> | null;
  readonly valueUnit: string; // 'HU' for CT, '' where unknown
}

const toVec3 = ({ x, y, z }: WorldPoint): Vec3 => [x, y, z];

/** Where a point lies in the slice images of a cut, and on which of them (fractional). */
export const worldToImage = (
  { geometry, plane }: CutVolume,
  point: WorldPoint,
): ReturnType<typeof voxelToImage> => voxelToImage(plane, worldToVoxel(geometry, point));

/** Whether all points lie in the plane of the slice, to half a slice. */
export const liesOnSlice = (
  cut: CutVolume,
  sliceIndex: number,
  points: readonly WorldPoint[],
): boolean =>
  points.every(
    (point) => Math.abs(worldToImage(cut, point).sliceIndex - sliceWithin(cut, sliceIndex)) <= 0.5,
  );

/**
 * An ellipse or a rectangle: its middle, and the two half axes from there. They need not be at right angles: in a sheared
 * grid (gantry tilt) what is a rectangle on the image is a parallelogram in the patient.
 */
export interface Shape {
  readonly kind: 'ellipse' | 'rectangle';
  readonly centre: Vec3;
  readonly axes: readonly [Vec3, Vec3];
}

/** Of the points in the order of `pointCounts`. */
export function shapeOf(kind: Shape['kind'], points: readonly Vec3[]): Shape {
  const [a, b, c, d] = points;
  if (a === undefined || b === undefined || c === undefined || d === undefined)
    throw new Error('an ellipse or a rectangle has four points');
  const half = (from: Vec3, to: Vec3): Vec3 => scale(subtract(to, from), 0.5);
  return {
    kind,
    centre: scale(add(add(a, b), add(c, d)), 0.25),
    axes: kind === 'ellipse' ? [half(a, b), half(c, d)] : [half(a, b), half(b, c)],
  };
}

const areaOf = ({ kind, axes: [u, v] }: Shape): number =>
  length(cross(u, v)) * (kind === 'ellipse' ? Math.PI : 4);

/** How far the shape reaches from its middle along columns and rows. */
function reachOf({ kind, axes: [u, v] }: Shape): readonly [number, number] {
  const reach = (a: number, b: number): number =>
    kind === 'ellipse' ? Math.hypot(a, b) : Math.abs(a) + Math.abs(b);
  return [reach(u[0], v[0]), reach(u[1], v[1])];
}

/** Visits the pixels of the image whose centres lie in the shape, which is given in pixels. */
function forEachPixelIn(
  shape: Shape,
  { width, height }: { readonly width: number; readonly height: number },
  visit: (at: number) => void,
): void {
  const {
    centre: [x, y],
    axes: [u, v],
  } = shape;
  const determinant = u[0] * v[1] - u[1] * v[0];
  if (determinant === 0) return;
  const [reachX, reachY] = reachOf(shape);
  for (let row = Math.max(0, Math.ceil(y - reachY)); row <= Math.min(height - 1, y + reachY); row++)
    for (
      let column = Math.max(0, Math.ceil(x - reachX));
      column <= Math.min(width - 1, x + reachX);
      column++
    ) {
      const [dx, dy] = [column - x, row - y];
      const s = (dx * v[1] - dy * v[0]) / determinant; // in half axes from the middle
      const t = (dy * u[0] - dx * u[1]) / determinant;
      const isInside =
        shape.kind === 'ellipse' ? s * s + t * t <= 1 : Math.abs(s) <= 1 && Math.abs(t) <= 1;
      if (isInside) visit(row * width + column);
    }
}

function computeStatistics(
  shape: Shape,
  { values, valueUnit, cut: { plane } }: MeasuredSlice,
): readonly Quantity[] {
  if (values === null) return [];
  const inside: number[] = [];
  forEachPixelIn(shape, plane, (at) => inside.push(values[at] ?? NaN));
  if (inside.length === 0) return [];
  const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
  const variance = inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length;
  return [
    { name: 'mean', value: mean, unit: valueUnit },
    { name: 'deviation', value: Math.sqrt(variance), unit: valueUnit },
    { name: 'minimum', value: inside.reduce((a, b) => Math.min(a, b)), unit: valueUnit },
    { name: 'maximum', value: inside.reduce((a, b) => Math.max(a, b)), unit: valueUnit },
  ];
}

function reachesBeyond(shape: Shape, { cut: { plane } }: MeasuredSlice): boolean {
  const [x, y] = shape.centre;
  const [reachX, reachY] = reachOf(shape);
  return (
    x - reachX < -0.5 ||
    y - reachY < -0.5 ||
    x + reachX > plane.width - 0.5 ||
    y + reachY > plane.height - 0.5
  );
}

function angleDegrees(from: Vec3, apex: Vec3, to: Vec3): number {
  const [u, v] = [subtract(from, apex), subtract(to, apex)];
  return (Math.atan2(length(cross(u, v)), dot(u, v)) * 180) / Math.PI;
}

/** Points in pixels of the slice image; a pixel's centre is a whole number. */
const toImagePoints = (cut: CutVolume, points: readonly WorldPoint[]): readonly ImagePoint[] =>
  points.map((point) => worldToImage(cut, point).point);

/**
 * What a measurement tells, from its points and the voxels under it: lengths and areas in the patient's mm (in pixels where
 * the images do not say how large those are), angles in degrees; mean, deviation (of all pixels, not of a sample) and range
 * of the pixels whose centres lie inside. [] for an arrow, and for a shape that is not wholly on the image.
 */
export function computeQuantities(
  kind: MeasurementKind,
  points: readonly WorldPoint[],
  slice: MeasuredSlice,
): readonly Quantity[] {
  const inPixels = toImagePoints(slice.cut, points).map(({ column, row }): Vec3 => [
    column,
    row,
    0,
  ]);
  const inSpace = slice.isSpacingKnown ? points.map(toVec3) : inPixels;
  const unit = slice.isSpacingKnown ? 'mm' : 'px';
  const distance = (from: number, to: number): number =>
    length(subtract(inSpace[to] ?? [NaN, NaN, NaN], inSpace[from] ?? [NaN, NaN, NaN]));
  switch (kind) {
    case 'length':
      return [{ name: 'length', value: distance(0, 1), unit }];
    case 'bidirectional': {
      const [long = 0, short = 0] = [distance(0, 1), distance(2, 3)].sort((a, b) => b - a);
      return [
        { name: 'long-axis', value: long, unit },
        { name: 'short-axis', value: short, unit },
      ];
    }
    case 'angle': {
      const [from, apex, to] = inSpace;
      if (from === undefined || apex === undefined || to === undefined) return [];
      return [{ name: 'angle', value: angleDegrees(from, apex, to), unit: 'deg' }];
    }
    case 'ellipse':
    case 'rectangle': {
      const shape = shapeOf(kind, inPixels);
      if (reachesBeyond(shape, slice)) return [];
      const area = areaOf(shapeOf(kind, inSpace));
      return [{ name: 'area', value: area, unit: `${unit}2` }, ...computeStatistics(shape, slice)];
    }
    case 'arrow':
      return [];
  }
}
