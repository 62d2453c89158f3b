import type { VolumeGeometry } from '../../domain/geometry.js';
import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis, SlicePlane } from '../../domain/plane.js';

export const axisLabels: Readonly<Record<SliceAxis, string>> = {
  acquired: 'Acquired',
  axial: 'Axial',
  coronal: 'Coronal',
  sagittal: 'Sagittal',
};

/** 'Axial', 'Coronal' or 'Sagittal'; for a grid without orientation, which of its axes run across and down. */
export function planeName(plane: SlicePlane): string {
  if (plane.anatomicalPlane !== 'unknown') return axisLabels[plane.anatomicalPlane];
  const names = ['x', 'y', 'z'];
  return plane.axis === 'acquired'
    ? ''
    : `${names[plane.columnAxis] ?? ''}${names[plane.rowAxis] ?? ''} plane`;
}

/** The two planes across the main one, for the side panes: axial before coronal before sagittal. */
export function sideAxes(geometry: VolumeGeometry, main: SliceAxis): readonly SliceAxis[] {
  const { normalAxis } = computeSlicePlane(geometry, main);
  return (['axial', 'coronal', 'sagittal'] as const).filter(
    (axis) => computeSlicePlane(geometry, axis).normalAxis !== normalAxis,
  );
}
