import { computeSlicePlane } from '../../domain/plane.js';
import type { Series } from '../../domain/study.js';
import { capitalise } from '../ui/format.js';
import type { SlicePosition } from '../viewer/viewerApi.js';

export function countSlices(series: Series, position: SlicePosition): number {
  const volume = series.volumes[position.phaseIndex];
  if (volume === undefined) return 0;
  return volume.geometry === null
    ? volume.images.length
    : computeSlicePlane(volume.geometry, position.axis).sliceCount;
}

/** 'Axial slice 87 of 181', counted from one as readers count; the phase where there are several. */
export function describePosition(series: Series, position: SlicePosition): string {
  const geometry = series.volumes[position.phaseIndex]?.geometry ?? null;
  const plane =
    geometry === null ? 'unknown' : computeSlicePlane(geometry, position.axis).anatomicalPlane;
  const slice = `slice ${position.sliceIndex + 1} of ${countSlices(series, position)}`;
  const phase =
    series.phaseCount > 1 ? `, phase ${position.phaseIndex + 1} of ${series.phaseCount}` : '';
  return `${capitalise(plane === 'unknown' ? slice : `${plane} ${slice}`)}${phase}`;
}
