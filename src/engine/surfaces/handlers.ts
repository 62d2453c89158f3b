import type { SurfaceMethodResults } from '../../contract/surfaceChannels.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { EngineHandlers } from '../dispatch.js';
import { findSegment } from '../segmentations/editVoxels.js';
import type { Segmentations } from '../segmentations/index.js';
import type { DisplaySurface } from './displaySurface.js';
import type { SurfaceRunner } from './surfaceRunner.js';

const nothing: DisplaySurface = { points: new Float32Array(0), triangles: new Uint32Array(0) };

export function createSurfaceHandlers(options: {
  readonly segmentations: Pick<Segmentations, 'get'>;
  readonly surfaces: SurfaceRunner;
}): Pick<EngineHandlers, keyof SurfaceMethodResults> {
  const { segmentations, surfaces } = options;
  // Voxels never change in place: a surface holds as long as they do.
  const known = new WeakMap<SegmentSlices, Promise<DisplaySurface>>();
  return {
    computeSegmentSurface: async ({ segmentationId, segmentNumber }) => {
      const { segmentation, geometry, voxels } = segmentations.get(segmentationId);
      findSegment(segmentation, segmentNumber);
      const slices = voxels.get(segmentNumber);
      if (slices === undefined || slices.size === 0) return { segmentNumber, ...nothing };
      const surface = known.get(slices) ?? surfaces.run(slices, geometry);
      known.set(slices, surface);
      surface.catch(() => known.delete(slices));
      return { segmentNumber, ...(await surface) };
    },
  };
}
