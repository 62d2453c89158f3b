import type { IbisEvent } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import type { SegmentationMethodResults } from '../../contract/segmentationChannels.js';
import type { SegmentationId } from '../../domain/brand.js';
import { computeSlicePlane } from '../../domain/plane.js';
import { limitToRange } from '../../domain/rangeLimit.js';
import { cutSegmentSlice } from '../../domain/segmentSlices.js';
import type { SegmentStatistics } from '../../domain/segmentStatistics.js';
import type { Segment, SegmentSlices, SegmentSource } from '../../domain/segmentation.js';
import { getMaskInForce, isUserAct } from '../../domain/session.js';
import type { SegmentationSession } from '../../domain/session.js';
import type { EngineHandlers } from '../dispatch.js';
import type { SliceSource } from '../slices.js';
import { deleteStoredSegmentation, getSession, listStoredSegmentations } from '../store/index.js';
import type { Store } from '../store/index.js';
import type { Studies } from '../studies.js';
import { findSegment, requireUnlocked } from './editVoxels.js';
import { loadGrayVolume } from './grayVolume.js';
import type { SegmentationHeader } from './headerPatch.js';
import type { Segmentations } from './index.js';
import { describeSegmentation } from './liveSegmentations.js';
import type { ActName, LiveSegmentations } from './liveSegmentations.js';
import {
  addToList,
  changeInList,
  makeNewSegment,
  moveInList,
  removeFromList,
} from './segmentList.js';
import { noVoxels } from './state.js';
import { computeSegmentStatistics } from './statistics.js';
import { computeStroke, liftMasks, nameSlices, requireSliceOf } from './strokes.js';

export type SegmentationHandlers = Pick<EngineHandlers, keyof SegmentationMethodResults>;

/** How a segment is looked at, and not what it is: no edit. */
const isLookOnly = (change: Partial<Segment>): boolean =>
  Object.keys(change).every((field) => field === 'visible' || field === 'opacity');

function nameChange({ segmentLabel }: Segment, change: Partial<Segment>): string {
  if (change.segmentLabel !== undefined) return `Rename ${segmentLabel} to ${change.segmentLabel}`;
  if (change.locked !== undefined) return `${change.locked ? 'Lock' : 'Unlock'} ${segmentLabel}`;
  if (change.colour !== undefined) return `Colour of ${segmentLabel}`;
  return isLookOnly(change) ? `View of ${segmentLabel}` : `Codes of ${segmentLabel}`;
}

/** Whose mask it is: the policy's alone, or one that a user had a hand in. */
const getSource = ({ steps }: SegmentationSession): SegmentSource =>
  steps.some(({ undone, action }) => !undone && isUserAct(action)) ? 'semiautomatic' : 'automatic';

export function createSegmentationHandlers(options: {
  readonly segmentations: Segmentations;
  readonly live: LiveSegmentations;
  readonly store: Store;
  readonly studies: Studies;
  readonly slices: SliceSource;
  readonly emit: (event: IbisEvent) => void;
}): SegmentationHandlers {
  const { segmentations, live, store, studies, slices, emit } = options;
  // Voxels never change in place: what was measured of them holds as long as they do.
  const measured = new WeakMap<SegmentSlices, Promise<SegmentStatistics>>();

  const getSegment = (segmentationId: SegmentationId, segmentNumber: number): Segment =>
    findSegment(live.get(segmentationId).state.header, segmentNumber);

  /** An act on the labels and the list alone. */
  const changeHeader = (
    segmentationId: SegmentationId,
    name: ActName,
    change: (header: SegmentationHeader) => SegmentationHeader,
  ) =>
    segmentations.act(segmentationId, name, ({ state }) => ({
      state: { ...state, header: change(state.header) },
      flips: new Map(),
    }));

  const step = async (segmentationId: SegmentationId, direction: 'undo' | 'redo') => {
    const after = live.step(segmentationId, direction);
    if (after === null) throw new IbisError('session-state', `There is nothing to ${direction}.`);
    return describeSegmentation(after);
  };

  const measure = async (
    segmentationId: SegmentationId,
    segmentNumber: number,
  ): Promise<SegmentStatistics> => {
    const { segmentation, geometry, voxels } = segmentations.get(segmentationId);
    findSegment(segmentation, segmentNumber);
    const { seriesId, phaseIndex } = segmentation;
    const images = studies.getSeries(seriesId).volumes[phaseIndex]?.images ?? [];
    const segmentSlices = voxels.get(segmentNumber) ?? noVoxels;
    const compute = async (): Promise<SegmentStatistics> =>
      computeSegmentStatistics({
        segmentNumber,
        slices: segmentSlices,
        geometry,
        isCalibrated: images.every(({ spacingMm }) => spacingMm !== null),
        volume:
          segmentSlices.size === 0 || images[0]?.samplesPerPixel !== 1
            ? null
            : await slices.loadVolume(seriesId, phaseIndex),
        unit: images[0]?.rescaleUnit ?? '',
      });
    if (segmentSlices === noVoxels) return compute(); // shared by all segments without voxels
    const known = measured.get(segmentSlices) ?? compute();
    measured.set(segmentSlices, known);
    known.catch(() => measured.delete(segmentSlices));
    return known;
  };

  return {
    createSegmentation: async ({ segmentationLabel, ...place }) =>
      segmentations.create(place, segmentationLabel),
    listSegmentations: async ({ seriesId }) =>
      listStoredSegmentations(store, seriesId).map((id) => live.describe(id)),
    getSegmentation: async ({ segmentationId }) => live.describe(segmentationId),
    renameSegmentation: async ({ segmentationId, segmentationLabel }) =>
      changeHeader(
        segmentationId,
        { kind: 'edit', label: `Rename segmentation to ${segmentationLabel}` },
        (header) => ({ ...header, segmentationLabel }),
      ),
    deleteSegmentation: async ({ segmentationId }) => {
      const { seriesId } = live.describe(segmentationId);
      deleteStoredSegmentation(store, segmentationId);
      live.forget(segmentationId);
      emit({ kind: 'segmentationDeleted', segmentationId, seriesId });
      return null;
    },
    setOverlapPolicy: async ({ segmentationId, overlap }) =>
      changeHeader(segmentationId, { kind: 'edit', label: 'Overlap of segments' }, (header) => ({
        ...header,
        overlap,
      })),
    addSegment: async ({ segmentationId, ...wanted }) =>
      segmentations.act(
        segmentationId,
        { kind: 'edit', label: `Add ${wanted.segmentLabel}` },
        ({ state, nextSegmentNumber }) => {
          const segment = makeNewSegment(state.header, wanted);
          const header = addToList(state.header, segment, nextSegmentNumber);
          return {
            state: { ...state, header },
            flips: new Map(),
            nextSegmentNumber: nextSegmentNumber + 1,
          };
        },
      ),
    changeSegment: async ({ segmentationId, segmentNumber, change }) => {
      const label = nameChange(getSegment(segmentationId, segmentNumber), change);
      const kind = isLookOnly(change) ? 'setting' : 'edit';
      return changeHeader(segmentationId, { kind, label }, (header) =>
        changeInList(header, segmentNumber, change),
      );
    },
    moveSegment: async ({ segmentationId, segmentNumber, toIndex }) => {
      const { segmentLabel } = getSegment(segmentationId, segmentNumber);
      return changeHeader(
        segmentationId,
        { kind: 'edit', label: `Move ${segmentLabel} in the list` },
        (header) => moveInList(header, segmentNumber, toIndex),
      );
    },
    removeSegment: async ({ segmentationId, segmentNumber }) => {
      const { segmentLabel } = getSegment(segmentationId, segmentNumber);
      return segmentations.act(
        segmentationId,
        { kind: 'edit', label: `Remove ${segmentLabel}` },
        ({ state }) => ({
          state: removeFromList(state, segmentNumber),
          flips: new Map([[segmentNumber, state.voxels.get(segmentNumber) ?? noVoxels]]),
        }),
      );
    },
    getSegmentMasks: async ({ segmentationId, axis, sliceIndex, segmentNumbers }) => {
      const { segmentation, geometry, voxels } = segmentations.get(segmentationId);
      const plane = computeSlicePlane(geometry, axis);
      requireSliceOf(plane, sliceIndex);
      const masks = segmentation.segments
        .filter(
          ({ visible, segmentNumber }) =>
            visible && (segmentNumbers?.includes(segmentNumber) ?? true),
        )
        .map(({ segmentNumber }) => ({
          segmentNumber,
          mask: cutSegmentSlice(voxels.get(segmentNumber) ?? noVoxels, plane, sliceIndex),
        }))
        .filter(({ mask }) => mask.bounds !== null);
      return { segmentationId, revision: segmentation.revision, masks };
    },
    paintSegment: async ({
      segmentationId,
      segmentNumber,
      axis,
      mode,
      toolLabel,
      range,
      slices: drawn,
    }) => {
      const at = segmentations.get(segmentationId).segmentation;
      const volume = range === null ? null : await loadGrayVolume(slices, at);
      const { segmentation, geometry, voxels } = segmentations.get(segmentationId);
      const segment = findSegment(segmentation, segmentNumber);
      requireUnlocked(segment); // also where nothing would change
      const covered = liftMasks(geometry, axis, drawn);
      const region =
        volume === null || range === null
          ? covered
          : limitToRange(covered, { dimensions: geometry.dimensions, data: volume.data }, range);
      const before = voxels.get(segmentNumber) ?? noVoxels;
      const where = nameSlices(
        axis,
        drawn.map(({ sliceIndex }) => sliceIndex),
      );
      const changedSlices = computeStroke(before, region, mode);
      return segmentations.applyEdit(segmentationId, {
        label: `${toolLabel} on ${segment.segmentLabel}, ${where}`,
        edits: [{ segmentNumber, changedSlices, source: 'manual' }],
      });
    },
    addSessionMask: async ({ segmentationId, segmentNumber, sessionId }) => {
      const { segmentation, geometry, voxels } = segmentations.get(segmentationId);
      const segment = findSegment(segmentation, segmentNumber);
      requireUnlocked(segment);
      const session = getSession(store, sessionId);
      const { seriesId, phaseIndex, axis, sliceIndex } = session.settings;
      if (seriesId !== segmentation.seriesId || phaseIndex !== segmentation.phaseIndex)
        throw new IbisError(
          'does-not-fit',
          'The session was made on another series than the segmentation, or on another phase of it.',
        );
      const mask = getMaskInForce(session.steps);
      if (mask?.bounds == null)
        throw new IbisError('empty-mask', 'The session has no mask yet: there is nothing to add.');
      const region = liftMasks(geometry, axis, [{ sliceIndex, region: mask }]);
      const before = voxels.get(segmentNumber) ?? noVoxels;
      return segmentations.applyEdit(segmentationId, {
        label: `Agent's mask to ${segment.segmentLabel}, ${nameSlices(axis, [sliceIndex])}`,
        fromSessionId: sessionId,
        edits: [
          {
            segmentNumber,
            changedSlices: computeStroke(before, region, 'add'),
            source: getSource(session),
          },
        ],
      });
    },
    undoSegmentation: ({ segmentationId }) => step(segmentationId, 'undo'),
    redoSegmentation: ({ segmentationId }) => step(segmentationId, 'redo'),
    computeSegmentStatistics: ({ segmentationId, segmentNumber }) =>
      measure(segmentationId, segmentNumber),
  };
}
