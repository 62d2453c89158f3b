import { IbisError } from '../../contract/errors.js';
import type { SegmentationId, SeriesId } from '../../domain/brand.js';
import type { VolumeGeometry } from '../../domain/geometry.js';
import { intersectSlices, uniteSlices } from '../../domain/segmentSlices.js';
import type { Segmentation, SegmentationData, SegmentSlices } from '../../domain/segmentation.js';
import type { Series } from '../../domain/study.js';
import { createStoredSegmentation } from '../store/index.js';
import type { Store } from '../store/index.js';
import type { Studies } from '../studies.js';
import { editVoxels } from './editVoxels.js';
import type { FlipRecord, VoxelEdit } from './editVoxels.js';
import { getGrid, requireSameGrid } from './grid.js';
import { describeSegmentation } from './liveSegmentations.js';
import type { ActName, Draft, LiveSegmentation, LiveSegmentations } from './liveSegmentations.js';
import type { PropagationRecord } from './propagationRecord.js';
import { addToList } from './segmentList.js';
import type { NewSegment } from './segmentList.js';
import { noVoxels } from './state.js';
import type { SegmentationState } from './state.js';

export type { VoxelEdit } from './editVoxels.js';
export type { NewSegment } from './segmentList.js';

/** What tools, propagation and import do to a segmentation: one act with one name, undone as one. */
export interface SegmentationEdit extends Omit<ActName, 'kind'> {
  readonly edits: readonly VoxelEdit[];
  /** New segments, after the edits, so that they take over what the edits gave up. */
  readonly addedSegments?: readonly {
    readonly segment: NewSegment;
    readonly slices: SegmentSlices;
  }[];
  /** What is kept with the act about a propagation, out of the voxels that it leaves. */
  readonly describe?: (after: SegmentationState['voxels']) => PropagationRecord;
}

/** A segmentation at one moment; nothing of it changes later. */
export interface SegmentationSnapshot {
  readonly segmentation: Segmentation;
  readonly geometry: VolumeGeometry;
  /** By segment number; a segment without voxels may be left out. */
  readonly voxels: ReadonlyMap<number, SegmentSlices>;
}

/** Segmentations as the rest of the engine works on them; every change is stored when its function returns. */
export interface Segmentations {
  /** Throws 'not-found'. */
  get(segmentationId: SegmentationId): SegmentationSnapshot;
  create(place: VolumePlace, segmentationLabel: string): Segmentation;
  /** Under locks and overlap policy; throws IbisError with a sentence where it may not be. */
  applyEdit(segmentationId: SegmentationId, edit: SegmentationEdit): Segmentation;
  /** Any other act, out of what is in force now. */
  act(
    segmentationId: SegmentationId,
    name: ActName,
    make: (live: LiveSegmentation) => Draft,
  ): Segmentation;
  /** A new segmentation of what a file held, on the grid of the series' volume (else 'does-not-fit'). */
  importData(place: VolumePlace, data: SegmentationData, actLabel: string): Segmentation;
  /** All of it, for exporters. */
  getData(segmentationId: SegmentationId): SegmentationData;
}

export interface VolumePlace {
  readonly seriesId: SeriesId;
  readonly phaseIndex: number;
}

/** Whether two segments share a voxel. */
function doOverlap(segments: SegmentationData['segments']): boolean {
  let united: SegmentSlices = noVoxels;
  for (const { slices } of segments) {
    if (intersectSlices(united, slices).size > 0) return true;
    united = uniteSlices(united, slices);
  }
  return false;
}

function draftEdit(live: LiveSegmentation, edit: SegmentationEdit): Draft {
  const flips: FlipRecord = new Map();
  let { state, nextSegmentNumber } = live;
  for (const wanted of edit.edits) state = editVoxels(state, wanted, flips);
  for (const { segment, slices } of edit.addedSegments ?? []) {
    const segmentNumber = nextSegmentNumber++;
    state = { ...state, header: addToList(state.header, segment, segmentNumber) };
    const { source } = segment;
    state = editVoxels(state, { segmentNumber, changedSlices: slices, source }, flips);
  }
  const propagation = edit.describe?.(state.voxels);
  return { state, flips, nextSegmentNumber, ...(propagation && { propagation }) };
}

export function createSegmentations(options: {
  readonly live: LiveSegmentations;
  readonly store: Store;
  readonly studies: Studies;
  /** Null where the series is not open. */
  readonly findSeries: (seriesId: SeriesId) => Series | null;
}): Segmentations {
  const { live, store, studies, findSeries } = options;

  /** Voxels must not be read or changed over other images than their own. */
  const requireFit = ({ identity }: LiveSegmentation): void => {
    const series = findSeries(identity.seriesId);
    if (series !== null) requireSameGrid(series, identity.phaseIndex, identity.geometry);
  };

  const createOf = (
    { seriesId, phaseIndex }: VolumePlace,
    state: SegmentationState,
    actLabel: string,
  ): Segmentation => {
    const series = studies.getSeries(seriesId);
    const { series: _series, modalities: _modalities, ...study } = studies.getStudyOf(seriesId);
    const stored = createStoredSegmentation(store, {
      study,
      series,
      sourcePaths: studies.getSourcePaths(study.studyId),
      phaseIndex,
      geometry: getGrid(series, phaseIndex),
      state,
      actLabel,
    });
    return describeSegmentation(live.add(stored));
  };

  const act: Segmentations['act'] = (segmentationId, name, make) =>
    describeSegmentation(
      live.act(segmentationId, name, (current) => {
        requireFit(current);
        return make(current);
      }),
    );

  return {
    act,
    get: (segmentationId) => {
      const current = live.get(segmentationId);
      requireFit(current);
      const { geometry } = current.identity;
      const { voxels } = current.state;
      return { segmentation: describeSegmentation(current), geometry, voxels };
    },
    create: (place, segmentationLabel) =>
      createOf(
        place,
        {
          header: { segmentationLabel, overlap: 'overwrite-all', segments: [] },
          voxels: new Map(),
        },
        'New segmentation',
      ),
    applyEdit: (segmentationId, { label, fromSessionId, ...edit }) =>
      act(segmentationId, { kind: 'edit', label, fromSessionId }, (current) =>
        draftEdit(current, { label, ...edit }),
      ),
    importData: (place, data, actLabel) => {
      requireSameGrid(studies.getSeries(place.seriesId), place.phaseIndex, data.geometry);
      const segments = data.segments.map(({ segment }) => segment);
      if (new Set(segments.map(({ segmentNumber }) => segmentNumber)).size < segments.length)
        throw new IbisError('broken-file', 'Two segments of the file have the same number.');
      return createOf(
        place,
        {
          header: {
            segmentationLabel: data.segmentationLabel,
            overlap: doOverlap(data.segments) ? 'allow' : 'overwrite-all',
            segments,
          },
          voxels: new Map(data.segments.map((s) => [s.segment.segmentNumber, s.slices])),
        },
        actLabel,
      );
    },
    getData: (segmentationId) => {
      const { state, identity } = live.get(segmentationId);
      return {
        segmentationLabel: state.header.segmentationLabel,
        geometry: identity.geometry,
        segments: state.header.segments.map((segment) => ({
          segment,
          slices: state.voxels.get(segment.segmentNumber) ?? noVoxels,
        })),
      };
    },
  };
}
