import type { IbisEvent, ParsedParams } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import type {
  PropagationMethodResults,
  PropagationResult,
} from '../../contract/propagationChannels.js';
import { packMask, unpackMask } from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';
import { emptyPackedMask } from '../../domain/packedBits.js';
import type { SlicePlane } from '../../domain/plane.js';
import {
  applySliceChanges,
  cutSegmentSlice,
  writeSegmentSlice,
} from '../../domain/segmentSlices.js';
import type { SliceChanges } from '../../domain/segmentSlices.js';
import type { SegmentSlices } from '../../domain/segmentation.js';
import type { EngineHandlers } from '../dispatch.js';
import type { Jobs } from '../jobs.js';
import type { ModelPool } from '../modelPool.js';
import { describeEnd, describeSlice } from '../propagation/describe.js';
import { withLeastScore } from '../propagation/limits.js';
import { openSeriesCut, requireGivenMasks } from '../propagation/openSeries.js';
import { propagate } from '../propagation/propagate.js';
import type { MadeSlice, PropagationEnd, PropagatedSlice } from '../propagation/types.js';
import { isStale } from '../propagation/walks.js';
import type { SliceSource } from '../slices.js';
import { findSegment, requireUnlocked } from './editVoxels.js';
import type { Segmentations } from './index.js';
import { noVoxels } from './state.js';

/** What a segment's stored slices become when slice images of a plane are replaced. */
export function replaceSlices(
  voxels: SegmentSlices,
  plane: SlicePlane,
  dimensions: Parameters<typeof writeSegmentSlice>[1],
  replaced: ReadonlyMap<number, PackedMask>,
): SliceChanges {
  let current = voxels;
  const touched = new Set<number>();
  for (const [sliceIndex, mask] of replaced) {
    const changes = writeSegmentSlice(current, dimensions, plane, sliceIndex, mask);
    for (const k of changes.keys()) touched.add(k);
    current = applySliceChanges(current, changes);
  }
  const [width, height] = dimensions;
  return new Map([...touched].map((k) => [k, current.get(k) ?? emptyPackedMask(width, height)]));
}

/** Propagation over a stored segment: one edit, named and undone as one. */
export function createPropagationHandlers(options: {
  readonly segmentations: Segmentations;
  readonly slices: SliceSource;
  readonly models: Pick<ModelPool, 'verify' | 'getSegmenter'>;
  readonly jobs: Jobs;
  readonly emit: (event: IbisEvent) => void;
}): Pick<EngineHandlers, keyof PropagationMethodResults> {
  const { segmentations, slices, models, jobs, emit } = options;

  const run = async (
    params: ParsedParams<'startPropagation'>,
    signal: AbortSignal,
  ): Promise<PropagationResult> => {
    const { segmentationId, segmentNumber, axis, jobId, changedSlices: changed } = params;
    const { segmentation, geometry, voxels } = segmentations.get(segmentationId);
    const segment = findSegment(segmentation, segmentNumber);
    requireUnlocked(segment);
    const { seriesId, phaseIndex } = segmentation;
    const [sliceIndex = 0] = params.givenSlices;
    const place = { seriesId, phaseIndex, axis, sliceIndex, window: params.window };
    await models.verify('', params.segmenterId);
    const cut = await openSeriesCut(slices, place, signal);
    const { plane } = cut;
    const own = voxels.get(segmentNumber) ?? noVoxels;
    const given = new Map(
      params.givenSlices.map((index) => [index, unpackMask(cutSegmentSlice(own, plane, index))]),
    );
    requireGivenMasks(given, plane);
    const before = new Map<number, MadeSlice>(
      params.before.map(({ sliceIndex: index, ...made }) => [index, made]),
    );

    const made: PropagatedSlice[] = [];
    const ends: PropagationEnd[] = [];
    const request = {
      ...{ slices: cut.slices, segmenter: await models.getSegmenter(params.segmenterId), given },
      ...{ direction: params.direction, changed, before, signal },
      limits: withLeastScore(params.leastScore),
    };
    const label = `Propagate ${segment.segmentLabel}`;
    let cancelled = false;
    try {
      for await (const event of propagate(request)) {
        if (event.kind === 'end') {
          ends.push(event);
          continue;
        }
        made.push(event);
        const mask = packMask(event.mask);
        const slice = describeSlice(event);
        emit({ kind: 'jobProgressed', jobId, label, done: made.length, total: null });
        emit({ kind: 'slicePropagated', jobId, segmentationId, segmentNumber, axis, mask, slice });
      }
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
      cancelled = true; // what was made until then stays
    }

    const isMade = new Set(made.map((slice) => slice.sliceIndex));
    const cleared =
      changed === null
        ? []
        : [...before]
            .filter(([index, slice]) => isStale(slice, index, { given, changed }))
            .map(([index]) => index)
            .filter((index) => !isMade.has(index) && !given.has(index));
    const replaced = new Map<number, PackedMask>([
      ...cleared.map((index) => [index, emptyPackedMask(plane.width, plane.height)] as const),
      ...made.map(({ sliceIndex: index, mask }) => [index, packMask(mask)] as const),
    ]);
    // Onto the voxels of now: what was drawn on other slices in the meantime stays.
    const now = segmentations.get(segmentationId).voxels.get(segmentNumber) ?? noVoxels;
    const changedSlices = replaceSlices(now, plane, geometry.dimensions, replaced);
    return {
      segmentation: segmentations.applyEdit(segmentationId, {
        label,
        edits: [{ segmentNumber, changedSlices, source: 'semiautomatic' }],
      }),
      slices: made.map(describeSlice).sort((a, b) => a.sliceIndex - b.sliceIndex),
      cleared: cleared.sort((a, b) => a - b),
      ends: ends.map(describeEnd),
      cancelled,
    };
  };

  return {
    startPropagation: (params) => {
      const { givenSlices, changedSlices } = params;
      if (changedSlices?.every((index) => givenSlices.includes(index)) === false)
        throw new IbisError('bad-message', 'A changed slice must be among the given ones.');
      return jobs.run(params.jobId, (signal) => run(params, signal));
    },
  };
}
