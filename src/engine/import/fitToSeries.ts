import type { IbisErrorShape } from '../../contract/errors.js';
import { cross, length, normalise, scale, add, worldToVoxel } from '../../domain/geometry.js';
import type { Vec3, VolumeGeometry } from '../../domain/geometry.js';
import { err, ok } from '../../domain/result.js';
import type { Result } from '../../domain/result.js';

type Axis = 0 | 1 | 2;

/**
 * How the voxels of a file lie in the grid of a series: voxel f of the file is voxel s of the series with
 * `s[axes[a]] = offset[axes[a]] + steps[a] * f[a]`, exactly. Nothing is resampled: what does not fit so is refused.
 */
export interface GridFit {
  /** The very same grid: nothing needs to be moved. */
  readonly isSame: boolean;
  readonly axes: readonly [Axis, Axis, Axis]; // along which axis of the series each axis of the file runs
  readonly steps: Vec3; // 1 or -1, by axis of the file
  readonly offset: Vec3; // where the file's first voxel lies, by axis of the series
}

/**
 * How far a voxel's centre may lie from that of the series. Files write positions with 16 digits (DICOM) or as 32-bit
 * floats (NIfTI), which over a thousand voxels is a thousandth; a grid of another series is off by far more.
 */
const TOLERANCE_VOXELS = 0.1;

const refuse = (message: string): Result<never, IbisErrorShape> =>
  err({ code: 'does-not-fit', message });

const toList = ({ i, j, k }: ReturnType<typeof worldToVoxel>): Vec3 => [i, j, k];

/** The axes of the file in steps of the series' voxels. */
function measureAxes(file: VolumeGeometry, series: VolumeGeometry) {
  const at = (point: Vec3): Vec3 =>
    toList(worldToVoxel(series, { x: point[0], y: point[1], z: point[2] }));
  const start = at(file.origin);
  const along = ([0, 1, 2] as const).map((axis) => {
    const end = at(add(file.origin, scale(file.direction[axis], file.spacingMm[axis])));
    return [end[0] - start[0], end[1] - start[1], end[2] - start[2]] as const;
  });
  return { start, along };
}

/** The axis that a step goes along most; null where it is none of those that are free. */
function findAxis(step: Vec3, taken: ReadonlySet<Axis>): Axis | null {
  const free = ([0, 1, 2] as const).filter((axis) => !taken.has(axis));
  return free.toSorted((a, b) => Math.abs(step[b]) - Math.abs(step[a]))[0] ?? null;
}

/** Why a step along one axis of the file is no step along one axis of the series; null where it is. */
function findMisfit(step: Vec3, axis: Axis, count: number): string | null {
  const across = Math.max(...step.map((part, n) => (n === axis ? 0 : Math.abs(part))));
  if (across * (count - 1) > TOLERANCE_VOXELS)
    return 'The segmentation is turned against the images of this series: its slices have another orientation.';
  if (Math.abs(Math.abs(step[axis]) - 1) * (count - 1) > TOLERANCE_VOXELS)
    return 'The segmentation has voxels of another size than this series: it was made on other images, or resampled.';
  return null;
}

/** A file's grid that names no third axis (one slice) takes the normal; a sheared series' own axis may differ. */
function withNormal(file: VolumeGeometry): VolumeGeometry {
  const [a, b] = file.direction;
  const normal = cross(a, b);
  return length(normal) === 0
    ? file
    : {
        ...file,
        direction: [a, b, normalise(normal)],
        spacingMm: [file.spacingMm[0], file.spacingMm[1], 1],
      };
}

/**
 * Whether the file's grid is that of the series, perhaps with axes swapped, turned round or cut short or longer, and
 * how. The file may reach beyond the series: `laySegments` refuses only segments that do.
 */
export function fitToSeries(
  given: VolumeGeometry,
  series: VolumeGeometry,
): Result<GridFit, IbisErrorShape> {
  const file = given.dimensions[2] === 1 ? withNormal(given) : given;
  const { start, along } = measureAxes(file, series);
  if (![...start, ...along.flat()].every(Number.isFinite))
    return refuse('The segmentation does not say where it lies.');
  const axes: [Axis, Axis, Axis] = [0, 1, 2];
  const steps: [number, number, number] = [1, 1, 1];
  const taken = new Set<Axis>();
  // Axes of one voxel last: nothing of them can misfit.
  const byLength = ([0, 1, 2] as const).toSorted(
    (a, b) => Number(file.dimensions[a] === 1) - Number(file.dimensions[b] === 1),
  );
  for (const axis of byLength) {
    const step = along[axis] ?? [0, 0, 0];
    const found = findAxis(step, taken);
    if (found === null) throw new Error('three axes have room for three');
    const misfit = findMisfit(step, found, file.dimensions[axis]);
    if (misfit !== null) return refuse(misfit);
    taken.add(found);
    axes[axis] = found;
    steps[axis] = step[found] < 0 ? -1 : 1;
  }
  const offset: Vec3 = [Math.round(start[0]), Math.round(start[1]), Math.round(start[2])];
  if (start.some((value, n) => Math.abs(value - (offset[n] ?? 0)) > TOLERANCE_VOXELS))
    return refuse(
      'The segmentation lies between the voxels of this series: it was made on other images, or moved.',
    );
  const isSame =
    axes.every((axis, n) => axis === n) &&
    steps.every((step) => step === 1) &&
    offset.every((value) => value === 0) &&
    file.dimensions.every((size, n) => size === series.dimensions[n]);
  if (!series.orientationKnown && !isSame)
    return refuse(
      'This series does not say how it lies in the patient, and the segmentation has another grid: it cannot be laid on it.',
    );
  if (!file.orientationKnown && series.orientationKnown)
    return refuse(
      'The segmentation does not say how it lies in the patient: left and right could be mixed up.',
    );
  return ok({ isSame, axes, steps, offset });
}
