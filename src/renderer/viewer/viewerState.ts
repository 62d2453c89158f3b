import { shallowReactive } from 'vue';

import type { SliceAxis } from '../../domain/plane.js';
import type { IntensityWindow } from '../../domain/study.js';
import type { EdgeLetters } from './orientationLetters.js';
import { edgeLetters } from './orientationLetters.js';
import type { Pane } from './pane.js';
import { pixelSizes } from './canvasMap.js';
import { planeName } from './planeNames.js';
import { voxelToWorld } from '../../domain/geometry.js';
import type { CursorReading, LoadProgress, SlicePosition, ViewerLayout } from './viewerApi.js';

export const paneIds = ['main', 'side1', 'side2', 'side3'] as const;
export type PaneId = (typeof paneIds)[number];

/** What a pane's corners say. */
export interface PaneText {
  readonly position: SlicePosition;
  readonly sliceCount: number;
  readonly planeName: string;
  readonly letters: EdgeLetters | null; // null where the patient's sides are unknown
  readonly slicePositionMm: string; // 'S 12.5 mm', or ''
  readonly zoomPercent: number; // CSS px per image pixel
  /** An older slice is on screen while the asked one loads, or because it could not be read. */
  readonly waitsFor: 'nothing' | 'loading' | 'unreadable';
}

/** What the components show; voxels are elsewhere. */
export interface ViewerState {
  isOpen: boolean;
  /** The first image of the series could not be read: nothing is on screen. */
  firstFailed: boolean;
  layout: ViewerLayout;
  activePane: PaneId;
  phaseIndex: number;
  axes: readonly SliceAxis[];
  axis: SliceAxis; // of the main pane
  position: SlicePosition | null; // of the active pane
  sliceCount: number; // of the active pane
  window: IntensityWindow | null;
  inverted: boolean;
  progress: LoadProgress | null;
  cinePlaying: boolean;
  cineFps: number;
  cursor: CursorReading | null;
  problem: string;
  readonly panes: Record<PaneId, PaneText | null>;
}

export const createViewerState = (): ViewerState =>
  shallowReactive({
    isOpen: false,
    firstFailed: false,
    layout: 'stack',
    activePane: 'main',
    phaseIndex: 0,
    axes: ['acquired'],
    axis: 'acquired',
    position: null,
    sliceCount: 0,
    window: null,
    inverted: false,
    progress: null,
    cinePlaying: false,
    cineFps: 15,
    cursor: null,
    problem: '',
    panes: shallowReactive({ main: null, side1: null, side2: null, side3: null }),
  });

const PATIENT_AXES = {
  sagittal: ['x', 'L', 'R'],
  coronal: ['y', 'P', 'A'],
  axial: ['z', 'S', 'I'],
} as const;

/**
 * Corner text of what the pane shows now; null while it shows nothing. `isAcquired`: it stands beside a cut of the
 * same plane.
 */
export function describePane(
  pane: Pane,
  wanted: SlicePosition | null,
  isAcquired: boolean,
): PaneText | null {
  const shown = pane.getShown();
  const map = pane.getMap();
  const screen = pane.getScreenDirections();
  if (shown === null || map === null) return null;
  const { geometry, plane, sliceCount } = shown.cut;
  const { position } = shown;
  return {
    position,
    sliceCount,
    planeName: [planeName(plane), isAcquired ? 'as acquired' : '']
      .filter((part) => part !== '')
      .join(', '),
    letters:
      geometry.orientationKnown && screen !== null ? edgeLetters(screen.right, screen.down) : null,
    slicePositionMm: describeSlicePosition(),
    zoomPercent: Math.round(pixelSizes(map)[0] * 100),
    waitsFor:
      pane.getUnreadable() !== null
        ? 'unreadable'
        : wanted !== null && wanted.sliceIndex !== position.sliceIndex
          ? 'loading'
          : 'nothing',
  };

  /** Where the middle of the slice lies along the axis that its plane cuts. */
  function describeSlicePosition(): string {
    if (plane.anatomicalPlane === 'unknown' || !shown?.placement.spacingKnown) return '';
    if (shown.image.position === null && sliceCount < 2) return '';
    const [axis, positive, negative] = PATIENT_AXES[plane.anatomicalPlane];
    const voxel: [number, number, number] = [
      (geometry.dimensions[0] - 1) / 2,
      (geometry.dimensions[1] - 1) / 2,
      (geometry.dimensions[2] - 1) / 2,
    ];
    voxel[plane.normalAxis] = Math.min(position.sliceIndex, plane.sliceCount - 1);
    const mm = voxelToWorld(geometry, { i: voxel[0], j: voxel[1], k: voxel[2] })[axis];
    return `${mm < 0 ? negative : positive} ${Math.abs(mm).toFixed(1)} mm`;
  }
}
