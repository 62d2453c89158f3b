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
}

const KEYS = ['i', 'j', 'k'] as const;

export function normalAxisOf({ volume }: Stance, axis: SliceAxis): 0 | 1 | 2 {
  return volume?.geometry == null ? 2 : computeSlicePlane(volume.geometry, axis).normalAxis;
}

/** Axis along which a pane cuts; null for a side pane that shows nothing. */
export function axisOfPane(stance: Stance, paneId: PaneId): SliceAxis | null {
  if (paneId === 'main') return stance.axis;
  const geometry = stance.volume?.geometry;
  if (stance.layout === 'stack' || geometry == null || stance.axes.length < 2) return null;
  return sideAxes(geometry, stance.axis)[paneId === 'side1' ? 0 : 1] ?? null;
}

export function positionOfPane(stance: Stance, paneId: PaneId): SlicePosition | null {
  const axis = axisOfPane(stance, paneId);
  if (axis === null || stance.volume === undefined) return null;
  const sliceIndex = stance.cross[KEYS[normalAxisOf(stance, axis)]];
  return { phaseIndex: stance.volume.phaseIndex, axis, sliceIndex };
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
export const settle = (stance: Stance): Stance => ({
  ...stance,
  axis: stance.axes.includes(stance.axis) ? stance.axis : 'acquired',
  cross: withinVolume(stance.volume, stance.cross),
});

/**
 * Goes to a slice: of the asked axis, else of the active pane's. With three planes the pane that shows this plane
 * becomes the active one; in the stack the main pane changes its axis.
 */
export function goTo(
  stance: Stance,
  { axis: wanted, sliceIndex }: Pick<Partial<SlicePosition>, 'axis' | 'sliceIndex'>,
): Stance {
  const asked = wanted ?? axisOfPane(stance, stance.activePane) ?? stance.axis;
  const axis = stance.axes.includes(asked) ? asked : stance.axis;
  const normal = normalAxisOf(stance, axis);
  const holder = paneIds.find((paneId) => {
    const own = axisOfPane(stance, paneId);
    return own !== null && normalAxisOf(stance, own) === normal;
  });
  const seen: Stance =
    stance.layout === 'mpr' && holder !== undefined
      ? { ...stance, activePane: holder }
      : { ...stance, axis, activePane: 'main' };
  if (sliceIndex === undefined) return seen;
  const cross = withinVolume(stance.volume, { ...stance.cross, [KEYS[normal]]: sliceIndex });
  return { ...seen, cross };
}

/** Another layout; in the stack the pane that was active goes on alone. */
export function changeLayout(stance: Stance, layout: ViewerLayout): Stance {
  if (layout === 'mpr') return { ...stance, layout };
  const axis = axisOfPane(stance, stance.activePane) ?? stance.axis;
  return { ...stance, layout, axis, activePane: 'main' };
}
