import { IbisError } from '../../contract/errors.js';
import type { Segmentation } from '../../domain/segmentation.js';
import type { Volume } from '../../domain/study.js';
import type { SliceSource } from '../slices.js';

/** The images under a segmentation, where they have one value a voxel. Rejects where they are in colour or not open. */
export async function loadGrayVolume(
  slices: SliceSource,
  { seriesId, phaseIndex }: Pick<Segmentation, 'seriesId' | 'phaseIndex'>,
  signal?: AbortSignal,
): Promise<Volume> {
  const volume = await slices.loadVolume(seriesId, phaseIndex, signal);
  if (volume.samplesPerPixel !== 1)
    throw new IbisError(
      'unsupported-format',
      'This tool goes by gray values, but these images are in colour.',
    );
  return volume;
}
