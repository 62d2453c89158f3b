import type { IbisEvent, ParsedParams } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import type {
  PropagationMethodResults,
  PropagationResult,
  PropagationState,
} from '../../contract/propagationChannels.js';
import { packMask, unpackMask } from '../../domain/mask.js';
import type { PackedMask } from '../../domain/mask.js';
import { emptyPackedMask, isSamePacked } from '../../domain/packedBits.js';
import { computeSlicePlane } from '../../domain/plane.js';
import type { SliceAxis, SlicePlane } from '../../domain/plane.js';
import {
  applySliceChanges,
  cutSegmentSlice,
  writeSegmentSlice,
} from '../../domain/segmentSlices.js';
import type { SliceChanges } from '../../domain/segmentSlices.js';
import type { Segmentation, SegmentSlices } from '../../domain/segmentation.js';
import type { EngineHandlers } from '../dispatch.js';
import type { Jobs } from '../jobs.js';
import type { ModelPool } from '../modelPool.js';
import { describeEnd, describeSlice } from '../propagation/describe.js';
import { openPropagation } from '../propagation/openPropagation.js';
import type { PropagatedSlice, PropagationEnd } from '../propagation/types.js';
import type { SliceSource } from '../slices.js';
import { loadPropagationRecords } from '../store/index.js';
import type { Store } from '../store/index.js';
import { findSegment, requireUnlocked } from './editVoxels.js';
import type { Segmentations, SegmentationSnapshot } from './index.js';
import type { LiveSegmentations } from './liveSegmentations.js';
import { makeRunRecord, settleEarlier } from './propagationOutcome.js';
import { findRunInForce } from './propagationRecord.js';
import type { RunInForce, RunRecord } from './propagationRecord.js';
import { computeStanding } from './propagationState.js';
import type { PropagationStanding } from './propagationState.js';
import { noVoxels } from './state.js';
import { nameSlices } from './strokes.js';

type Cut = ParsedParams<'getPropagation'>;

interface Found extends SegmentationSnapshot {
  readonly own: SegmentSlices;
  readonly inForce: RunInForce | null;
  readonly standing: PropagationStanding;
}

/** What a segment's stored slices become when slice images of a plane are replaced. */
function replaceSlices(
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

/** What a run goes on from, as a part of its name: nothing where it makes everything. */
function nameChanged(axis: SliceAxis, changed: readonly number[] | null): string {
  if (changed === null) return '';
  return changed.length === 1
    ? ` from ${nameSlices(axis, changed)}`
    : ` from ${String(changed.length)} changed slices`;
}

const describeState = (
  { segmentationId, segmentNumber, axis }: Cut,
  { given, changed, slices, ends }: PropagationStanding,
): PropagationState => ({
  ...{ segmentationId, segmentNumber, axis, given, changed },
  slices: slices.map(({ review, ...slice }) => ({ ...describeSlice(slice), review })),
  ends: ends.map(({ review, ...end }) => ({ ...describeEnd(end), review })),
});

/** Propagation over a stored segment: each run one edit, named and undone as one. */
export function createPropagationHandlers(options: {
  readonly segmentations: Segmentations;
  readonly live: Pick<LiveSegmentations, 'get'>;
  readonly store: Store;
  readonly slices: SliceSource;
  readonly models: Pick<ModelPool, 'verify' | 'getSegmenter'>;
  readonly jobs: Jobs;
  readonly emit: (event: IbisEvent) => void;
}): Pick<EngineHandlers, keyof PropagationMethodResults> {
  const { segmentations, live, store, slices, models, jobs, emit } = options;

  const find = ({ segmentationId, segmentNumber, axis }: Cut): Found => {
    const snapshot = segmentations.get(segmentationId);
    findSegment(snapshot.segmentation, segmentNumber);
    const own = snapshot.voxels.get(segmentNumber) ?? noVoxels;
    const records = loadPropagationRecords(store, segmentationId);
    const inForce = findRunInForce(records, live.get(segmentationId).stacks.undo, segmentNumber);
    const standing = computeStanding(own, snapshot.geometry, axis, inForce);
    return { ...snapshot, own, inForce, standing };
  };

  const run = async (
    params: ParsedParams<'startPropagation'>,
    signal: AbortSignal,
  ): Promise<PropagationResult> => {
    const { segmentationId, segmentNumber, axis, jobId, direction } = params;
    const { segmentation, geometry, own, inForce, standing } = find(params);
    const segment = findSegment(segmentation, segmentNumber);
    requireUnlocked(segment);
    const { seriesId, phaseIndex } = segmentation;
    // Masks go to the segmenter as its images are turned: by the axis that was asked for.
    const at = computeSlicePlane(geometry, axis);
    const given = new Map(
      standing.given.map((index) => [index, unpackMask(cutSegmentSlice(own, at, index))]),
    );
    const changed = (standing.changed ?? []).length === 0 ? null : standing.changed;
    const open = standing.slices.filter(({ review }) => review === 'open');
    const before = new Map(open.map(({ sliceIndex, ...made }) => [sliceIndex, made]));
    const { plane, events } = await openPropagation(
      { slices, models },
      {
        ...{ seriesId, phaseIndex, axis, window: params.window, given, direction },
        ...(changed === null ? {} : { again: { changed, before } }),
        ...{ segmenterId: params.segmenterId, leastScore: params.leastScore },
      },
      signal,
    );

    const label = `Propagate ${segment.segmentLabel}${nameChanged(axis, changed)}`;
    const made: PropagatedSlice[] = [];
    const ends: PropagationEnd[] = [];
    let cancelled = false;
    try {
      for await (const event of events) {
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
      cancelled = true;
    }
    if (cancelled && !params.keepsPartial) {
      const { segmentation: now } = segmentations.get(segmentationId);
      return { segmentation: now, slices: [], cleared: [], ends: [], cancelled };
    }

    // Onto the voxels of now: what was drawn in the meantime stays.
    const now = segmentations.get(segmentationId).voxels.get(segmentNumber) ?? noVoxels;
    const isUntouched = (index: number): boolean =>
      isSamePacked(cutSegmentSlice(now, plane, index), cutSegmentSlice(own, plane, index));
    const put = made.filter(({ sliceIndex }) => isUntouched(sliceIndex));
    const hasTarget = new Map(
      [...given].map(([index, { data }]) => [index, { hasTarget: data.includes(1) }]),
    );
    const finished = { standing, given: hasTarget, changed, direction, made, ends, cancelled };
    const earlier = settleEarlier(finished);
    const cleared = earlier.cleared.filter(isUntouched).sort((a, b) => a - b);
    const changedSlices = replaceSlices(
      now,
      plane,
      geometry.dimensions,
      new Map([
        ...cleared.map((index) => [index, emptyPackedMask(plane.width, plane.height)] as const),
        ...put.map(({ sliceIndex, mask }) => [sliceIndex, packMask(mask)] as const),
      ]),
    );

    const describe = (after: SegmentSlices, ofAct: number | null): RunRecord =>
      makeRunRecord({ ...finished, made: put }, earlier, { segmentNumber, ofAct, own, after });
    const commit = (): Segmentation => {
      if (changedSlices.size > 0)
        return segmentations.applyEdit(segmentationId, {
          label,
          edits: [{ segmentNumber, changedSlices, source: 'semiautomatic' }],
          describe: (after) => describe(after.get(segmentNumber) ?? noVoxels, null),
        });
      if (cancelled) return segmentation;
      // Nothing came of it; that is noted with what it was made from, and undo passes over it.
      const restsOn = live.get(segmentationId).stacks.undo?.actNumber ?? 0;
      const propagation = describe(now, inForce?.editNumber ?? restsOn);
      return segmentations.act(segmentationId, { kind: 'setting', label }, ({ state }) => ({
        ...{ state, flips: new Map(), propagation },
      }));
    };
    return {
      segmentation: commit(),
      slices: put.map(describeSlice).sort((a, b) => a.sliceIndex - b.sliceIndex),
      cleared,
      ends: ends.map(describeEnd),
      cancelled,
    };
  };

  return {
    getPropagation: async (cut) => describeState(cut, find(cut).standing),
    startPropagation: (params) => jobs.run(params.jobId, (signal) => run(params, signal)),
    reviewPropagatedSlice: async ({ sliceIndex, confirmed, ...cut }) => {
      const { inForce, standing, segmentation } = find(cut);
      const isListed = [...standing.slices, ...standing.ends].some(
        (each) => each.sliceIndex === sliceIndex && each.review !== 'corrected',
      );
      if (inForce === null || !isListed)
        throw new IbisError('not-found', 'This slice is not one that a propagation has made.');
      const { segmentLabel } = findSegment(segmentation, cut.segmentNumber);
      const label = `Review of ${segmentLabel}, slice ${sliceIndex + 1}`;
      const { actNumber: ofAct } = inForce;
      segmentations.act(cut.segmentationId, { kind: 'setting', label }, ({ state }) => ({
        ...{ state, flips: new Map() },
        propagation: { kind: 'review', ofAct, sliceIndex, confirmed },
      }));
      return describeState(cut, find(cut).standing);
    },
  };
}
