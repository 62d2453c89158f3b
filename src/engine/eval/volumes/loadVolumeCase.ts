import path from 'node:path';

import { IbisError } from '../../../contract/errors.js';
import type { Target } from '../../../contract/targets.js';
import type { Vec3 } from '../../../domain/geometry.js';
import { countMaskPixels } from '../../../domain/mask.js';
import type { Mask } from '../../../domain/mask.js';
import { computeSlicePlane } from '../../../domain/plane.js';
import { computePercentileWindow, extractSlice } from '../../../domain/slice.js';
import { renderSliceImage } from '../../agent/sliceImage.js';
import type { SliceImage } from '../../agent/types.js';
import { computeSliceDistancePx } from '../../propagation/openSeries.js';
import type { PropagationSlices } from '../../propagation/types.js';
import type { DatasetFiles, ReadVolume } from '../loadCases.js';

/** A volume cut along a target's axis, with the truth of every slice. */
export interface VolumeCase {
  readonly fileName: string;
  readonly slices: PropagationSlices;
  readonly images: readonly SliceImage[];
  readonly truths: readonly Mask[];
  readonly areas: readonly number[]; // pixels of the truth, by slice
  /** Along columns, rows and slices of the cut. */
  readonly spacingMm: Vec3;
}

/** Rejects with 'broken-file' where image and labels differ in size. */
export async function loadVolumeCase(
  { datasetDir, truthFolder }: DatasetFiles,
  fileName: string,
  target: Target,
  readVolume: ReadVolume,
  signal: AbortSignal,
): Promise<VolumeCase> {
  const volume = await readVolume(path.join(datasetDir, 'images', fileName), signal);
  const labels = await readVolume(path.join(datasetDir, truthFolder, fileName), signal);
  const { geometry } = volume;
  if (geometry.dimensions.join() !== labels.geometry.dimensions.join())
    throw new IbisError('broken-file', `"${fileName}" and its labels differ in size.`);
  const plane = computeSlicePlane(geometry, target.axis);
  const { width, height, sliceCount, pixelSpacingMm } = plane;
  const window =
    'rule' in target.window
      ? computePercentileWindow(volume, target.window.low, target.window.high)
      : target.window;
  const wanted = target.labels === 'any' ? null : new Set(target.labels);
  const indices = Array.from({ length: sliceCount }, (_, sliceIndex) => sliceIndex);
  const images = indices.map((index) => renderSliceImage(volume, plane, index, window));
  const truths = indices.map((index): Mask => {
    const { values } = extractSlice(labels, plane, index);
    const data = Uint8Array.from(values, (label) => ((wanted?.has(label) ?? label > 0) ? 1 : 0));
    return { width, height, data };
  });
  return {
    fileName,
    images,
    truths,
    areas: truths.map(countMaskPixels),
    spacingMm: [...pixelSpacingMm, geometry.spacingMm[plane.normalAxis]],
    slices: {
      count: sliceCount,
      distancePx: computeSliceDistancePx(plane, geometry),
      load: (index) => {
        const image = images[index];
        if (image === undefined) throw new RangeError('there is no such slice');
        return Promise.resolve(image);
      },
    },
  };
}
