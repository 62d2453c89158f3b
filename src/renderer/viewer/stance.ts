import type { VoxelIndex } from '../../domain/geometry.js';
import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis } from '../../domain/plane.js';
import type { VolumeInfo } from '../../domain/study.js';
import { sideAxes } from './planeNames.js';
import type { SlicePosition, ViewerLayout } from './viewerApi.js';
import { paneIds } from './viewerState.js';
import type { PaneId } from './viewerState.js';

/** Where the reader is: one voxel of one volume, and how the panes cut through it. Pure; nothing is drawn here. */
export interface Stance {
  readonly volume: VolumeInfo | undefined;
  readonly layout: ViewerLayout;
  /** Axes that this volume can be cut along. */
  readonly axes: readonly SliceAxis[];
  readonly axis: SliceAxis; // of the main pane
  readonly activePane: PaneId;
  /** Every pane shows the slice through it; k is the place in the list where the images form no grid. */
  readonly cross: VoxelIndex;
  /** Slice of the acquired stack that stands beside three planes in 'quad', and scrolls by itself. */
  readonly stackIndex: number;
}

const KEYS = ['i', 'j', 'k'] as const;

export function normalAxisOf({ volume }: Stance, axis: SliceAxis): 0 | 1 | 2 {
  return volume?.geometry == null ? 2 : computeSlicePlane(volume.geometry, axis).normalAxis;
}

/** Whether the images form a volume that is cut along several axes. */
const isCut = ({ volume, axes }: Stance): boolean => volume?.geometry != null && axes.length > 1;

/** Which of four images in a row a pane shows, where they form no volume. */
const tileOffset = (stance: Stance, paneId: PaneId): number =>
  stance.layout === 'quad' && !isCut(stance) ? paneIds.indexOf(paneId) : 0;

const QUARTERS = {
  main: 'axial',
  side1: 'coronal',
  side2: 'sagittal',
  side3: 'acquired',
} as const satisfies Record<PaneId, SliceAxis>;

/** Axis along which a pane cuts; null for a side pane that shows nothing. */
function axisOfPane(stance: Stance, paneId: PaneId): SliceAxis | null {
  const geometry = stance.volume?.geometry;
  if (stance.layout === 'quad') return isCut(stance) ? QUARTERS[paneId] : 'acquired';
  if (paneId === 'main') return stance.axis;
  if (stance.layout === 'stack' || geometry == null || !isCut(stance)) return null;
  const sides = sideAxes(geometry, stance.axis);
  return (paneId === 'side1' ? sides[0] : paneId === 'side2' ? sides[1] : null) ?? null;
}

/** The stack in the last quarter stands where it was scrolled to, and not at the cross. */
const standsAlone = (stance: Stance, paneId: PaneId): boolean =>
  stance.layout === 'quad' && isCut(stance) && paneId === 'side3';

export function positionOfPane(stance: Stance, paneId: PaneId): SlicePosition | null {
  const axis = axisOfPane(stance, paneId);
  const { volume, cross, stackIndex } = stance;
  if (axis === null || volume === undefined) return null;
  const offset = tileOffset(stance, paneId);
  const atCross = cross[KEYS[normalAxisOf(stance, axis)]] + offset;
  if (offset > 0 && atCross >= volume.images.length) return null;
  const sliceIndex = standsAlone(stance, paneId) ? stackIndex : atCross;
  return { phaseIndex: volume.phaseIndex, axis, sliceIndex };
}

/** The voxel of the volume nearest to `voxel`. */
export function withinVolume(volume: VolumeInfo | undefined, voxel: VoxelIndex): VoxelIndex {
  const [i = 1, j = 1, k = volume?.images.length ?? 1] = volume?.geometry?.dimensions ?? [];
  const inside = (value: number, size: number): number =>
    Math.min(size - 1, Math.max(0, Math.round(value)));
  return { i: inside(voxel.i, i), j: inside(voxel.j, j), k: inside(voxel.k, k) };
}

export function middleOf(volume: VolumeInfo | undefined): VoxelIndex {
  const [i = 1, j = 1] = volume?.geometry?.dimensions ?? [];
  const k = volume?.images.length ?? 1;
  return { i: Math.floor(i / 2), j: Math.floor(j / 2), k: Math.floor(k / 2) };
}

/** After a change of volume: what it cannot be cut along or does not reach to gives way. */
export function settle(stance: Stance): Stance {
  const { volume, axes, axis, cross, stackIndex } = stance;
  return {
    ...stance,
    axis: axes.includes(axis) ? axis : 'acquired',
    cross: withinVolume(volume, cross),
    stackIndex: withinVolume(volume, { i: 0, j: 0, k: stackIndex }).k,
  };
}

/** The pane that shows this very axis, else one that shows its plane. */
function findHolder(stance: Stance, axis: SliceAxis): PaneId | undefined {
  const normal = normalAxisOf(stance, axis);
  const holders = paneIds.filter((paneId) => {
    const own = axisOfPane(stance, paneId);
    return own !== null && normalAxisOf(stance, own) === normal;
  });
  return holders.find((paneId) => axisOfPane(stance, paneId) === axis) ?? holders[0];
}

/**
 * Goes to a slice: of the asked axis, else of the active pane's. With several planes the pane that shows this plane
 * becomes the active one; in the stack the main pane changes its axis.
 */
export function goTo(
  stance: Stance,
  { axis: wanted, sliceIndex }: Pick<Partial<SlicePosition>, 'axis' | 'sliceIndex'>,
): Stance {
  const asked = wanted ?? axisOfPane(stance, stance.activePane) ?? stance.axis;
  const axis = stance.axes.includes(asked) ? asked : stance.axis;
  const holder = isCut(stance) ? findHolder(stance, axis) : stance.activePane;
  const seen: Stance =
    stance.layout === 'stack' || holder === undefined
      ? { ...stance, axis, activePane: 'main' }
      : { ...stance, activePane: holder };
  if (sliceIndex === undefined) return seen;
  if (standsAlone(seen, seen.activePane))
    return { ...seen, stackIndex: withinVolume(stance.volume, { i: 0, j: 0, k: sliceIndex }).k };
  const offset = tileOffset(seen, seen.activePane);
  // The first images have nothing before them: they are shown in the first pane.
  const first: Stance = sliceIndex < offset ? { ...seen, activePane: 'main' } : seen;
  const index = sliceIndex < offset ? sliceIndex : sliceIndex - offset;
  const normal = normalAxisOf(stance, axis);
  const cross = withinVolume(stance.volume, { ...stance.cross, [KEYS[normal]]: index });
  return { ...first, cross };
}

/** Another layout, in which the pane with the plane that was active is active; in the stack it goes on alone. */
export function changeLayout(stance: Stance, layout: ViewerLayout): Stance {
  if (layout === stance.layout) return stance;
  const position = positionOfPane(stance, stance.activePane);
  const axis = position?.axis ?? stance.axis;
  const changed: Stance = {
    ...stance,
    layout,
    axis: layout === 'stack' ? axis : stance.axis,
    activePane: 'main',
    stackIndex: stance.cross[KEYS[normalAxisOf(stance, 'acquired')]],
  };
  return position === null ? changed : goTo(changed, position);
}
