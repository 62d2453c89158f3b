import type { IbisEvent } from '../../contract/channels.js';
import { IbisError } from '../../contract/errors.js';
import type { MeasurementMethodResults } from '../../contract/measurementChannels.js';
import type { SeriesId } from '../../domain/brand.js';
import type { WorldPoint } from '../../domain/geometry.js';
import { computeQuantities, liesOnSlice } from '../../domain/measure.js';
import type { Measurement } from '../../domain/measurement.js';
import type { Library } from '../dicom/index.js';
import type { EngineHandlers } from '../dispatch.js';
import type { SliceSource } from '../slices.js';
import {
  addMeasurements,
  listMeasurements,
  loadMeasurement,
  markMeasurementDeleted,
  saveMeasurement,
} from '../store/index.js';
import type { MeasurementContent, Store } from '../store/index.js';
import type { Studies } from '../studies.js';
import { findSlice, loadMeasuredSlice, referenceOf } from './measuredSlice.js';

type MeasurementHandlers = Pick<
  EngineHandlers,
  Exclude<keyof MeasurementMethodResults, 'importMeasurements' | 'exportMeasurements'>
>;

/** What of a measurement its maker says; the rest is found and computed. */
export type MeasurementDraft = Omit<MeasurementContent, 'image' | 'quantities'>;

export interface Measurements {
  readonly handlers: MeasurementHandlers;
  /** Several new ones at once, all or none. Rejects with IbisError. */
  add(seriesId: SeriesId, drafts: readonly MeasurementDraft[]): Promise<readonly Measurement[]>;
}

/** Measurements: stored at once, with what the engine itself computed of the points and the voxels. */
export function createMeasurements(options: {
  readonly store: Store;
  readonly studies: Studies;
  readonly library: Library;
  readonly slices: SliceSource;
  readonly emit: (event: IbisEvent) => void;
}): Measurements {
  const { store, studies, emit } = options;

  const announce = (measurement: Measurement): Measurement => {
    emit({ kind: 'measurementChanged', measurement });
    return measurement;
  };

  /** Rejects with 'no-series' where its series is not open, 'bad-slice' where the points lie elsewhere. */
  const measure = async (
    draft: MeasurementDraft,
    points: readonly WorldPoint[],
  ): Promise<Pick<MeasurementContent, 'points' | 'image' | 'quantities'>> => {
    const series = studies.getSeries(draft.seriesId);
    const found = findSlice(series, draft);
    if (!liesOnSlice(found.cut, draft.sliceIndex, points))
      throw new IbisError('bad-slice', 'The points do not lie on the slice they were drawn on.');
    const isArea = draft.kind === 'ellipse' || draft.kind === 'rectangle';
    const slice = await loadMeasuredSlice(options, series, draft, isArea);
    const quantities = computeQuantities(draft.kind, points, slice);
    return { points, image: referenceOf(series, found), quantities };
  };

  const add: Measurements['add'] = async (seriesId, drafts) => {
    const series = studies.getSeries(seriesId);
    const { series: _series, modalities: _modalities, ...study } = studies.getStudyOf(seriesId);
    const sourcePaths = studies.getSourcePaths(study.studyId);
    const contents: MeasurementContent[] = [];
    for (const draft of drafts)
      contents.push({ ...draft, ...(await measure(draft, draft.points)) });
    return addMeasurements(store, { study, series, sourcePaths }, contents).map(announce);
  };

  return {
    add,
    handlers: {
      listMeasurements: async ({ seriesId }) => listMeasurements(store, seriesId),
      addMeasurement: async (draft) => {
        const [added] = await add(draft.seriesId, [{ ...draft, visible: true }]);
        if (added === undefined) throw new Error('a measurement was stored');
        return added;
      },
      changeMeasurement: async ({ measurementId, change }) => {
        const before = loadMeasurement(store, measurementId);
        const { points, ...words } = change;
        if (points !== undefined && points.length !== before.points.length)
          throw new IbisError('bad-message', 'A measurement keeps as many points as it has.');
        const measured = points === undefined ? {} : await measure(before, points);
        // What was changed while the voxels were read stays.
        const latest = loadMeasurement(store, measurementId);
        return announce(saveMeasurement(store, { ...latest, ...words, ...measured }));
      },
      deleteMeasurement: async ({ measurementId }) => {
        const { seriesId } = loadMeasurement(store, measurementId);
        markMeasurementDeleted(store, measurementId, true);
        emit({ kind: 'measurementDeleted', measurementId, seriesId });
        return null;
      },
      restoreMeasurement: async ({ measurementId }) => {
        markMeasurementDeleted(store, measurementId, false);
        return announce(loadMeasurement(store, measurementId));
      },
    },
  };
}
