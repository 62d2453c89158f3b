import { randomUUID } from 'node:crypto';

import type { SurfaceMethodResults } from '../../contract/surfaceChannels.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { EngineHandlers } from '../dispatch.js';
import { findSegment } from '../segmentations/editVoxels.js';
import type { Segmentations } from '../segmentations/index.js';
import { noVoxels } from '../segmentations/state.js';
import { emptySurface } from './displaySurface.js';
import type { DisplaySurface } from './displaySurface.js';
import type { SurfaceRunner } from './surfaceRunner.js';

interface KnownSurface {
  readonly surfaceId: string;
  readonly surface: Promise<DisplaySurface>;
}

export function createSurfaceHandlers(options: {
  readonly segmentations: Pick<Segmentations, 'get'>;
  readonly surfaces: SurfaceRunner;
}): Pick<EngineHandlers, keyof SurfaceMethodResults> {
  const { segmentations, surfaces } = options;
  // Voxels never change in place: a surface holds as long as they do.
  const known = new WeakMap<SegmentSlices, KnownSurface>();
  return {
    computeSegmentSurface: async ({ segmentationId, segmentNumber, knownId }) => {
      const { segmentation, geometry, voxels } = segmentations.get(segmentationId);
      findSegment(segmentation, segmentNumber);
      const slices = voxels.get(segmentNumber) ?? noVoxels;
      const kept = known.get(slices) ?? {
        surfaceId: randomUUID(),
        surface: slices.size === 0 ? Promise.resolve(emptySurface) : surfaces.run(slices, geometry),
      };
      known.set(slices, kept);
      const { surfaceId, surface } = kept;
      if (surfaceId === knownId) return null;
      surface.catch(() => known.delete(slices));
      return { surfaceId, ...(await surface) };
    },
  };
}
