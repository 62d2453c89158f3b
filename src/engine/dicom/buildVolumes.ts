import {
  cross,
  dot,
  length,
  normalise,
  scale,
  subtract,
  type Vec3,
  type VolumeGeometry,
} from '../../domain/geometry.js';
import { splitPhases } from './splitPhases.js';
import type { BuiltVolume, StoredFrame } from './types.js';

// Positions nearer than this are one position; scanners write them to 1e-3 mm or better.
const SAME_POSITION_MM = 0.01;
// Beyond this many different grids, a series is a pile of pictures, each shown alone.
const MOST_GRIDS = 16;

const rounded = (values: readonly number[] | null): string =>
  values === null
    ? '-'
    : values.map((value) => (Math.round(value * 1e3) / 1e3 || 0).toFixed(3)).join(',');

/** Images that can lie in one grid: same size, kind, orientation and pixel spacing. */
function gridKey({ info }: StoredFrame): string {
  const spacing = info.spacingMm === null ? null : [info.spacingMm.column, info.spacingMm.row];
  return [
    info.rows,
    info.columns,
    info.samplesPerPixel,
    info.pixelType,
    rounded(info.columnDirection),
    rounded(info.rowDirection),
    rounded(spacing),
  ].join('|');
}

const byNumber = (a: StoredFrame, b: StoredFrame): number =>
  a.info.instanceNumber - b.info.instanceNumber || a.info.frameNumber - b.info.frameNumber;

/** Frames of one series -> volumes. Every image lands in exactly one. */
export function buildVolumes(frames: readonly StoredFrame[]): readonly BuiltVolume[] {
  const grids = [...Map.groupBy(frames, gridKey).values()];
  if (grids.length > MOST_GRIDS)
    return [
      {
        phaseLabel: '',
        frames: frames.toSorted(byNumber),
        geometry: null,
        warnings: [
          `The ${String(frames.length)} images differ in size or orientation (${String(grids.length)} kinds): they form no volume and are shown one by one.`,
        ],
      },
    ];
  const volumes = grids.flatMap((grid) => buildGrid(grid, grids.length > 1));
  if (grids.length === 1) return volumes;
  const warning = `The series mixes ${String(grids.length)} sizes or orientations; each is a volume of its own.`;
  return volumes.map((volume) => ({ ...volume, warnings: [warning, ...volume.warnings] }));
}

const planeName = (normal: Vec3): string => {
  const [x, y, z] = normal.map(Math.abs);
  const largest = Math.max(x ?? 0, y ?? 0, z ?? 0);
  return largest === z ? 'axial' : largest === y ? 'coronal' : 'sagittal';
};

function buildGrid(frames: readonly StoredFrame[], mixed: boolean): readonly BuiltVolume[] {
  const [first] = frames;
  if (first === undefined) return [];
  const { position, columnDirection, rowDirection } = first.info;
  if (position === null || columnDirection === null || rowDirection === null)
    return [buildLooseStack(frames, first)];
  const normal = normalise(cross(columnDirection, rowDirection));
  const along = (frame: StoredFrame): number => dot(frame.info.position ?? position, normal);
  const sorted = frames
    .map((frame) => ({ frame, at: along(frame) }))
    .sort((a, b) => a.at - b.at || byNumber(a.frame, b.frame));
  const positions: { at: number; frames: StoredFrame[] }[] = [];
  for (const { frame, at } of sorted) {
    const last = positions.at(-1);
    if (last !== undefined && at - last.at <= SAME_POSITION_MM) last.frames.push(frame);
    else positions.push({ at, frames: [frame] });
  }
  const name = mixed
    ? `${planeName(normal)} ${String(first.info.columns)} x ${String(first.info.rows)}`
    : '';
  return splitPhases(positions.map((entry) => entry.frames)).map((phase) => {
    const { geometry, warnings } = measureGrid(phase.frames, normal);
    const phaseLabel = [name, phase.label].filter((part) => part !== '').join(', ');
    return { phaseLabel, frames: phase.frames, geometry, warnings };
  });
}

/** No positions: photographs, ultrasound, projections. In order of number, at a spacing that is only shown. */
function buildLooseStack(frames: readonly StoredFrame[], first: StoredFrame): BuiltVolume {
  const { spacingMm } = first.info;
  return {
    phaseLabel: '',
    frames: frames.toSorted(byNumber),
    geometry: {
      dimensions: [first.info.columns, first.info.rows, frames.length],
      spacingMm: [spacingMm?.column ?? 1, spacingMm?.row ?? 1, first.sliceSpacingMm ?? 1],
      origin: [0, 0, 0],
      direction: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      orientationKnown: false,
    },
    warnings: [],
  };
}

/** The regular grid nearest to frames ordered along `normal`, and sentences on what departs from it. */
function measureGrid(
  frames: readonly StoredFrame[],
  normal: Vec3,
): { readonly geometry: VolumeGeometry | null; readonly warnings: readonly string[] } {
  const first = frames[0];
  const last = frames.at(-1);
  const { position: origin, columnDirection, rowDirection, spacingMm } = first?.info ?? {};
  if (first === undefined || last?.info.position == null) return { geometry: null, warnings: [] };
  if (origin == null || columnDirection == null || rowDirection == null)
    return { geometry: null, warnings: [] };
  const count = frames.length;
  const span = subtract(last.info.position, origin);
  const run = count > 1 ? scale(span, 1 / (count - 1)) : scale(normal, first.sliceSpacingMm ?? 1);
  const geometry: VolumeGeometry = {
    dimensions: [first.info.columns, first.info.rows, count],
    spacingMm: [spacingMm?.column ?? 1, spacingMm?.row ?? 1, length(run)],
    origin,
    // From the first slice's corner to the last's: not the normal where the gantry was tilted.
    direction: [columnDirection, rowDirection, normalise(run)],
    orientationKnown: true,
  };
  return { geometry, warnings: findIrregularities(frames, geometry, normal) };
}

const mm = (value: number): string => `${String(Math.round(value * 100) / 100)} mm`;

function findIrregularities(
  frames: readonly StoredFrame[],
  geometry: VolumeGeometry,
  normal: Vec3,
): readonly string[] {
  const warnings: string[] = [];
  if (frames[0]?.info.spacingMm == null)
    warnings.push('The file does not state the size of a pixel: distances are not in mm.');
  if (frames.length < 2) return warnings;
  const tilt = (Math.acos(Math.min(1, dot(geometry.direction[2], normal))) * 180) / Math.PI;
  if (tilt > 0.5)
    warnings.push(
      `The slices are sheared by ${tilt.toFixed(1)} degrees (gantry tilt): reformatted planes are skewed.`,
    );
  const at = frames.map((frame) => dot(frame.info.position ?? geometry.origin, normal));
  const gaps = at.slice(1).map((value, n) => value - (at[n] ?? value));
  const usual = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0;
  const odd = gaps.filter((gap) => Math.abs(gap - usual) > Math.max(0.05 * usual, 0.02));
  const missing = odd.filter((gap) => gap > 1.5 * usual).length;
  if (missing > 0)
    warnings.push(
      `${String(missing)} gap${missing === 1 ? '' : 's'} between slices (usual distance ${mm(usual)}, largest ${mm(Math.max(...gaps))}): slices may be missing.`,
    );
  else if (odd.length > 0)
    warnings.push(
      `The slices are not equally spaced (${mm(Math.min(...gaps))} to ${mm(Math.max(...gaps))}): measurements across slices are approximate.`,
    );
  return warnings;
}
