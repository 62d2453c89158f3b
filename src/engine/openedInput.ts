import type { OpenPathsResult } from '../contract/channels.js';
import { IbisError } from '../contract/errors.js';
import type { BatchSlice } from '../domain/batchCase.js';
import { computeSlicePlane } from '../domain/plane.js';
import type { SliceAxis } from '../domain/plane.js';
import type { Series, SeriesSummary } from '../domain/study.js';

/** What is taken of an opening where one series, one slice is asked for: on the command line and in batches. */

export function requireSomething({
  studies,
  refused,
  derived,
}: Pick<OpenPathsResult, 'studies' | 'refused' | 'derived'>): void {
  if (studies.length > 0) return;
  const [about] = derived;
  if (about !== undefined)
    throw new IbisError(
      'no-series',
      `${about.fileName} holds ${about.kind === 'segmentation' ? 'a segmentation' : 'measurements'} on images and no images: name the images, and import it there.`,
    );
  const [first] = refused;
  if (first?.code === 'not-found') throw new IbisError('not-found', first.reason);
  throw new IbisError(
    'no-series',
    first === undefined
      ? 'There are no images in it.'
      : `Nothing in it can be opened. ${first.fileName}: ${first.reason}`,
  );
}

/** The series that was named by UID, or the only one there is. */
export function chooseSeries(
  { studies }: Pick<OpenPathsResult, 'studies'>,
  wanted: string | undefined,
): SeriesSummary {
  const all = studies.flatMap((study) => study.series);
  const fitting =
    wanted === undefined ? all : all.filter((series) => series.seriesInstanceUID === wanted);
  const [only, second] = fitting;
  if (only !== undefined && second === undefined) return only;
  const list = all
    .map((series) => `  ${series.seriesInstanceUID}  ${series.modality} ${series.description}`)
    .join('\n');
  if (wanted === undefined)
    throw new IbisError(
      'usage',
      `There are ${all.length} series. Choose one with --series:\n${list}`,
    );
  throw new IbisError('no-series', `There is no series ${wanted}. There are:\n${list}`);
}

/** Slices of a phase along an axis; 0 where the phase does not exist. */
export function countSlices(series: Series, phaseIndex: number, axis: SliceAxis): number {
  const volume = series.volumes[phaseIndex];
  if (volume === undefined) return 0;
  return volume.geometry === null
    ? volume.images.length
    : computeSlicePlane(volume.geometry, axis).sliceCount;
}

/** `--slice` may be left out where there is one slice. */
export function chooseSlice(
  series: Series,
  given: {
    readonly slice?: Exclude<BatchSlice, null>;
    readonly phase: number;
    readonly axis: SliceAxis;
  },
): number {
  if (typeof given.slice === 'number') return given.slice;
  const count = countSlices(series, given.phase, given.axis);
  if (given.slice === 'middle') return count >> 1;
  if (count <= 1) return 0;
  throw new IbisError(
    'usage',
    `There are ${count} slices. Choose one from 0 to ${count - 1} (--slice, or the column of the list).`,
  );
}
